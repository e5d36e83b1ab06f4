package cluster

import (
	"encoding/json"
	"fmt"
	"net"
)

// Local returns a cluster of so many processes at free ports of this machine. The first is the chief.
func Local(processes int) (*Cluster, error) {
	c := &Cluster{}
	var ports []net.Listener // open until all are found, so that they differ
	for i := range processes {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		ports = append(ports, l)
		t := Task{Job: Worker, Index: i - 1, Address: l.Addr().String()}
		if i == 0 {
			t.Job, t.Index = Chief, 0
		}
		c.Tasks = append(c.Tasks, t)
	}
	for _, l := range ports {
		if err := l.Close(); err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
	}
	return c, nil
}

// Config returns TF_CONFIG of the process of a rank.
func (c *Cluster) Config(rank int) (string, error) {
	jobs := map[string][]string{}
	for _, t := range c.Tasks {
		jobs[t.Job] = append(jobs[t.Job], t.Address)
	}
	t := c.Tasks[rank]
	text, err := json.Marshal(map[string]any{"cluster": jobs, "task": map[string]any{"type": t.Job, "index": t.Index}})
	return string(text), err
}

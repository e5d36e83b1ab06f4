// Package cluster reads which processes train together, and waits for them:
//
//	TF_CONFIG → Parse → Cluster: tasks in order of rank, which one this process is → Wait
//	Local → Cluster of processes of this machine → Config → TF_CONFIG of each
//
// TF_CONFIG is the environment variable by which TensorFlow's own trainers are told. This package knows
// addresses and nothing of what the processes do.
package cluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Variable is the environment variable that describes the cluster.
const Variable = "TF_CONFIG"

// Jobs of a cluster.
const (
	Chief     = "chief"  // of index 0: writes, evaluates and decides; without one it is the first worker
	Worker    = "worker" // trains
	Evaluator = "evaluator"
)

// Task is one process of a cluster.
type Task struct {
	Job     string
	Index   int
	Address string // "host:port"
}

// String names the task as errors do: "worker 1".
func (t Task) String() string {
	if t.Job == Chief {
		return Chief
	}
	return t.Job + " " + strconv.Itoa(t.Index)
}

// Cluster is the processes that train together, and which of them this one is.
type Cluster struct {
	Tasks []Task // by rank: the chief first, then workers in order of their index
	Self  int    // rank of this process; -1: it is an evaluator
}

// Error says what is wrong with TF_CONFIG.
type Error struct{ Err error }

func (e *Error) Error() string { return Variable + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// config is TF_CONFIG.
type config struct {
	Cluster map[string]json.RawMessage `json:"cluster"`
	Sparse  json.RawMessage            `json:"sparseCluster"`
	Task    struct {
		Type  string `json:"type"`
		Index index  `json:"index"`
	} `json:"task"`
}

// index is a number, which some write as text.
type index int

func (i *index) UnmarshalJSON(text []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(text), `"`))
	*i = index(n)
	if err != nil {
		return fmt.Errorf("task.index is %s, want a whole number from 0", text)
	}
	return nil
}

// Parse reads TF_CONFIG. It is nil where the text is empty, or describes one process alone. Errors are *Error.
func Parse(text string) (*Cluster, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	c, err := parse(text)
	if err != nil {
		return nil, &Error{err}
	}
	if len(c.Tasks) < 2 && c.Self >= 0 {
		return nil, nil
	}
	return c, nil
}

func parse(text string) (*Cluster, error) {
	var read config
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		return nil, fmt.Errorf("%w; want {\"cluster\": {\"worker\": [\"host:port\", …]}, \"task\": {\"type\": \"worker\", \"index\": 0}}", err)
	}
	if read.Sparse != nil {
		return nil, errors.New("sparseCluster names this process alone, and each must reach all others: " +
			"give the whole cluster (in a TFJob, enableDynamicWorker: false)")
	}
	c := &Cluster{Self: -1}
	for _, job := range slices.Sorted(maps.Keys(read.Cluster)) { // "chief" comes before "worker"
		tasks, err := tasksOf(job, read.Cluster[job])
		if err != nil {
			return nil, err
		}
		if job != Evaluator {
			c.Tasks = append(c.Tasks, tasks...)
		}
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, c.find(read.Task.Type, int(read.Task.Index))
}

// tasksOf returns the tasks of a job by index: of a list, or of an object that maps indices to addresses.
func tasksOf(job string, text json.RawMessage) ([]Task, error) {
	if job != Chief && job != Worker && job != Evaluator {
		return nil, fmt.Errorf("cluster has job %q (known: %s, %s, %s); every process computes the same here", job, Chief, Worker, Evaluator)
	}
	byIndex := map[int]string{}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		var list []string
		if err := json.Unmarshal(text, &list); err != nil {
			return nil, fmt.Errorf("cluster.%s: %w", job, err)
		}
		for i, address := range list {
			byIndex[i] = address
		}
	} else if err := json.Unmarshal(text, &byIndex); err != nil {
		return nil, fmt.Errorf("cluster.%s: want a list of addresses, or an object of them by index: %w", job, err)
	}
	var tasks []Task
	for _, i := range slices.Sorted(maps.Keys(byIndex)) {
		t := Task{job, i, byIndex[i]}
		host, port, err := net.SplitHostPort(t.Address)
		if n, bad := strconv.Atoi(port); err != nil || bad != nil || host == "" || n < 1 || n > 65535 {
			return nil, fmt.Errorf("%s has address %q, want host:port", t, t.Address)
		}
		tasks = append(tasks, t)
	}
	if job == Chief && len(tasks) > 1 {
		return nil, fmt.Errorf("cluster has %d chiefs, want one", len(tasks))
	}
	return tasks, nil
}

func (c *Cluster) check() error {
	if len(c.Tasks) == 0 {
		return errors.New("cluster has neither a chief nor a worker")
	}
	seen := map[string]Task{}
	for _, t := range c.Tasks {
		if other, ok := seen[t.Address]; ok {
			return fmt.Errorf("%s and %s have the same address %q", other, t, t.Address)
		}
		seen[t.Address] = t
	}
	return nil
}

// find sets which task this process is.
func (c *Cluster) find(job string, i int) error {
	if job == Evaluator {
		return nil
	}
	if job == "master" {
		return errors.New(`task.type is "master": call it "chief"`)
	}
	c.Self = slices.IndexFunc(c.Tasks, func(t Task) bool { return t.Job == job && t.Index == i })
	if c.Self < 0 {
		return fmt.Errorf("this process is %s, which is not in the cluster: %s", Task{Job: job, Index: i}, c.names())
	}
	return nil
}

func (c *Cluster) names() string {
	var list []string
	for _, t := range c.Tasks {
		list = append(list, t.String())
	}
	return strings.Join(list, ", ")
}

// Chief reports whether this process is the one that writes, evaluates and decides.
func (c *Cluster) Chief() bool { return c.Self == 0 }

// Evaluator reports whether this process has nothing to do: the chief evaluates.
func (c *Cluster) Evaluator() bool { return c.Self < 0 }

// OneHost reports whether all processes have the same host in their addresses.
func (c *Cluster) OneHost() bool {
	host := func(t Task) string { h, _, _ := net.SplitHostPort(t.Address); return h } // checked before
	return !slices.ContainsFunc(c.Tasks, func(t Task) bool { return host(t) != host(c.Tasks[0]) })
}

package cluster

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	two := []Task{{Chief, 0, "a:1"}, {Worker, 0, "b:2"}}
	tests := []struct {
		text string
		want *Cluster
	}{
		{"", nil},
		{" \n", nil},
		{`{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}`, nil},
		{`{"cluster": {"chief": ["a:1"], "worker": ["b:2"]}, "task": {"type": "chief", "index": 0}}`, &Cluster{two, 0}},
		{`{"cluster": {"worker": ["b:2"], "chief": ["a:1"]}, "task": {"type": "worker", "index": "0"}, "environment": "cloud"}`, &Cluster{two, 1}},
		{`{"cluster": {"chief": ["a:1"], "worker": ["b:2"], "evaluator": ["c:3"]}, "task": {"type": "evaluator", "index": 0}}`, &Cluster{two, -1}},
		{`{"cluster": {"worker": {"7": "b:2", "0": "a:1"}}, "task": {"type": "worker", "index": 7}}`,
			&Cluster{[]Task{{Worker, 0, "a:1"}, {Worker, 7, "b:2"}}, 1}},
	}
	for _, tt := range tests {
		got, err := Parse(tt.text)
		if err != nil {
			t.Errorf("Parse(%s): %v", tt.text, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Parse(%s) (-want +got):\n%s", tt.text, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ text, want string }{
		{`no`, "TF_CONFIG: invalid character"},
		{`{"task": {"type": "worker", "index": 0}}`, "cluster has neither a chief nor a worker"},
		{`{"cluster": {"ps": ["a:1"]}}`, `cluster has job "ps" (known: chief, worker, evaluator)`},
		{`{"cluster": {"worker": ["a:1", "a:1"]}}`, `worker 0 and worker 1 have the same address "a:1"`},
		{`{"cluster": {"worker": ["a:1", "b"]}}`, `worker 1 has address "b", want host:port`},
		{`{"cluster": {"worker": [":1"]}}`, `worker 0 has address ":1", want host:port`},
		{`{"cluster": {"worker": "a:1"}}`, "cluster.worker: want a list of addresses, or an object of them by index"},
		{`{"cluster": {"chief": ["a:1", "b:1"]}}`, "cluster has 2 chiefs, want one"},
		{`{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}`,
			"this process is worker 2, which is not in the cluster: worker 0, worker 1"},
		{`{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": "x"}}`, `task.index is "x", want a whole number from 0`},
		{`{"cluster": {"worker": ["a:1"]}, "task": {"type": "master", "index": 0}}`, `task.type is "master": call it "chief"`},
		{`{"sparseCluster": {"worker": {"1": "a:1"}}, "task": {"type": "worker", "index": 1}}`, "sparseCluster names this process alone"},
	}
	for _, tt := range tests {
		_, err := Parse(tt.text)
		var wrong *Error
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Parse(%s) = %v, want %q", tt.text, err, tt.want)
		}
	}
}

// server accepts connections and answers each with bytes; it gives its address.
func server(t *testing.T, answer []byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // it may be closed by now
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write(answer) // the other side says what came
		}
	}()
	return l.Addr().String()
}

// TestWait: who waits is told which tasks do not answer, and why.
func TestWait(t *testing.T) {
	settings := []byte{0, 0, 0, 4, 0, 0, 0, 0, 0}
	good, web := server(t, settings), server(t, []byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	c := &Cluster{Tasks: []Task{{Chief, 0, "self:1"}, {Worker, 0, good}}}
	if err := c.Wait(context.Background(), time.Minute, nil); err != nil {
		t.Errorf("Wait = %v", err)
	}
	c.Tasks = append(c.Tasks, Task{Worker, 1, web}, Task{Worker, 2, "127.0.0.1:1"})
	told := 0
	err := c.Wait(context.Background(), 0, func(s []Silent) { told = len(s) })
	var join *JoinError
	if !errors.As(err, &join) || len(join.Silent) != 2 || told != 2 ||
		!strings.Contains(err.Error(), "worker 1 at "+web+" (what answers is no TensorFlow server), worker 2 at 127.0.0.1:1 (dial tcp") {
		t.Errorf("Wait = %v, %d told", err, told)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Wait(ctx, time.Minute, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait of a cancelled context = %v", err)
	}
}

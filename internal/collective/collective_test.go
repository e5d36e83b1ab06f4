//go:build tensorflow && cgo

package collective

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tfpair/tfpair/internal/cluster"
	"github.com/tfpair/tfpair/internal/session"
)

// The test binary runs itself with this set, to be one process of a cluster.
const childVariable = "TFPAIR_COLLECTIVE_TEST"

func TestMain(m *testing.M) {
	do := map[string]func(*Group) error{"sum": sums, "hang": hang}[os.Getenv(childVariable)]
	if do == nil {
		os.Exit(m.Run())
	}
	if err := child(do); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func child(do func(*Group) error) error {
	c, err := cluster.Parse(os.Getenv(cluster.Variable))
	if err != nil {
		return err
	}
	g, err := Join(context.Background(), c, session.Options{Device: session.CPU, Threads: 1}, time.Minute, nil)
	if err != nil {
		return err
	}
	return do(g)
}

// sums adds up and shares vectors of a few lengths, and prints what came of it.
func sums(g *Group) error {
	for _, length := range []int{1, 3, 1000, bucket + 5} {
		v, bits := make([]float32, length), make([]int32, g.Size())
		for i := range v {
			v[i] = float32(g.Rank()*length + i)
		}
		if err := g.Sum(v); err != nil {
			return err
		}
		for i, got := range v {
			want := 0.0
			for rank := range g.Size() {
				want += float64(float32(rank*length + i))
			}
			if math.Abs(float64(got)-want) > 1e-6*want {
				return fmt.Errorf("sum of length %d: element %d is %g, want %g", length, i, got, want)
			}
		}
		bits[g.Rank()] = math.MinInt32 + int32(g.Rank()) // the bits of a negative 0, and of a denormal number
		if err := g.Share(bits); err != nil {
			return err
		}
		for rank, b := range bits {
			if b != math.MinInt32+int32(rank) {
				return fmt.Errorf("share: %d of rank %d", b, rank)
			}
		}
	}
	fmt.Println("done")
	g.Leave()
	return nil
}

// hang waits for a sum that the last process never asks for.
func hang(g *Group) error {
	if err := g.Sum(make([]float32, 10)); err != nil {
		return err
	}
	fmt.Println("ready")
	if g.Rank() == g.Size()-1 {
		time.Sleep(time.Hour)
	}
	start := time.Now()
	err := g.Sum(make([]float32, 10))
	var lost *LostError
	if !errors.As(err, &lost) {
		return fmt.Errorf("Sum = %v, want a *LostError", err)
	}
	fmt.Printf("after %v: %v\n", time.Since(start).Round(time.Millisecond), err)
	return nil
}

// process is a child.
type process struct {
	*exec.Cmd
	lines *bufio.Scanner
}

// start starts n processes of a cluster.
func start(t *testing.T, n int, what string) []process {
	t.Helper()
	if err := session.Ready(session.Options{}); err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	var addresses []string
	var ports []net.Listener // open until all are found, so that they differ
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, l)
		addresses = append(addresses, l.Addr().String())
	}
	var list []process
	for i := range n {
		if err := ports[i].Close(); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(map[string]any{"cluster": map[string]any{"chief": addresses[:1], "worker": addresses[1:]},
			"task": map[string]any{"type": []string{"chief", "worker"}[min(i, 1)], "index": max(i-1, 0)}})
		if err != nil {
			t.Fatal(err)
		}
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), childVariable+"="+what, cluster.Variable+"="+string(text))
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, process{c, bufio.NewScanner(out)})
	}
	for _, p := range list {
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Process.Kill() }) // it has ended, or it must
	}
	return list
}

func (p process) line() string {
	p.lines.Scan()
	return p.lines.Text()
}

// TestSum: what processes add up and tell each other is the same in all, whatever their number.
func TestSum(t *testing.T) {
	for _, n := range []int{2, 3} {
		list := start(t, n, "sum")
		for i, p := range list {
			if got := p.line(); got != "done" {
				t.Errorf("process %d of %d: %q", i, n, got)
			}
			if err := p.Wait(); err != nil {
				t.Errorf("process %d of %d: %v", i, n, err)
			}
		}
	}
}

// TestLost: a process that is killed, or stands still, ends the sums of the others with its name.
func TestLost(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP} {
		list := start(t, 3, "hang")
		for i, p := range list {
			if got := p.line(); got != "ready" {
				t.Fatalf("process %d: %q", i, got)
			}
		}
		if err := list[2].Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		for i, p := range list[:2] {
			got := p.line()
			if !strings.Contains(got, ": lost worker 1 at ") || strings.Contains(got, "chief") || strings.Contains(got, "worker 0") {
				t.Errorf("%v: process %d: %q", signal, i, got)
			}
			t.Logf("%v: process %d %s", signal, i, got)
		}
	}
}

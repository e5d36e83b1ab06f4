//go:build tensorflow && cgo

package collective

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
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
	what, waits := os.Getenv(childVariable), Waits{Join: time.Minute, Stall: time.Minute}
	do := map[string]func(*Group) error{"sum": sums, "hang": hang(10), "hang in a long sum": hang(longFrom), "stall": hang(10), "slow": slow, "time": timed}[what]
	if do == nil {
		os.Exit(m.Run())
	}
	if what == "stall" || what == "slow" {
		waits.Stall = stallOfTests
	}
	if err := child(do, waits); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

// stallOfTests is more than a pulse takes.
const stallOfTests = 3 * time.Second

func child(do func(*Group) error, waits Waits) error {
	c, err := cluster.Parse(os.Getenv(cluster.Variable))
	if err != nil {
		return err
	}
	g, err := Join(context.Background(), c, session.Options{Device: session.CPU, Threads: 1}, waits, nil)
	if err != nil {
		return err
	}
	return do(g)
}

// sums adds up and shares vectors of a few lengths, and prints what came of it.
func sums(g *Group) error {
	if got, want := g.memory != nil, runtime.GOOS == "linux" && g.cluster.OneHost(); got != want {
		return fmt.Errorf("processes share memory: %t, want %t", got, want)
	}
	bytes := sha256.New()
	for _, length := range []int{1, 3, 1000, longFrom, pieceBytes/4 + 3, bucket + longFrom + 5} {
		v, bits := make([]float32, length), make([]int32, g.Size())
		for i := range v {
			v[i] = float32(g.Rank()*length+i) / 7
		}
		to := [][]float32{make([]float32, length/3), make([]float32, length-length/3)}
		if err := g.SumTo(to, [][]float32{v[:length/2], v[length/2:]}); err != nil {
			return err
		}
		before := slices.Clone(v)
		if err := g.Sum(v); err != nil {
			return err
		}
		if !slices.Equal(slices.Concat(to...), v) || length > 1 && slices.Equal(before, v) {
			return fmt.Errorf("sum of length %d in pieces differs", length)
		}
		for i, got := range v {
			want := 0.0
			for rank := range g.Size() {
				want += float64(float32(rank*length+i) / 7)
			}
			if math.Abs(float64(got)-want) > 1e-6*want {
				return fmt.Errorf("sum of length %d: element %d is %g, want %g", length, i, got, want)
			}
		}
		if err := binary.Write(bytes, binary.LittleEndian, v); err != nil {
			return err
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
	fmt.Printf("done %x\n", bytes.Sum(nil))
	g.Leave()
	return nil
}

// hang waits for a sum of so many numbers that the last process never asks for.
func hang(length int) func(*Group) error {
	return func(g *Group) error {
		if err := g.Sum(make([]float32, length)); err != nil {
			return err
		}
		fmt.Println("ready")
		if g.Rank() == g.Size()-1 {
			time.Sleep(time.Hour)
		}
		start := time.Now()
		err := g.Sum(make([]float32, length))
		var lost *LostError
		if !errors.As(err, &lost) {
			return fmt.Errorf("Sum = %v, want a *LostError", err)
		}
		fmt.Printf("after %v: %v\n", time.Since(start).Round(time.Millisecond), err)
		return nil
	}
}

// slow keeps the others waiting for longer than a stall, and says that it gets on.
func slow(g *Group) error {
	if g.Rank() == g.Size()-1 {
		for start := time.Now(); time.Since(start) < 2*stallOfTests; time.Sleep(100 * time.Millisecond) {
			g.Alive()
		}
	}
	if err := g.Sum(make([]float32, 10)); err != nil {
		return err
	}
	fmt.Println("done")
	g.Leave()
	return nil
}

// process is a child.
type process struct {
	*exec.Cmd
	lines *bufio.Scanner
}

// Addresses of processes: those of one host share memory, others send.
const (
	oneHost = "127.0.0.1"
	hosts   = "127.0.0.%d" // all are this machine
)

// start starts n processes of a cluster.
func start(t testing.TB, host string, n int, what string) []process {
	t.Helper()
	if err := session.Ready(session.Options{}); err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	var addresses []string
	var ports []net.Listener // open until all are found, so that they differ
	for i := range n {
		name := host
		if host == hosts {
			name = fmt.Sprintf(host, 1+i)
		}
		l, err := net.Listen("tcp", name+":0")
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

// TestSum: what processes add up and tell each other is the same in all, to the last bit, whatever their number. One that is slow is
// not lost.
func TestSum(t *testing.T) {
	for _, tt := range []struct {
		host, what string
		processes  int
	}{{oneHost, "sum", 2}, {oneHost, "sum", 3}, {oneHost, "sum", 5}, {hosts, "sum", 2}, {hosts, "sum", 3}, {oneHost, "slow", 2}, {hosts, "slow", 2}} {
		list := start(t, tt.host, tt.processes, tt.what)
		first := ""
		for i, p := range list {
			got := p.line()
			if first = cmp.Or(first, got); got != first || !strings.HasPrefix(got, "done") {
				t.Errorf("%s at %s, process %d of %d: %q, and the first %q", tt.what, tt.host, i, tt.processes, got, first)
			}
			if err := p.Wait(); err != nil {
				t.Errorf("%s at %s, process %d of %d: %v", tt.what, tt.host, i, tt.processes, err)
			}
		}
	}
}

// TestParts: what lies in pieces is read and written in its order, across their borders.
func TestParts(t *testing.T) {
	from := parts[int32]{list: [][]int32{nil, {1, 2, 3}, {}, {4}, {5, 6}}}
	to := [][]int32{{0}, {0, 0, 0}, nil, {0, 0}}
	target, buffer := parts[int32]{list: to}, make([]int32, 4)
	for _, want := range []int{4, 2, 0} {
		n := from.read(buffer)
		if n != want {
			t.Errorf("read %d numbers, want %d", n, want)
		}
		target.write(buffer[:n])
	}
	if got := slices.Concat(to...); !slices.Equal(got, []int32{1, 2, 3, 4, 5, 6}) || lengthOf(to) != 6 {
		t.Errorf("wrote %d", to)
	}
}

// TestLengthFor: an operation is long enough, no more than an eighth too long, and there are eight of them to a factor of two.
func TestLengthFor(t *testing.T) {
	lengths := map[int]bool{}
	for n := 1; n <= bucket; n += 1 + n/100 {
		got := lengthFor(n)
		if lengths[got] = true; got < n || n > shortest && got > n+n/8 || lengthFor(got) != got {
			t.Errorf("lengthFor(%d) = %d, and lengthFor of that %d", n, got, lengthFor(got))
		}
	}
	if most := 1 + 8*int(math.Log2(float64(bucket/shortest))); len(lengths) > most {
		t.Errorf("%d lengths, want %d at most", len(lengths), most)
	}
	if got := lengthFor(bucket); got != bucket {
		t.Errorf("lengthFor(%d) = %d: a whole bucket needs no more", bucket, got)
	}
}

// TestLost: a process that is killed, stands still, or answers and does not get on, ends the sums of the others with its name.
func TestLost(t *testing.T) {
	for _, tt := range []struct {
		host, what string
		signal     syscall.Signal
		why        string
	}{{oneHost, "hang", syscall.SIGKILL, ""}, {oneHost, "hang", syscall.SIGSTOP, ""}, {hosts, "hang", syscall.SIGKILL, ""},
		{hosts, "hang", syscall.SIGSTOP, ""}, {hosts, "hang in a long sum", syscall.SIGKILL, ""}, {hosts, "hang in a long sum", syscall.SIGSTOP, ""},
		{oneHost, "stall", 0, "it answers, and has not got on for "}, {hosts, "stall", 0, "it answers, and has not got on for "}} {
		list := start(t, tt.host, 3, tt.what)
		for i, p := range list {
			if got := p.line(); got != "ready" {
				t.Fatalf("process %d: %q", i, got)
			}
		}
		if err := list[2].Process.Signal(tt.signal); err != nil { // 0 does nothing
			t.Fatal(err)
		}
		for i, p := range list[:2] {
			got := p.line()
			if !strings.Contains(got, ": lost worker 1 at ") || !strings.Contains(got, tt.why) ||
				strings.Contains(got, "chief") || strings.Contains(got, "worker 0") {
				t.Errorf("%s at %s, %v: process %d: %q", tt.what, tt.host, tt.signal, i, got)
			}
			t.Logf("%s at %s, %v: process %d %s", tt.what, tt.host, tt.signal, i, got)
		}
	}
}

// TestStall: who waits is not to blame, and who blames nobody says that all wait.
func TestStall(t *testing.T) {
	c := []cluster.Task{{Job: cluster.Chief, Address: "a:1"}, {Job: cluster.Worker, Address: "b:2"}, {Job: cluster.Worker, Index: 1, Address: "c:3"}}
	for _, tt := range []struct {
		states [][]int32 // a pulse a second
		want   string
	}{
		{[][]int32{{1, 3, 4}, {1, 3, 6}, {1, 3, 8}, {1, 3, 10}}, ""},                                                            // one is busy
		{[][]int32{{1, 3, 4}, {1, 3, 4}, {1, 3, 4}, {1, 3, 4}}, "lost worker 1 at c:3 (it answers, and has not got on for 2s)"}, // it stands still
		{[][]int32{{1, 3, 4}, {1, 3, 5}, {3, 5, 7}, {3, 5, 7}}, ""},                                                             // all get on
		{[][]int32{{1, 3, 5}, {1, 3, 5}, {1, 3, 5}, {1, 3, 5}}, "each has waited for the others for 2s"},
		{[][]int32{{0, 0, 0}, {0, 0, 2}, {0, 0, 4}}, "lost chief at a:1 (it answers, and has not got on for 2s), worker 0 at b:2 (it answers, and has not got on for 2s)"},
	} {
		s, got := stall{after: 2 * time.Second}, ""
		for second, states := range tt.states {
			if err := s.look(c, states, time.Duration(second)*time.Second); err != nil {
				got = err.Error()
				break
			}
		}
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%v: %q, want %q", tt.states, got, tt.want)
		}
	}
}

// sizesToTime are lengths of vectors: the smallest takes what messages take, the largest what bytes take.
var sizesToTime = []int{1 << 8, 1 << 16, 1 << 20, 4 << 20, 16 << 20}

// timed adds up vectors, and the first process prints the median time of each length in nanoseconds.
func timed(g *Group) error {
	for _, length := range sizesToTime {
		v, times := make([]float32, length), make([]time.Duration, 21)
		for i := range times {
			if err := g.Sum(make([]float32, 1)); err != nil { // all begin together
				return err
			}
			begin := time.Now()
			if err := g.Sum(v); err != nil {
				return err
			}
			times[i] = time.Since(begin)
		}
		if slices.Sort(times[1:]); g.Rank() == 0 { // the first opens the operation
			fmt.Println(times[11].Nanoseconds())
		}
	}
	g.Leave()
	return nil
}

// BenchmarkSum measures what adding up vectors among 2 and 4 processes of this machine takes, in memory and by connections.
func BenchmarkSum(b *testing.B) {
	for _, tt := range []struct {
		by, host string
		n        int
	}{{"memory", oneHost, 2}, {"memory", oneHost, 4}, {"connections", hosts, 2}, {"connections", hosts, 4}} {
		b.Run(fmt.Sprintf("by=%s/processes=%d", tt.by, tt.n), func(b *testing.B) {
			list := start(b, tt.host, tt.n, "time")
			for _, length := range sizesToTime {
				ns, err := strconv.ParseFloat(list[0].line(), 64)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(ns/1e6, fmt.Sprintf("ms/%dKiB", 4*length>>10))
			}
			for _, p := range list {
				if err := p.Wait(); err != nil {
					b.Error(err)
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

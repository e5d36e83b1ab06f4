//go:build kill && linux

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/internal/cluster"
	"github.com/tfpair/tfpair/models/checkpoint"
)

const (
	killsVariable = "TFPAIR_KILLS"            // how many processes TestKillCluster kills
	killsDefault  = 8                         // a minute or two
	joinOfKills   = 20 * time.Second          // a process that is killed before all are there is waited for so long
	hangAfter     = joinOfKills + 2*endWithin // from a kill to the end of all others: more is a hang
	processesKept = 3
)

// gang is the processes of a cluster of a test.
type gang struct {
	list []*exec.Cmd
	said []*bytes.Buffer
}

// end waits until all processes have ended, and returns their exit codes. -1 is one that hung and was killed.
func (g gang) end(t *testing.T) []int {
	t.Helper()
	codes := make([]int, len(g.list))
	for rank, p := range g.list {
		hangs := false
		late := time.AfterFunc(hangAfter, func() {
			hangs = true
			_ = p.Process.Signal(syscall.SIGQUIT) // Go says where it hangs
		})
		codes[rank] = exitCode(t, p)
		if late.Stop(); hangs {
			codes[rank] = -1
		}
	}
	return codes
}

// TestKillCluster kills a random one of three processes at a random moment, again and again, until the training is done. The
// others end with code 75, no checkpoint is lost, and the weights are those of a training that was never cut off. Then it begins anew.
func TestKillCluster(t *testing.T) {
	kills := killsDefault
	if text := os.Getenv(killsVariable); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	dir := clusterPictures(t)
	begin := func(run string) (g gang) {
		c, err := cluster.Local(processesKept)
		if err != nil {
			t.Fatal(err)
		}
		for rank := range processesKept {
			p, said := trainTogether(t, dir, run, c, rank, "--join-timeout", joinOfKills.String())
			g.list, g.said = append(g.list, p), append(g.said, said)
		}
		return g
	}
	start := time.Now()
	whole := begin("whole")
	if codes := whole.end(t); slices.Max(codes) != exitDone {
		t.Fatalf("exit codes %v:\n%s", codes, whole.said[0])
	}
	longest := time.Since(start)
	seed := uint64(start.UnixNano()) // moments differ from run to run on purpose
	t.Logf("uninterrupted: %v; seed of the moments: %d", longest, seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	var slowest time.Duration
	done, trainings, late, last := 0, 0, 0, -1
	for done < kills {
		run := fmt.Sprintf("killed-%d", trainings)
		g, victim := begin(run), rng.IntN(processesKept)
		time.Sleep(time.Duration(rng.Int64N(int64(longest))))
		killed := g.list[victim].Process.Kill() == nil
		at := time.Now()
		codes := g.end(t)
		if killed = killed && !g.list[victim].ProcessState.Exited(); killed {
			done++
			slowest = max(slowest, time.Since(at))
		}
		for rank, code := range codes {
			switch {
			case rank == victim && killed, code == exitDone && !killed:
			case code == exitLost && killed:
			case code == exitDone && killed: // the victim was about to end, too
				late++
			default:
				t.Errorf("%s, kill %d of rank %d: rank %d: exit code %d:\n%s", run, done, victim, rank, code, tail(g.said[rank]))
			}
		}
		step := newestStep(t, filepath.Join(dir, run))
		if step < last {
			t.Errorf("%s, kill %d: the newest checkpoint is of step %d, and was of step %d before", run, done, step, last)
		}
		if last = step; step == clusterSteps {
			if diff := cmp.Diff(lastCheckpoint(t, dir, "whole"), lastCheckpoint(t, dir, run), ignoreMeta()); diff != "" {
				t.Errorf("%s: the last checkpoint differs (-whole +killed):\n%.500s", run, diff)
			}
			trainings, last = trainings+1, -1
		}
	}
	t.Logf("%d kills in %d trainings and a part; the slowest end of the others took %v; %d processes were done already", done, trainings, slowest, late)
}

// ignoreMeta leaves out what says when and on what a training was.
func ignoreMeta() cmp.Option {
	return cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Meta" }, cmp.Ignore())
}

func tail(said *bytes.Buffer) string {
	text := said.String()
	return text[max(len(text)-4000, 0):]
}

// newestStep returns the step of the newest checkpoint of a run, all of which must be whole; -1: there is none.
func newestStep(t *testing.T, run string) int {
	t.Helper()
	c, err := checkpoint.Latest(filepath.Join(run, "checkpoints"), func(path string, err error) {
		t.Errorf("%s is damaged: %v", path, err)
	})
	switch {
	case errors.Is(err, checkpoint.ErrNone) || errors.Is(err, os.ErrNotExist):
		return -1
	case err != nil:
		t.Fatal(err)
	}
	return c.Step
}

// network is the place of TestKillNetwork: namespaces whose network is their own.
const networkVariable = "TFPAIR_KILL_NETWORK"

// TestKillNetwork trains in three processes, each on a host of its own: a network namespace with a cable to a switch. With
// latency and loss, where the kernel knows them, they train all the same. A process whose cable is pulled is lost, and the
// same commands go on.
func TestKillNetwork(t *testing.T) {
	if os.Getenv(networkVariable) == "" {
		p := exec.Command(os.Args[0], "-test.run", "^TestKillNetwork$", "-test.v", "-test.count", "1")
		p.Env = append(os.Environ(), networkVariable+"=1")
		p.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}}
		var out bytes.Buffer
		p.Stdout, p.Stderr = &out, &out
		if err := p.Start(); err != nil {
			t.Skipf("no namespaces here: %v", err)
		}
		if err := p.Wait(); err != nil {
			t.Errorf("%v\n%s", err, &out)
		}
		t.Log(out.String())
		return
	}
	if out, err := exec.Command("ip", "link", "add", "name", "switch", "type", "bridge").CombinedOutput(); err != nil {
		t.Skipf("no network of one's own here: %v %s", err, out)
	}
	ip(t, "link", "set", "switch", "up")
	dir, c := clusterPictures(t), &cluster.Cluster{}
	for rank := range processesKept {
		task := cluster.Task{Job: cluster.Worker, Index: rank - 1, Address: fmt.Sprintf("10.9.0.%d:2222", rank+1)}
		if rank == 0 {
			task.Job, task.Index = cluster.Chief, 0
		}
		c.Tasks = append(c.Tasks, task)
	}
	g := plugged(t, dir, "run", c)
	for rank := range c.Tasks {
		out, err := exec.Command("tc", "qdisc", "add", "dev", cable(rank), "root", "netem", "delay", "5ms", "loss", "1%").CombinedOutput()
		if err != nil {
			t.Logf("no latency and no loss: %s", out)
			break
		}
	}
	awaitCheckpoint(t, dir, "run", g.said[0])
	ip(t, "link", "set", cable(2), "down")
	at := time.Now()
	for rank, code := range g.end(t) {
		want := "tfpair: lost worker 1 at 10.9.0.3:2222"
		if rank == 2 { // which sees neither
			want = "tfpair: lost chief at 10.9.0.1:2222"
		}
		if code != exitLost || !strings.Contains(g.said[rank].String(), want) {
			t.Errorf("rank %d: exit code %d, want %q:\n%s", rank, code, want, tail(g.said[rank]))
		}
	}
	t.Logf("all have ended %v after the cable was pulled", time.Since(at))
	before := newestStep(t, filepath.Join(dir, "run"))
	g = plugged(t, dir, "run", c)
	if codes := g.end(t); slices.Max(codes) != exitDone || slices.Min(codes) != exitDone {
		t.Errorf("after step %d: exit codes %v:\n%s", before, codes, tail(g.said[0]))
	}
	if got := newestStep(t, filepath.Join(dir, "run")); got != clusterSteps || before < 0 {
		t.Errorf("ended at step %d, want %d; cut off after %d", got, clusterSteps, before)
	}
}

// cable is the end at the switch of a host's cable.
func cable(rank int) string { return fmt.Sprintf("cable%d", rank) }

// plugged starts processes, each on a new host whose cable is plugged in before it begins.
func plugged(t *testing.T, dir, run string, c *cluster.Cluster) (g gang) {
	t.Helper()
	for rank, task := range c.Tasks {
		_ = exec.Command("ip", "link", "del", cable(rank)).Run() // of an earlier host
		config, err := c.Config(rank)
		if err != nil {
			t.Fatal(err)
		}
		p, said := exec.Command("sh", append([]string{"-c", `read go; exec tfpair "$@"`, "sh", "train", "--data", "data", "--out", run, "--join-timeout", "1m"},
			smallTraining()...)...), &bytes.Buffer{}
		p.Dir, p.Stderr, p.Env = dir, said, append(os.Environ(), "TFPAIR_PIXEL_CACHE=0", cluster.Variable+"="+config)
		p.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		begin, err := p.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Process.Kill() }) // it has ended, or it must
		host := strconv.Itoa(p.Process.Pid)
		inside := func(args ...string) {
			if out, err := exec.Command("nsenter", append([]string{"-t", host, "-n", "ip"}, args...)...).CombinedOutput(); err != nil {
				t.Fatalf("ip %v: %v %s", args, err, out)
			}
		}
		ip(t, "link", "add", "name", cable(rank), "type", "veth", "peer", "name", "eth0", "netns", host)
		ip(t, "link", "set", cable(rank), "master", "switch", "up")
		inside("addr", "add", strings.TrimSuffix(task.Address, ":2222")+"/24", "dev", "eth0")
		inside("link", "set", "eth0", "up")
		inside("link", "set", "lo", "up")
		if _, err := begin.Write([]byte("go\n")); err != nil {
			t.Fatal(err)
		}
		g.list, g.said = append(g.list, p), append(g.said, said)
	}
	return g
}

func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %v: %v %s", args, err, out)
	}
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/cluster"
	"github.com/tfpair/tfpair/internal/collective"
	"github.com/tfpair/tfpair/runner/train"
)

// How long processes of a cluster wait.
const (
	defaultJoin  = 10 * time.Minute // until all are there
	defaultStall = 10 * time.Minute // for one that is there and does not get on
	endWithin    = 30 * time.Second // for what this process does by itself, when another is lost
)

// localFlag is the name of the flag that starts processes, which they are not given themselves.
const localFlag = "local-workers"

// clusterOptions say which processes train together.
type clusterOptions struct {
	local int           // processes of this machine; 0: TF_CONFIG says
	join  time.Duration // that they wait until all are there
	stall time.Duration // that they wait for one that does not get on

	group *collective.Group // nil: this process is alone
	name  string            // of this process
}

func (o *clusterOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags,
		&cli.IntFlag{Name: localFlag, Destination: &o.local, DefaultText: "1, or as " + cluster.Variable + " says",
			Usage: "train in `N` processes of this machine, which share its cores and, while they train, listen on ports of all interfaces; for several machines see docs/distributed.md"},
		&cli.DurationFlag{Name: "join-timeout", Destination: &o.join, Value: defaultJoin,
			Usage: "wait `TIME` at most until all processes of the cluster are there"},
		&cli.DurationFlag{Name: "stall-timeout", Destination: &o.stall, Value: defaultStall,
			Usage: "end with 75 when a process of the cluster has not got on for `TIME`"})
}

func (o clusterOptions) validate() error {
	const most = 64 // more processes than cores of one machine gain nothing
	switch {
	case o.local < 0 || o.local > most:
		return usagef("--%s must be 1 to %d, got %d", localFlag, most, o.local)
	case o.join <= 0:
		return usagef("--join-timeout must be more than 0, got %v", o.join)
	case o.stall < time.Second:
		return usagef("--stall-timeout must be 1s or more, got %v", o.stall)
	}
	return nil
}

// read returns the cluster that the environment or the command line describes, nil for one process.
func (o *clusterOptions) read(getenv func(string) string) (*cluster.Cluster, error) {
	text := getenv(cluster.Variable)
	if o.local > 1 && text != "" {
		return nil, usagef("--%s starts processes of this machine, and %s is set: give one of them", localFlag, cluster.Variable)
	}
	if o.local < 2 {
		return cluster.Parse(text)
	}
	return cluster.Local(o.local)
}

// together returns the processes that train together, nil for one, and reports whether there is anything to do: an evaluator has
// nothing.
func (o *trainOptions) together(out output) (c *cluster.Cluster, run bool, err error) {
	switch c, err = o.cluster.read(out.Getenv); {
	case c == nil || err != nil:
		return nil, true, err
	case c.Evaluator():
		out.say("this process is the evaluator of the cluster: the chief evaluates, so there is nothing to do here")
		return nil, false, nil
	case o.start.asksData() && o.cluster.local < 2:
		return nil, false, usagef("processes that train together need a spec that each of them reads: give --preset, --spec or --set. "+
			"What the data would choose is written by: tfpair train --data %s --explain > spec.yaml. Then give --spec spec.yaml, and --weights if that file names any", shellWord(o.data.path))
	}
	return c, true, nil
}

// begin joins the other processes of the cluster, and starts them before where they are of this machine: they train r, which was
// decided by d. The context ends where a process is lost. The last result waits for those that were started.
func (o *trainOptions) begin(ctx context.Context, out output, c *cluster.Cluster, d *decision, r *train.Resolved) (within context.Context, wait func(), err error) {
	wait = func() {}
	if err := o.shareable(d, r); err != nil {
		return ctx, wait, err
	}
	if o.cluster.local > 1 {
		if o.machine.threads == 0 {
			o.machine.threads = max(runtime.GOMAXPROCS(0)/o.cluster.local, 1)
		}
		if wait, err = o.startLocal(c, d, r, out.Err); err != nil {
			return ctx, wait, err
		}
	}
	o.cluster.name = c.Tasks[c.Self].String()
	o.cluster.group, err = collective.Join(ctx, c, o.machine.session(), collective.Waits{Join: o.cluster.join, Stall: o.cluster.stall}, func(silent []cluster.Silent) {
		if o.cluster.local > 1 {
			return // they are being started
		}
		var names []string
		for _, s := range silent {
			names = append(names, s.String())
		}
		out.say("%s waits for %s", o.cluster.name, strings.Join(names, ", "))
	})
	if err == nil {
		ctx = o.cluster.watch(ctx, out)
	}
	return ctx, wait, err
}

// shareable refuses what several processes cannot train. What nobody asked for but the data is refused with the command that trains it.
func (o *trainOptions) shareable(d *decision, r *train.Resolved) error {
	err := r.CheckGroup()
	if d == nil {
		return err
	}
	if err == nil && len(o.tries(d)) > 0 {
		err = errors.New("several processes cannot try settings first")
	}
	if err == nil {
		return nil
	}
	why := "that is what the data ask for"
	if d.again != "" {
		why = fmt.Sprintf("that is what %s was begun with", d.again)
	}
	alone := commandLine{"tfpair", "train"}.with(o.data.flags()...).with(given{"out", o.out}, given{"preset", o.start.preset}, given{"effort", o.recipe.effort})
	for _, s := range o.start.set {
		alone = alone.with(given{"set", s})
	}
	if o.start.unseen {
		alone = append(alone, "--unseen-classes")
	}
	return &usageError{fmt.Errorf("%w, and %s; train it in one process", err, why), alone.with(o.start.weightsFlags()...).String()}
}

// watch returns a context that ends where a process is lost. Where this one does not end by itself then, because it
// waits for a disk, say, it is ended: all files of a run are whole at any moment.
func (o *clusterOptions) watch(ctx context.Context, out output) context.Context {
	ctx, end := context.WithCancelCause(ctx)
	go func() { // to the end of the process
		<-o.group.Lost()
		end(o.group.Err())
		time.Sleep(endWithin)
		out.say("tfpair: %v", o.group.Err())
		out.say("tfpair: %s is still busy after %v, and is ended", o.name, endWithin)
		os.Exit(exitLost)
	}()
	return ctx
}

// lost is err, or the loss of a process where that is what ended ctx, and with it the work.
func lost(ctx context.Context, err error) error {
	var l *collective.LostError
	if !errors.As(context.Cause(ctx), &l) || !errors.Is(err, context.Canceled) && !isA[*train.InterruptedError](err) {
		return err
	}
	if isA[*train.InterruptedError](err) {
		return fmt.Errorf("%w: %v", l, err)
	}
	return l
}

// work makes this process' part of the chief's steps.
func (o *trainOptions) work(ctx context.Context, out output, c train.Config) error {
	w := &trainWatcher{out: out}
	c.Observe = w.observe
	steps, err := train.Work(ctx, c)
	w.end()
	if err == nil {
		out.say("%s made its part of %s; the run is with the chief", o.cluster.name, count(steps, "step"))
	}
	return stopped(ctx, err)
}

// shared says what a step of several processes takes beside what each computes, "" where there is one.
func shared(e train.Stepped) string {
	if e.ReduceBytes == 0 {
		return ""
	}
	return fmt.Sprintf(", all-reduce %.2f MB %.0f ms", float64(e.ReduceBytes)/1e6, 1e3*e.ReduceSeconds)
}

// startLocal starts the other processes of a cluster on this machine, by the command line of this one. What no spec of that says, since
// the data chose it or a run has it, they read as a file. They share stderr. The result ends when they have ended, or ends them where they
// do not within the time that finding a lost process takes.
func (o *trainOptions) startLocal(c *cluster.Cluster, d *decision, r *train.Resolved, stderr io.Writer) (wait func(), err error) {
	args, remove, err := o.forOthers(os.Args[1:], d, r)
	if err != nil {
		return func() {}, err
	}
	var started []*exec.Cmd
	wait = func() {
		defer remove()
		for _, p := range started {
			late := time.AfterFunc(10*time.Second, func() { _ = p.Process.Kill() }) // it may have ended just now
			_ = p.Wait()                                                            // it says itself what went wrong
			late.Stop()
		}
	}
	self, err := os.Executable()
	if err != nil {
		return wait, err
	}
	for i, t := range c.Tasks[1:] {
		text, err := c.Config(1 + i)
		if err != nil {
			return wait, err
		}
		p := exec.Command(self, args...)
		p.Env = append(os.Environ(), cluster.Variable+"="+text)
		p.Stderr = stderr
		p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the chief, which tells them
		if err := p.Start(); err != nil {
			return wait, fmt.Errorf("start %s: %w", t, err)
		}
		started = append(started, p)
	}
	return wait, nil
}

// forOthers returns the command line of the processes that this one starts, of its own, and what removes a file that they read.
func (o *trainOptions) forOthers(args []string, d *decision, r *train.Resolved) (others []string, remove func(), err error) {
	more, remove := commandLine{"--quiet", "--threads", strconv.Itoa(o.machine.threads)}, func() {}
	if d == nil {
		return append(without(args, localFlag, "threads"), more...), remove, nil
	}
	text, err := r.Spec.Marshal()
	if err != nil {
		return nil, nil, err
	}
	f, err := aside.CreateTemp(os.TempDir(), "tfpair-spec-")
	if err != nil {
		return nil, nil, err
	}
	remove = func() { _ = errors.Join(os.Remove(f.Name()), f.Close()) } // a small file, which is a leftover once it is closed
	if _, err := f.Write(text); err != nil {
		remove()
		return nil, nil, err
	}
	more = more.with(given{"spec", f.Name()}).with(o.start.weightsFlags()...)
	return append(without(args, localFlag, "threads", "preset", "set", "effort", "weights"), more...), remove, nil
}

// without returns a command line without flags that have a value.
func without(args []string, flags ...string) []string {
	var kept []string
	for i := 0; i < len(args); i++ {
		name, _, whole := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if !strings.HasPrefix(args[i], "-") || !slices.Contains(flags, name) {
			kept = append(kept, args[i])
		} else if !whole {
			i++
		}
	}
	return kept
}

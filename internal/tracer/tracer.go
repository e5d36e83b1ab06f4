//go:build linux && amd64

// Package tracer runs a command and meddles with its file system calls, those of all its
// threads and child processes:
//
//	command → seccomp stops it before each call → Decide: go on, fail, or die
//
// Go programs make their own system calls, so a library put before libc's sees nothing of
// them; ptrace does. The tracer looks only at paths below one folder.
package tracer

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Command is what Run runs.
type Command struct {
	Path    string                 // the program
	Args    []string               // its arguments, the name left out
	Env     []string               // all of its environment
	Dir     string                 // its working folder
	Below   string                 // only calls on paths below this absolute folder are looked at
	Stdout  *os.File               // nil: nowhere
	Stderr  *os.File               // likewise
	Timeout time.Duration          // the command is killed then; 0: never
	Data    bool                   // calls carry what they write, and where
	Decide  func(call Call) Action // called before each call that is looked at, one at a time
}

// Action says what becomes of a call. The zero value lets it happen.
type Action struct {
	Fail unix.Errno // the call does not happen and returns this error; 0: none
	Kill bool       // the command dies by SIGKILL, and the call does not happen
}

// Result is how a command ended.
type Result struct {
	Code     int           // the exit code, -1 where a signal ended it
	Signal   unix.Signal   // what ended it, 0 for none
	TimedOut bool          // it took longer than Timeout, and was killed
	Took     time.Duration // from start to end
}

// childEnv marks the process that Main replaces by the command.
const childEnv = "TFPAIR_TRACER_CHILD"

// Main turns the process into a traced command where Run started it as one, and does nothing
// else. A program that calls Run calls it first of all.
func Main() {
	if os.Getenv(childEnv) == "" {
		return
	}
	err := become(os.Args[1], os.Args[1:])
	fmt.Fprintf(os.Stderr, "tracer: %v\n", err)
	os.Exit(127)
}

// become puts the filter before this thread and replaces the process by a program.
func become(path string, args []string) error {
	runtime.LockOSThread()
	if err := os.Unsetenv(childEnv); err != nil {
		return err
	}
	if err := install(); err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	return fmt.Errorf("run %q: %w", path, syscall.Exec(path, args, os.Environ()))
}

// options of the traced processes: stops at filtered calls, threads and children are
// followed, and nothing outlives the tracer.
const options = unix.PTRACE_O_TRACESECCOMP | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK |
	unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_EXITKILL

// Run runs c to its end. The error says that it could not be traced.
func Run(c Command) (Result, error) {
	runtime.LockOSThread() // ptrace belongs to the thread that started the command
	defer runtime.UnlockOSThread()
	start := time.Now()
	pid, err := c.start()
	if err != nil {
		return Result{}, fmt.Errorf("trace %q: %w", c.Path, err)
	}
	t := tracing{Command: c, pid: pid, known: map[int]bool{pid: true}}
	if c.Timeout > 0 {
		timer := time.AfterFunc(c.Timeout, func() { _ = unix.Kill(-pid, unix.SIGKILL) }) // gone: it has ended
		defer timer.Stop()
	}
	result, err := t.follow()
	result.Took = time.Since(start)
	result.TimedOut = c.Timeout > 0 && result.Signal == unix.SIGKILL && result.Took >= c.Timeout
	if err != nil {
		_ = unix.Kill(-pid, unix.SIGKILL) // what is traced no longer does not go on
		return result, fmt.Errorf("trace %q: %w", c.Path, err)
	}
	return result, nil
}

// start starts this program as the one that becomes the command, stopped.
func (c Command) start() (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	files := []uintptr{null.Fd(), null.Fd(), null.Fd()}
	for i, f := range []*os.File{c.Stdout, c.Stderr} {
		if f != nil {
			files[i+1] = f.Fd()
		}
	}
	pid, err := syscall.ForkExec(self, append([]string{self, c.Path}, c.Args...), &syscall.ProcAttr{
		Dir: c.Dir, Env: append(c.Env[:len(c.Env):len(c.Env)], childEnv+"=1"), Files: files,
		Sys: &syscall.SysProcAttr{Ptrace: true, Setpgid: true}})
	if err != nil {
		return 0, err
	}
	var status unix.WaitStatus
	if _, err := wait(pid, &status); err != nil {
		return 0, err
	}
	if !status.Stopped() {
		return 0, errors.New("it ended before it began")
	}
	return pid, unix.PtraceSetOptions(pid, options)
}

// wait waits for a child of this thread, pid or -1 for any.
func wait(pid int, status *unix.WaitStatus) (int, error) {
	for {
		tid, err := unix.Wait4(pid, status, unix.WALL|unix.WNOTHREAD, nil)
		if !errors.Is(err, unix.EINTR) {
			return tid, err
		}
	}
}

// tracing is a command that runs.
type tracing struct {
	Command
	pid     int          // of the command
	known   map[int]bool // threads whose first stop has been seen
	running bool         // the command has replaced the process that became it
}

// follow answers each stop of the traced threads until none is left.
func (t *tracing) follow() (Result, error) {
	result := Result{Code: -1}
	if err := proceed(t.pid, 0); err != nil {
		return result, err
	}
	for {
		var status unix.WaitStatus
		tid, err := wait(-1, &status)
		switch {
		case errors.Is(err, unix.ECHILD):
			return result, nil
		case err != nil:
			return result, err
		case tid == t.pid && status.Exited():
			result.Code = status.ExitStatus()
		case tid == t.pid && status.Signaled():
			result.Signal = status.Signal()
		case status.Stopped():
			if err := t.stopped(tid, status); err != nil {
				return result, err
			}
		}
	}
}

// stopped answers one stop of a thread.
func (t *tracing) stopped(tid int, status unix.WaitStatus) error {
	signal := status.StopSignal()
	switch {
	case signal == unix.SIGTRAP && status.TrapCause() == unix.PTRACE_EVENT_EXEC:
		t.running = true
		signal = 0
	case signal == unix.SIGTRAP && status.TrapCause() == unix.PTRACE_EVENT_SECCOMP:
		if err := t.called(tid); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
		signal = 0
	case signal == unix.SIGTRAP && status.TrapCause() > 0:
		signal = 0
	case signal == unix.SIGSTOP && !t.known[tid]: // a new thread begins with it
		signal = 0
	}
	t.known[tid] = true
	return proceed(tid, signal)
}

// called hands a call to Decide, and does what it says.
func (t *tracing) called(tid int) error {
	var regs unix.PtraceRegs
	if err := unix.PtraceGetRegs(tid, &regs); err != nil {
		return err
	}
	call, ok := decode(tid, &regs, t.Data)
	if !ok || !t.running || !t.below(call.Path) && !t.below(call.To) {
		return nil
	}
	action := t.Decide(call)
	switch {
	case action.Kill:
		return unix.Kill(-t.pid, unix.SIGKILL) // the group: children die with it
	case action.Fail != 0:
		regs.Orig_rax = ^uint64(0) // no call of this number: what is in rax comes back
		regs.Rax = uint64(-int64(action.Fail))
		return unix.PtraceSetRegs(tid, &regs)
	}
	return nil
}

func (t *tracing) below(path string) bool {
	return path == t.Below || strings.HasPrefix(path, t.Below+"/")
}

// proceed lets a thread go on, with a signal unless it is 0. A thread that has ended
// meanwhile is none to let go.
func proceed(tid int, signal unix.Signal) error {
	if err := unix.PtraceCont(tid, int(signal)); err != nil && !errors.Is(err, unix.ESRCH) {
		return err
	}
	return nil
}

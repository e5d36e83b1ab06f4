//go:build tensorflow && cgo

package session

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

const nicest = 19 // the lowest priority that there is

// inBackground calls f, which opens a session: its threads are scheduled like the one that makes them. SCHED_IDLE is less than the
// lowest priority: a thread of another policy that wakes up begins at once, where one of priority 19 may finish its slice of 3 ms.
// Where other threads have work for all cores, such a thread still gets a hundredth of one (sched(7)).
func inBackground(f func() error) error {
	done := make(chan error)
	go func() {
		// For ever: the thread may not get its priority back, so nothing else may run on it. It ends here.
		runtime.LockOSThread()
		// 0: this thread. Sandboxes that have the kernel's calls made by another program may lack the first.
		err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0)
		if err != nil {
			err = unix.Setpriority(unix.PRIO_PROCESS, 0, nicest)
		}
		if err != nil {
			done <- fmt.Errorf("lower the priority of a thread: %w", err)
			return
		}
		done <- f()
	}()
	return <-done
}

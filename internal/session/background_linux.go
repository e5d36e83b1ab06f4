//go:build tensorflow && cgo

package session

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// nicest is the lowest priority that there is: where other threads have work for all cores, such a thread gets a
// hundredth of one.
const nicest = 19

// inBackground calls f, which opens a session: its threads have the priority of the one that makes them.
func inBackground(f func() error) error {
	done := make(chan error)
	go func() {
		// For ever: the thread may not get its priority back, so nothing else may run on it. It ends here.
		runtime.LockOSThread()
		if err := unix.Setpriority(unix.PRIO_PROCESS, 0, nicest); err != nil { // 0: this thread
			done <- fmt.Errorf("lower the priority of a thread: %w", err)
			return
		}
		done <- f()
	}()
	return <-done
}

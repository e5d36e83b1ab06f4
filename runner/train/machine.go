package train

import (
	"fmt"
	"strings"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/runner/trained"
)

// MachineError says that a training is to go on exactly, and cannot: this machine computes other
// last digits than the one that made the checkpoint, or nobody knows which one did.
type MachineError struct {
	Folder      string
	Differences []string // nil: the run does not say which machine made all of it
}

func (e *MachineError) Error() string {
	if len(e.Differences) == 0 {
		return fmt.Sprintf("run %q cannot go on exactly: it does not say which machine made it; an earlier version began it",
			e.Folder)
	}
	return fmt.Sprintf("run %q cannot go on exactly: it was made on another machine: %s", e.Folder,
		strings.Join(e.Differences, "; "))
}

// machine returns the machine that the network runs on.
func (l *loop) machine() (session.Machine, error) {
	devices, err := l.network.Devices()
	m := l.Session.Machine(devices)
	if l.Group != nil {
		m.Processes = l.Group.Size()
		m.Memory = m.Processes > 2 && l.Group.InMemory() // two numbers have one sum, whatever their order
	}
	return m, err
}

// changeMachine compares this machine with those that have made the steps up to l.step, as the
// state of the checkpoint says, and adds it to them where it is another. Where that is not allowed the
// error is a *MachineError. A training that has made all its steps computes nothing more.
func (l *loop) changeMachine() error {
	now, err := l.machine()
	if err != nil || l.step >= l.Spec.Train.Steps {
		return err
	}
	before := l.state.Machines
	if l.Exact {
		if err := l.checkMachines(before, now); err != nil {
			return err
		}
	}
	if len(before) > 0 {
		differences := before[len(before)-1].Differences(now)
		if len(differences) == 0 {
			return nil
		}
		l.moved = fmt.Sprintf("this is another machine than before step %d: %s; the last digits of the weights will be others "+
			"(docs/machines.md), and --exact refuses to go on", l.step, strings.Join(differences, "; "))
	}
	l.state.Machines = append(before[:len(before):len(before)], trained.Stretch{From: l.step, Machine: now})
	return nil
}

// checkMachines refuses a run of which any step was made on another machine than now.
func (l *loop) checkMachines(before []trained.Stretch, now session.Machine) error {
	if len(before) == 0 || before[0].From > 0 {
		return &MachineError{Folder: l.folder.Path()}
	}
	for _, s := range before {
		if differences := s.Differences(now); len(differences) > 0 {
			return &MachineError{Folder: l.folder.Path(), Differences: differences}
		}
	}
	return nil
}

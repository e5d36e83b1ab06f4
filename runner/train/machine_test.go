package train

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/runner/trained"
)

// onThreads is a training of so many steps with so many threads, and the notes of its start.
func onThreads(t *testing.T, folder string, threads int, steps string) (Config, *[]string) {
	t.Helper()
	c := config(t, pictures(t, 3, 8), folder, tiny(t, "train.steps="+steps))
	c.Session.Threads = threads
	var notes []string
	c.Observe = func(e Event) {
		if s, ok := e.(Started); ok {
			notes = s.Notes
		}
	}
	return c, &notes
}

// stretches returns who made the last checkpoint of a run, "0: 1 threads", and the checkpoint.
func stretches(t *testing.T, folder string) (machines []trained.Stretch, c *checkpoint.Checkpoint) {
	t.Helper()
	f, err := run.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if c, err = checkpoint.Latest(f.Checkpoints(), nil); err != nil {
		t.Fatal(err)
	}
	s, err := trained.ReadState(c)
	if err != nil {
		t.Fatal(err)
	}
	return s.Machines, c
}

// TestMachine: a run that goes on with another number of threads says so and stores it, and with
// Exact it is refused and stays as it was.
func TestMachine(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	first, notes := onThreads(t, folder, 1, "2")
	if _, err := Run(context.Background(), first); err != nil {
		t.Fatal(err)
	}
	before := filesOf(t, folder)
	other, _ := onThreads(t, folder, 2, "4")
	other.Exact = true
	var refused *MachineError
	if _, err := Run(context.Background(), other); !errors.As(err, &refused) || !slices.Equal(refused.Differences, []string{"threads 1, now 2"}) {
		t.Errorf("exactly on with other threads: %v, want *MachineError that names them", err)
	}
	if diff := cmp.Diff(before, filesOf(t, folder)); diff != "" {
		t.Errorf("the refused training changed the run (-before +after):\n%s", diff)
	}
	same, _ := onThreads(t, folder, 1, "3")
	same.Exact = true
	if _, err := Run(context.Background(), same); err != nil {
		t.Errorf("exactly on with the same threads: %v", err)
	}
	if len(*notes) > 0 && strings.Contains((*notes)[0], "another machine") {
		t.Errorf("a new run notes %q", *notes)
	}
	other, notes = onThreads(t, folder, 2, "4")
	if _, err := Run(context.Background(), other); err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(*notes, "\n"); !strings.Contains(all, "another machine than before step 3: threads 1, now 2") {
		t.Errorf("with other threads the notes are %q", all)
	}
	if m, _ := stretches(t, folder); len(m) != 2 || m[0].From != 0 || m[0].Threads != 1 || m[1].From != 3 || m[1].Threads != 2 {
		t.Errorf("the checkpoint says it was made by %+v, want 1 thread from step 0, 2 from 3", m)
	}
}

// TestMachineUnknown: a run of a version that stored no machine goes on, but not exactly.
func TestMachineUnknown(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	c, _ := onThreads(t, folder, 1, "2")
	if _, err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	_, last := stretches(t, folder)
	var meta map[string]any
	if err := json.Unmarshal(last.Meta, &meta); err != nil {
		t.Fatal(err)
	}
	delete(meta, "machines")
	text, err := json.Marshal(meta)
	if err != nil {
		t.Fatal(err)
	}
	last.Meta = text
	if _, err := checkpoint.Save(filepath.Join(folder, "checkpoints"), last); err != nil {
		t.Fatal(err)
	}
	exact, _ := onThreads(t, folder, 1, "3")
	exact.Exact = true
	var refused *MachineError
	if _, err := Run(context.Background(), exact); !errors.As(err, &refused) || refused.Differences != nil {
		t.Errorf("exactly on from nobody knows where: %v, want *MachineError without differences", err)
	}
	c, _ = onThreads(t, folder, 1, "3")
	if _, err := Run(context.Background(), c); err != nil {
		t.Errorf("an old run does not go on: %v", err)
	}
	if m, _ := stretches(t, folder); len(m) != 1 || m[0].From != 2 {
		t.Errorf("the checkpoint says it was made by %+v, want one machine from step 2", m)
	}
}

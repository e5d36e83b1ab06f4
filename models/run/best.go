package run

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tfpair/tfpair/models/checkpoint"
)

// Best says which checkpoint is the best so far, and by what.
type Best struct {
	Step   int     `json:"step"`
	Metric string  `json:"metric"` // train.select
	Value  float64 `json:"value"`
}

// state is what this package reads of the meta of a checkpoint.
type state struct {
	Best *int `json:"best_step"` // of the steps up to the checkpoint's; below 0, or nil: none was evaluated
}

// ShowBest writes RUN/best, for people and scripts, whole or not at all. Nothing reads it here: the
// checkpoints themselves say which is the best.
func (f *Folder) ShowBest(step int, metric string, value float64) error {
	text, err := json.Marshal(Best{step, metric, value})
	if err == nil {
		err = f.write(bestName, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("store best of run: %w", err)
	}
	return nil
}

// Resolve returns the step that which names: "best", "last", or a number. The best is that of which
// the last checkpoint says so, and the last one itself before the first evaluation. The error
// wraps checkpoint.ErrNone where the run has none, is a *checkpoint.CorruptError where the last one
// does not say which is the best, and a *CheckpointError where it lacks that one.
func (f *Folder) Resolve(which string) (int, error) {
	steps, err := checkpoint.Steps(f.Checkpoints())
	if err != nil {
		return 0, err
	}
	if len(steps) == 0 {
		return 0, fmt.Errorf("run %q: %w", f.path, checkpoint.ErrNone)
	}
	last := steps[len(steps)-1]
	switch which {
	case "last":
		return last, nil
	case "best":
		return f.best(last)
	}
	step, err := strconv.Atoi(which)
	if err != nil || !slices.Contains(steps, step) {
		return 0, &CheckpointError{f.path, which, steps}
	}
	return step, nil
}

// CheckpointError says that a run has no checkpoint of that name.
type CheckpointError struct {
	Run, Name string
	Steps     []int // that have one
}

func (e *CheckpointError) Error() string {
	return fmt.Sprintf("run %q has no checkpoint %q (known: best, last, %s)", e.Run, e.Name,
		strings.Trim(strings.ReplaceAll(fmt.Sprint(e.Steps), " ", ", "), "[]"))
}

// best returns the best step as the checkpoint of the last one says it. A damaged one is not passed
// over: an older one may say another.
func (f *Folder) best(last int) (int, error) {
	meta, err := checkpoint.Meta(checkpoint.Path(f.Checkpoints(), last))
	if err != nil {
		return 0, err
	}
	var s state
	if len(meta) > 0 {
		if err := json.Unmarshal(meta, &s); err != nil {
			return 0, fmt.Errorf("read the state of checkpoint step %d: %w", last, err)
		}
	}
	if s.Best == nil || *s.Best < 0 {
		return last, nil
	}
	return *s.Best, nil
}

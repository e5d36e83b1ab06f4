package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/libtensorflow/load"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/internal/sheet"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/models/vectors"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/features"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/export"
	"github.com/tfpair/tfpair/runner/holder"
	"github.com/tfpair/tfpair/runner/inference"
	"github.com/tfpair/tfpair/runner/metric"
	"github.com/tfpair/tfpair/runner/train"
	"github.com/tfpair/tfpair/runner/trained"
	"github.com/tfpair/tfpair/runner/tune"
)

// The exit codes. docs/scripting.md lists them; a test holds the two together.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitSkipped     = 3
	exitInput       = 4
	exitDiverged    = 5
	exitRefused     = 6
	exitDifferent   = 10
	exitInterrupted = 130
	exitTerminated  = 143
)

// exitCodes says what each code means.
var exitCodes = []struct {
	code    int
	meaning string
}{
	{exitDone, "done"},
	{exitFailed, "failed for another reason: a full disk, a locked run"},
	{exitUsage, "command line or spec wrong, nothing started"},
	{exitSkipped, "done, but some inputs were skipped"},
	{exitInput, "input, model or runtime missing, or not what it claims to be"},
	{exitDiverged, "training diverged"},
	{exitRefused, "refused by a quality guard"},
	{exitDifferent, "different (compare --exit-code only)"},
	{exitInterrupted, "interrupted (Ctrl-C)"},
	{exitTerminated, "terminated (SIGTERM)"},
}

// exitHelp lists the exit codes for the help text.
func exitHelp() string {
	lines := []string{"Exit codes:"}
	for _, c := range exitCodes {
		lines = append(lines, fmt.Sprintf("  %3d  %s", c.code, c.meaning))
	}
	return strings.Join(lines, "\n")
}

// SignalError is the cause of a context that a signal ended.
type SignalError struct{ Signal os.Signal }

func (e SignalError) Error() string { return "got signal " + e.Signal.String() }

// Code returns 128 plus the signal's number, as shells do.
func (e SignalError) Code() int {
	if e.Signal == syscall.SIGTERM {
		return exitTerminated
	}
	return exitInterrupted
}

// skippedError says that all was done, but without some inputs.
type skippedError struct{ count int }

func (e *skippedError) Error() string {
	if e.count == 1 {
		return "1 image was skipped"
	}
	return count(e.count, "image") + " were skipped"
}

// errDifferent is the answer of compare --exit-code, said already.
var errDifferent = errors.New("different")

// outcome is how a kind of error ends the program.
type outcome struct {
	is   func(error) bool
	code int
	hint string
}

// outcomes are looked through in order.
var outcomes = []outcome{
	{isA[SignalError], 0, ""}, // the code is the signal's
	{isA[*train.SpecError], exitUsage, "to go on, give the settings and the --weights of that run; to begin anew, give another --out"},
	{isA[*tune.FolderError], exitUsage, "give the same search to go on with it; to begin anew, give another --out"},
	{isA[*tune.SpaceError], exitUsage, "docs/spec.md says what a space file may hold; tfpair list shows names"},
	{isA[*named.UnknownError], exitUsage, ""}, // see hint
	{isA[*usageError], exitUsage, ""},         // see hint
	{isA[*dataset.OptionsError], exitUsage, ""},
	{isA[*graphs.BuildError], exitUsage, "docs/spec.md says what a spec may hold"},
	{isA[*train.ClassesError], exitUsage, ""},
	{isA[*train.SamplerError], exitUsage, "add a setting, such as --set train.batch_size=32 or --set sampler=pairs"},
	{isA[*skippedError], exitSkipped, ""},
	{isA[*train.DivergedError], exitDiverged, "lower the learning rate, such as --set optimizer.adam.lr=0.0003, or add --set optimizer.adam.clip_norm=1"},
	{isA[*weights.OptionsError], exitUsage, ""},
	{isA[*weights.ExistsError], exitUsage, "give another --out; nothing is overwritten"},
	{isA[*pretrained.ExistsError], exitUsage, "give another --out; nothing is overwritten"},
	{isA[*weights.NoHDF5Error], exitInput, "run make hdf5, or install libhdf5-dev, and build tfpair with make; " +
		"docs/weights.md says more"},
	{isA[*weights.Error], exitInput, "docs/weights.md says what is imported"},
	{isA[*pretrained.ChecksumError], exitInput, ""},
	{isA[*train.WeightsError], exitInput, "to go on, give the weights of that run, or none; to begin anew, give another --out"},
	{isOverBudget, exitInput, "mend or remove them, or leave more out with a larger --bad-budget"},
	{isA[*pipeline.BadImagesError], exitInput, "mend or remove them, or add --bad-images skip to leave them out"},
	{isA[*inference.SeenError], exitInput, "give images that the training has not seen; or add --seen to measure these all the same, and too well"},
	{isA[*train.ImagesError], exitInput, "to go on, give the images of that run; to begin anew, give another --out"},
	{isA[*seen.Error], exitInput, "to begin anew, give another --out; the checkpoints of this run can still be evaluated and exported"},
	{isA[*train.DataError], exitInput, "to go on, give the data of that run; to begin anew, give another --out"},
	{isA[*dataset.Error], exitInput, ""},
	{fixable, exitInput, "the same command with --fix NEW.csv writes the rows that can be used to a new list"},
	{isA[*dataset.ListError], exitInput, ""},
	{isA[*decode.ImageError], exitInput, "mend or remove it, or add --bad-images skip to leave it out"},
	{isA[*distance.FewPairsError], exitInput, "ask for a larger share, or choose on more pairs: tfpair calibrate"},
	{is(distance.ErrNoCurve), exitInput, "give a --threshold; or choose one on pairs of yours: tfpair calibrate --model MODEL --data PAIRS"},
	{isA[*evaluate.NoPairsError], exitInput, ""},
	{isA[*evaluate.NoQueriesError], exitInput, ""},
	{isA[*evaluate.NoEpisodesError], exitInput, ""},
	{isA[*evaluate.LabelImageError], exitInput, "train with target.side=shared to search among label images that training did not have"},
	{isA[*metric.DegenerateError], exitInput, ""},
	{isA[*run.NotRunError], exitInput, ""},
	{isA[*models.NotModelError], exitInput, "tfpair export --run RUN --out MODEL makes one"},
	{isA[*models.CorruptError], exitInput, "export it again: tfpair export"},
	{isA[*models.NewerError], exitInput, "use the version of tfpair that exported it, or a later one"},
	{isA[*export.ExistsError], exitUsage, "give another --out or --version; nothing is overwritten"},
	{isA[*sheet.ExistsError], exitUsage, "give another name, or --overwrite to replace it"},
	{isA[*vectors.ExistsError], exitUsage, "give another --out, or --overwrite to replace it"},
	{isA[*index.ExistsError], exitUsage, "give another --out, or --overwrite to replace it"},
	{isA[*index.Error], exitInput, "build it again with this model: tfpair index build --model MODEL --data DATA --out INDEX --overwrite"},
	{is(models.ErrNoGallery), exitInput, "search an index of your own, from tfpair index build, with --index; or export with --gallery"},
	{isA[*models.SpaceError], exitInput, "embed the images again with this model: tfpair embed"},
	{isA[*vectors.Error], exitInput, "tfpair embed writes such files"},
	{is(trained.ErrFrozen), exitUsage, "leave out --gallery, and search without --index"},
	{isA[*holder.NothingError], exitInput, "give --in the folder of a run or of an exported model, the file of an index, or a folder above some"},
	{is(export.ErrNotRemembered), exitInput, "leave out --with-seen, or train again"},
	{isA[*export.AliasesError], exitInput, "mend the file; if it is lost, remove it, and aliases are given anew"},
	{is(inference.ErrAliased), exitInput, "evaluate the run, which has the names: --model RUN"},
	{isA[*export.WeightError], exitRefused, "export another checkpoint: --checkpoint"},
	{isA[*export.DifferenceError], exitRefused, ""},
	{isA[*features.SpaceError], exitFailed, "make room, give --out on another disk, or see images anew in each step: --set cache.type=off"},
	{isA[*features.NotFiniteError], exitInput, "the frozen weights are not finite, or not of this backbone"},
	{isA[*run.LockedError], exitFailed, "wait for it to end, or give another --out"},
	{isA[*checkpoint.CorruptError], exitInput, "another checkpoint may be whole: --checkpoint last"},
	{is(checkpoint.ErrNone), exitInput, "the training was ended before its first checkpoint; give the same train command again"},
	{is(trained.ErrNoThreshold), exitInput, "--checkpoint best is one that was evaluated"},
	{isA[*libtensorflow.MissingError], exitInput, ""},
	{isA[*load.Error], exitInput, ""},
	{is(session.ErrNoGPU), exitInput, "tfpair doctor names what the GPU build misses; --device cpu works everywhere"},
}

// fixable tells whether a list has rows that can be used.
func fixable(err error) bool {
	var list *dataset.ListError
	return errors.As(err, &list) && list.Good > 0
}

func isA[E error](err error) bool {
	var target E
	return errors.As(err, &target)
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

// report says what went wrong, and what to do, and returns the exit code.
func report(streams IO, err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errDifferent):
		return exitDifferent
	}
	o := outcome{code: exitFailed}
	for _, candidate := range outcomes {
		if candidate.is(err) {
			o = candidate
			break
		}
	}
	var signal SignalError
	if errors.As(err, &signal) {
		o.code = signal.Code()
	} else if errors.Is(err, context.Canceled) {
		o.code = exitInterrupted
	}
	out := output{IO: streams}
	out.say("tfpair: %v", err)
	if hint := o.hintFor(err); hint != "" {
		out.say("tfpair: hint: %s", hint)
	}
	return o.code
}

// hintFor returns what to do about err: the command that shows what there is, where a name or
// a command line is wrong.
func (o outcome) hintFor(err error) string {
	var unknown *named.UnknownError
	var wrong *usageError
	switch {
	case o.hint != "":
		return o.hint
	case errors.As(err, &unknown):
		return listHint(unknown.Kind)
	case errors.As(err, &wrong) && o.code == exitUsage:
		return cmp.Or(wrong.help, "tfpair help")
	}
	return ""
}

// listHint is the command that lists the names of a kind.
func listHint(kind string) string {
	switch {
	case !slices.Contains(kindNames(entries()), kind):
		return "tfpair list"
	case strings.Contains(kind, " "):
		return fmt.Sprintf("tfpair list --kind %q", kind)
	}
	return "tfpair list --kind " + kind
}

// isOverBudget reports whether more images are bad than may be skipped, where some may.
func isOverBudget(err error) bool {
	var bad *pipeline.BadImagesError
	return errors.As(err, &bad) && bad.Share > 0
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/cluster"
	"github.com/tfpair/tfpair/internal/collective"
	"github.com/tfpair/tfpair/internal/crash"
	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/libtensorflow/load"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/onnx"
	"github.com/tfpair/tfpair/models/postgres"
	"github.com/tfpair/tfpair/models/quantize"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/models/signature"
	"github.com/tfpair/tfpair/models/vectors"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/features"
	"github.com/tfpair/tfpair/pipeline/sampler"
	"github.com/tfpair/tfpair/runner/card"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/export"
	"github.com/tfpair/tfpair/runner/holder"
	"github.com/tfpair/tfpair/runner/inference"
	"github.com/tfpair/tfpair/runner/metric"
	"github.com/tfpair/tfpair/runner/serve"
	"github.com/tfpair/tfpair/runner/serve/client"
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
	exitCrashed     = crash.Code
	exitDifferent   = 10
	exitLost        = 75 // EX_TEMPFAIL of sysexits.h
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
	{exitCrashed, "crashed: what was printed does not count"},
	{exitDifferent, "different (compare --exit-code only)"},
	{exitLost, "a process that trains with this one was lost, or did not come: try again"},
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
	hint advice
}

// outcomes are looked through in order.
var outcomes = []outcome{
	{isA[SignalError], 0, nil}, // the code is the signal's
	{isA[*collective.PortError], exitFailed, advice{"end what listens there, which may be this process started twice, or give another port in TF_CONFIG, on every machine"}},
	{is(syscall.EADDRINUSE), exitFailed, advice{"give another --listen or --admin", "give another --port"}},
	{isFull, exitFailed, advice{"free some room there, and give the same command again"}},
	{isOpenLimit, exitFailed, advice{"raise the limit of open files, such as: ulimit -n 4096"}},
	{isA[*train.SpecError], exitUsage, advice{"to go on, give the settings and the --weights of that run; to begin anew, give another --out"}},
	{isA[*tune.FolderError], exitUsage, advice{"give the same search to go on with it; to begin anew, give another --out"}},
	{isA[*tune.SpaceError], exitUsage, advice{"docs/spec.md says what a space file may hold; tfpair list shows names"}},
	{isA[*card.WordsError], exitUsage, advice{"docs/export.md says what a file for --card may hold"}},
	{isA[*named.UnknownError], exitUsage, nil}, // see hint
	{isA[*usageError], exitUsage, nil},         // see hint
	{isA[*dataset.OptionsError], exitUsage, nil},
	{isA[*graphs.BuildError], exitUsage, advice{"docs/spec.md says what a spec may hold"}},
	{isA[*graphs.MisfitError], exitUsage, nil},
	{isA[*train.ClassesError], exitUsage, nil},
	{isA[*cluster.Error], exitUsage, advice{"docs/distributed.md says what it may hold"}},
	{isA[*cluster.JoinError], exitLost, advice{"start the same command on every machine, and let them reach each other's addresses", "wait longer: --join-timeout 1h"}},
	{isA[*collective.LostError], exitLost, advice{"see what that process said last, and give the same commands again, on every machine: they go on from the last checkpoint",
		"wait longer for one that answers and is busy: --stall-timeout 1h"}},
	{isA[*train.LeftError], exitLost, advice{"give the same commands again, on every machine: they go on from the last checkpoint"}},
	{isA[*train.UnlikeError], exitInput, advice{"give every process the same program, data and settings"}},
	{isA[*train.ApartError], exitFailed, advice{"the last checkpoint was compared and is whole; machines of different processors or a fault of memory can do this"}},
	{is(sampler.ErrNoLabelImages), exitUsage, advice{"list the label image of each photo; docs/data.md shows how",
		"train on classes: leave out --preset image-label"}},
	{isA[*train.SamplerError], exitUsage, nil},
	{isA[*skippedError], exitSkipped, nil},
	{isA[*leftError], exitSkipped, nil}, // see hint
	{isAtStart, exitDiverged, advice{"no step is to blame: start from other --weights", "from another seed: --set train.seed=1"}},
	{isA[*train.DivergedError], exitDiverged, advice{"lower the learning rate, such as --set optimizer.adam.lr=0.0003", "add --set optimizer.adam.clip_norm=1"}},
	{isA[*weights.OptionsError], exitUsage, nil},
	{isA[*wantedError], exitUsage, nil}, // see hint
	{isA[*trained.TowersError], exitUsage, advice{"give --weights once for each network"}},
	{isA[*pretrained.ExistsError], exitUsage, advice{"give another --out; nothing is overwritten"}},
	{isA[*weights.NoHDF5Error], exitInput, advice{"run make hdf5, or install libhdf5-dev, and build tfpair with make; " +
		"docs/weights.md says more"}},
	{isAbsent[*weights.Error], exitInput, advice{"list the weights that have a name: tfpair weights list"}},
	{isA[*weights.Error], exitInput, advice{"docs/weights.md says what is imported"}},
	{isA[*pretrained.ChecksumError], exitInput, nil},
	{isA[*train.WeightsError], exitInput, advice{"to go on, give the weights of that run, or none; to begin anew, give another --out"}},
	{isOverBudget, exitInput, advice{"mend or remove them", "leave more out with a larger --bad-budget"}},
	{isA[*pipeline.BadImagesError], exitInput, advice{"mend or remove them", "add --bad-images skip to leave them out"}},
	{isA[*inference.SeenError], exitInput, advice{"give images that the training has not seen", "add --seen to measure these all the same, and too well"}},
	{isA[*inference.RenamedError], exitInput, advice{"give images of classes that the training has not seen", "add --seen to measure these all the same, and too well"}},
	{isA[*train.ImagesError], exitInput, advice{"to go on, give the images of that run; to begin anew, give another --out"}},
	{isA[*seen.Error], exitInput, advice{"remove that file: the run then says that it is not known which images were trained on"}},
	{isA[*train.MachineError], exitRefused, advice{"go on where it was made, or as it was made", "leave out --exact: the last digits will be others"}},
	{isA[*train.DataError], exitInput, advice{"to go on, give the data of that run; to begin anew, give another --out"}},
	{isPattern, exitInput, advice{"patterns are not expanded in it; give the folder, which may hold archives: --data {folder}"}},
	{isUnsorted, exitInput, advice{"sort them, or answer questions about them, which makes a list that trains: tfpair export --weights efficientnet-lite0 --out start && " +
		"tfpair label --data {data} --out pairs.csv --model start"}},
	{isA[*dataset.Error], exitInput, nil},
	{fixable, exitInput, advice{"write a list without these rows: {again} --fix {mended}"}},
	{isA[*dataset.ListError], exitInput, nil},
	{isAbsent[*decode.ImageError], exitInput, advice{"check the path", "add --bad-images skip to leave it out"}},
	{isA[*decode.ImageError], exitInput, advice{"mend or remove it", "add --bad-images skip to leave it out"}},
	{isA[*distance.FewPairsError], exitInput, advice{"ask for a larger share, or choose on more pairs: tfpair calibrate"}},
	{isA[*inference.NoAcceptError], exitInput, advice{"give a --threshold: a distance that parts right answers from wrong ones"}},
	{is(inference.ErrLabelThreshold), exitInput, advice{"leave out --false-accepts", "give a --threshold"}},
	{is(distance.ErrNoCurve), exitInput, advice{"give a --threshold",
		"choose one on pairs of yours: tfpair calibrate --model {model} --data PAIRS"}},
	{isA[*evaluate.NoPairsError], exitInput, nil},
	{isA[*evaluate.NoQueriesError], exitInput, nil},
	{isA[*evaluate.NoEpisodesError], exitInput, nil},
	{isA[*evaluate.LabelImageError], exitInput, advice{"train with target.side=shared to search among label images that training did not have"}},
	{isA[*metric.DegenerateError], exitInput, nil},
	{isAbsent[*run.NotRunError], exitInput, advice{"check the path", "train it first: tfpair train --data {data} --out {run}"}},
	{isA[*run.NotRunError], exitInput, nil},
	{isA[*run.SpecError], exitInput, nil},
	{isA[*run.CheckpointError], exitUsage, advice{"give another --checkpoint"}},
	{isAbsent[*models.NotModelError], exitInput, advice{"check the path", "train it first: tfpair train --data {data} --out {model}"}},
	{isLocked, exitInput, advice{"let the user of this program read it: chmod -R a+rX {model}"}},
	{isRunFolder, exitInput, advice{"it is a run; export it: {export}"}},
	{isA[*models.NotModelError], exitInput, advice{"tfpair export --run RUN --out MODEL makes one"}},
	{isA[*models.SignatureError], exitInput, advice{"get the model again from those who signed it"}},
	{isA[*signature.KeyError], exitInput, nil},
	{isLinkedOut, exitInput, advice{"copy the model with what its links lead to: cp -rL {model} {copy}"}},
	{isA[*models.CorruptError], exitInput, advice{"export it again: tfpair export --run RUN --out MODEL"}},
	{isA[*session.LoadError], exitInput, advice{"export it again: tfpair export --run RUN --out MODEL"}},
	{is(models.ErrCrashed), exitCrashed, advice{`see what its process said last; "signal: killed" is what Linux does where memory runs out: give it more`}},
	{isA[*models.AnswerError], exitInput, advice{"the model is not what it claims to be; ask who made it"}},
	{isA[*models.RefusedError], exitInput, advice{"load it all the same, if you know who made it: --trust any"}},
	{isA[*models.NewerError], exitInput, advice{"use the version of tfpair that exported it, or a later one"}},
	{isA[*export.ExistsError], exitUsage, advice{"give another --out or --version; nothing is overwritten"}},
	{isKept, exitUsage, advice{"give another --out", "give another --sheet"}},
	{isA[*aside.ExistsError], exitUsage, advice{"give another --out", "give another --sheet", "add --overwrite to replace it"}},
	{is(index.ErrFile), exitInput, advice{"make it a folder: tfpair index update --model {model} --index {index}"}},
	{isA[*awayError], exitInput, nil}, // see hint
	{isA[*unknownDataError], exitUsage, nil},
	{isA[*changedError], exitUsage, nil}, // see hint
	{isA[*index.BusyError], exitFailed, nil},
	{isA[*inference.LostError], exitInput, nil}, // see hint
	{is(postgres.ErrNone), exitInput, advice{"write it there first: tfpair index push --index INDEX --to {index}"}},
	{isA[*postgres.Error], exitInput, nil},
	{isUnknownToken, exitInput, advice{"give a --token-file with a token of those who may change the index"}},
	{isServiceFault, exitFailed, advice{"give the same command again: what it has done stays"}},
	{isA[*client.Error], exitInput, nil},
	{isA[*unreachedError], exitFailed, advice{"see that the service runs at {index}, and give the same command again: what it has done stays"}},
	{isAbsent[*index.Error], exitInput, advice{"build it first: {build}"}},
	{isOfFloat32, exitInput, advice{"embed its images again with this model: tfpair index migrate --model {model} --index {index} --out {index}.new",
		"keep its vectors, which are near: tfpair index migrate --model {model} --index {index} --out {index}.new --keep-vectors"}},
	{isOfAnother, exitInput, advice{"embed its images again with this model: tfpair index migrate --model {model} --index {index} --out {index}.new"}},
	{isA[*index.Error], exitInput, advice{"build it again with this model: {rebuild}"}},
	{isFar, exitInput, advice{"leave out --keep-vectors, and its images are embedded again"}},
	{is(models.ErrNoGallery), exitInput, advice{"search with --index what tfpair index build has made",
		"export it with a gallery: tfpair export --run RUN --out NEW --gallery DATA"}},
	{isA[*models.SpaceError], exitInput, advice{"embed the images again with this model: tfpair embed --model {model} --data DATA --out VECTORS"}},
	{isA[*vectors.Error], exitInput, advice{"tfpair embed writes such files"}},
	{is(trained.ErrFrozen), exitUsage, advice{"leave out --gallery",
		"search the label images that the model has: tfpair search --model {model} --image PATH"}},
	{isA[*holder.NothingError], exitInput, advice{"give --in the folder of a run or of an exported model, the file of an index, " +
		"or a folder above some"}},
	{is(export.ErrNotRemembered), exitInput, advice{"leave out --with-seen", "train again"}},
	{isA[*export.AliasesError], exitInput, advice{"without that file aliases are given anew, and those in earlier models stand for nothing"}},
	{is(inference.ErrAliased), exitInput, advice{"evaluate the run, which has the names: --model RUN"}},
	{is(inference.ErrNoClasses), exitInput, advice{"leave out --unseen-classes"}},
	{isA[*foundError], exitRefused, nil},
	{isA[*export.WeightError], exitRefused, advice{"export another checkpoint: --checkpoint"}},
	{isA[*export.DifferenceError], exitRefused, nil},
	{isA[*onnx.OperationError], exitUsage, advice{"leave out --onnx"}},
	{isA[*export.DropError], exitRefused, advice{"keep these layers float32: --keep-float LAYER, once for each", "allow more: --max-drop"}},
	{isA[*export.LayerError], exitUsage, nil},
	{isA[*export.DataError], exitInput, advice{"give the --data, --val, --test, --images, --columns and --format of that training"}},
	{is(export.ErrInt8Folds), exitUsage, advice{"leave out --precision"}},
	{is(quantize.ErrNothing), exitRefused, advice{"leave out --precision", "keep fewer layers float32: --keep-float"}},
	{isA[*graphs.TooLargeError], exitRefused, advice{"keep weights as variables, beside the graph: --form trainable"}},
	{isA[*features.SpaceError], exitFailed, advice{"make room, give --out on another disk", "see images anew in each step: --set cache.type=off"}},
	{isA[*features.NotFiniteError], exitInput, advice{"the frozen weights are not finite, or not of this backbone"}},
	{isA[*run.LockedError], exitFailed, advice{"wait for it to end", "give another --out"}},
	{isA[*checkpoint.CorruptError], exitInput, advice{"another checkpoint may be whole: --checkpoint last"}},
	{is(checkpoint.ErrNone), exitInput, advice{"the training was ended before its first checkpoint; give the same train command again"}},
	{is(inference.ErrUncalibrated), exitInput, advice{"give a --threshold",
		"choose one on pairs of yours: tfpair calibrate --model {model} --data PAIRS"}},
	{is(trained.ErrNoThreshold), exitInput, advice{"--checkpoint best is one that was evaluated"}},
	{isA[*serve.FileError], exitInput, nil},
	{isA[*libtensorflow.MissingError], exitInput, nil},
	{isA[*load.Error], exitInput, nil},
	{isA[*libtensorflow.ManifestError], exitInput, nil},
	{is(models.ErrNoInt8), exitInput, advice{"use the float32 model: tfpair export without --precision"}},
	{is(session.ErrNoGPU), exitInput, advice{"tfpair doctor names what the GPU build misses; --device cpu works everywhere"}},
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

// reported says what went wrong, and what to do, and returns the exit code.
func reported(streams IO, err error) int {
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
	of := &commandError{}
	errors.As(err, &of)
	if hint := o.hintFor(err, of); hint != "" {
		out.say("tfpair: hint: %s", hint)
	}
	return o.code
}

// isKept reports whether what is in the way is not replaced, even with --overwrite.
func isKept(err error) bool {
	var e *aside.ExistsError
	return errors.As(err, &e) && e.Kept != ""
}

// isFull reports whether a disk is full, or what its user may have of it is used up: nothing is wrong with what is there.
func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// isOpenLimit reports whether too many files are open: nothing is wrong with the one that was to be opened
// next. TensorFlow and errors about damaged files keep only the words of it.
func isOpenLimit(err error) bool {
	text := strings.ToLower(err.Error())
	return strings.HasSuffix(text, syscall.EMFILE.Error()) || strings.HasSuffix(text, syscall.ENFILE.Error())
}

// isAbsent reports whether a thing of a kind is not there.
func isAbsent[E error](err error) bool { return isA[E](err) && errors.Is(err, fs.ErrNotExist) }

// isOfAnother reports whether an index was made by another model.
func isOfAnother(err error) bool { return isA[*index.Error](err) && isA[*models.SpaceError](err) }

// isOfFloat32 reports whether an index was made by the float32 model that the int8 model was made of.
func isOfFloat32(err error) bool {
	var of *models.SpaceError
	return isA[*index.Error](err) && errors.As(err, &of) && of.Float32
}

// isFar reports whether the vectors of an index cannot be kept for a model.
func isFar(err error) bool {
	return errors.Is(err, inference.ErrNotInt8) || errors.Is(err, inference.ErrNotFloat32)
}

// isUnsorted reports whether pictures lie in one folder, with nothing that says which belong together.
func isUnsorted(err error) bool {
	var of *dataset.ClassesError
	return isA[*dataset.Error](err) && errors.As(err, &of) && of.Unsorted > 1
}

// patternSigns are what patterns of a shell are made of.
const patternSigns = "*?[{"

// isPattern reports whether there is no data of a name that looks like a pattern of a shell.
func isPattern(err error) bool {
	var of *dataset.Error
	return errors.As(err, &of) && errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(of.Path, patternSigns)
}

// isRunFolder reports whether a run is where an exported model is wanted.
func isRunFolder(err error) bool {
	var of *models.NotModelError
	if !errors.As(err, &of) {
		return false
	}
	is, err := inference.IsRun(of.Path)
	return err == nil && is
}

// isLocked reports whether this user may not read a model.
func isLocked(err error) bool {
	return (isA[*models.NotModelError](err) || isA[*models.CorruptError](err)) && errors.Is(err, fs.ErrPermission)
}

// isLinkedOut reports whether a file of a model is a link to one outside of the model's folder, as
// in caches that keep each file once.
func isLinkedOut(err error) bool {
	var of *models.CorruptError
	if !errors.As(err, &of) || !filepath.IsLocal(filepath.FromSlash(of.File)) {
		return false
	}
	root, err := filepath.EvalSymlinks(of.Path)
	if err != nil {
		return false
	}
	file, err := filepath.EvalSymlinks(filepath.Join(root, filepath.FromSlash(of.File)))
	if err != nil || strings.HasPrefix(file, root+string(filepath.Separator)) {
		return false
	}
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular()
}

// isUnknownToken reports whether a service knows another token.
func isUnknownToken(err error) bool {
	var answer *client.Error
	return errors.As(err, &answer) && answer.Status == http.StatusUnauthorized
}

// isServiceFault reports whether a service could not answer a request that may be well.
func isServiceFault(err error) bool {
	var answer *client.Error
	return errors.As(err, &answer) && (answer.Status >= http.StatusInternalServerError || answer.Status == http.StatusTooManyRequests)
}

// isAtStart reports whether numbers were not finite before the first step.
func isAtStart(err error) bool {
	var diverged *train.DivergedError
	return errors.As(err, &diverged) && diverged.Step == 0 && diverged.Images == nil
}

// isOverBudget reports whether more images are bad than may be skipped, where some may.
func isOverBudget(err error) bool {
	var bad *pipeline.BadImagesError
	return errors.As(err, &bad) && bad.Share > 0
}

package cli

import (
	"errors"
	"strings"
	"testing"
)

// refusal is a change of options that are right, and what is said of it; "" where it is right, too.
type refusal[O any] struct {
	change func(*O)
	want   string
}

// refuse checks what validate says of right options and of changed ones.
func refuse[O interface{ validate() error }](t *testing.T, right O, list ...refusal[O]) {
	t.Helper()
	for _, r := range append(list, refusal[O]{func(*O) {}, ""}) {
		o := right
		r.change(&o)
		err := o.validate()
		var usage *usageError
		switch {
		case r.want == "" && err != nil:
			t.Errorf("validate(%+v) = %v, want nil", o, err)
		case r.want != "" && (!errors.As(err, &usage) || !strings.Contains(err.Error(), r.want)):
			t.Errorf("validate(%+v) = %v, want a usageError: %s", o, err, r.want)
		}
	}
}

var (
	rightReading = readingOptions{bad: "stop"}
	rightMachine = machineOptions{device: "auto"}
)

func TestReadingOptions(t *testing.T) {
	type o = readingOptions
	refuse(t, rightReading,
		refusal[o]{func(o *o) { o.budget = 7 }, ""}, // of what is not asked for
		refusal[o]{func(o *o) { o.bad = "keep" }, `--bad-images must be stop or skip, got "keep"`},
		refusal[o]{func(o *o) { o.bad, o.budget = "skip", 0 }, "--bad-budget must be a share above 0 and up to 1, got 0"},
		refusal[o]{func(o *o) { o.bad, o.budget = "skip", 1.5 }, "got 1.5"},
		refusal[o]{func(o *o) { o.bad, o.budget = "skip", 1 }, ""},
		refusal[o]{func(o *o) { o.workers = -1 }, "--workers must be 0 or more, got -1"})
}

func TestMachineOptions(t *testing.T) {
	type o = machineOptions
	refuse(t, rightMachine,
		refusal[o]{func(o *o) { o.device = "tpu" }, `--device must be auto, cpu or gpu, got "tpu"`},
		refusal[o]{func(o *o) { o.threads = -2 }, "--threads must be 0 or more, got -2"})
}

func TestEmbedOptions(t *testing.T) {
	type o = embedOptions
	right := embedOptions{data: dataOptions{path: "data", reading: rightReading},
		model: modelOptions{folder: "model"}, out: "v.npy", machine: rightMachine}
	refuse(t, right,
		refusal[o]{func(o *o) { o.out = "" }, "embed needs --model and --data and --out"},
		refusal[o]{func(o *o) { o.model.folder = "" }, "embed needs --model"},
		refusal[o]{func(o *o) { o.data.path = "" }, "embed needs --model"},
		refusal[o]{func(o *o) { o.data.reading.bad = "" }, "--bad-images"},
		refusal[o]{func(o *o) { o.machine.device = "" }, "--device"})
}

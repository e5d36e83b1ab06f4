package cli

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/models"
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
		refusal[o]{func(o *o) { o.keep = -1 }, "--pixel-cache must be 0 to 1048576 GiB, got -1"},
		refusal[o]{func(o *o) { o.keep = 0.5 }, ""},
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
		refusal[o]{func(o *o) { o.out = "" }, "embed needs --model and --data and --out; not given: --out"},
		refusal[o]{func(o *o) { o.model.folder = "" }, "; not given: --model"},
		refusal[o]{func(o *o) { o.data.path, o.out = "", "" }, "; not given: --data and --out"},
		refusal[o]{func(o *o) { o.data.reading.bad = "" }, "--bad-images"},
		refusal[o]{func(o *o) { o.machine.device = "" }, "--device"})
}

func TestTrainOptions(t *testing.T) {
	type o = trainOptions
	right := trainOptions{data: dataOptions{path: "data", reading: rightReading}, out: "run", machine: rightMachine,
		cluster: clusterOptions{join: defaultJoin, stall: defaultStall}}
	refuse(t, right,
		refusal[o]{func(o *o) { o.data.path = "" }, "train needs --data and --out"},
		refusal[o]{func(o *o) { o.out = "" }, "train needs --data and --out"},
		refusal[o]{func(o *o) { o.recipe.effort = "most" }, `--effort must be quick, good or best, got "most"`},
		refusal[o]{func(o *o) { o.out, o.recipe.explain = "", true }, ""},
		refusal[o]{func(o *o) { o.data.path, o.recipe.explain = "", true }, "train needs --data"},
		refusal[o]{func(o *o) { o.minutes = -1 }, "--max-minutes must be 0 (no limit) to 1e+06, got -1"},
		refusal[o]{func(o *o) { o.minutes = math.NaN() }, "got NaN"},
		refusal[o]{func(o *o) { o.minutes = 1e9 }, "got 1e+09"},
		refusal[o]{func(o *o) { o.minutes = 0.5 }, ""},
		refusal[o]{func(o *o) { o.cluster.local = 65 }, "--local-workers must be 1 to 64, got 65"},
		refusal[o]{func(o *o) { o.cluster.join = 0 }, "--join-timeout must be more than 0, got 0s"},
		refusal[o]{func(o *o) { o.cluster.stall = 0 }, "--stall-timeout must be 1s or more, got 0s"},
		refusal[o]{func(o *o) { o.data.reading.bad = "" }, "--bad-images"},
		refusal[o]{func(o *o) { o.machine.device = "" }, "--device"})
}

func TestTuneOptions(t *testing.T) {
	type o = tuneOptions
	right := tuneOptions{data: dataOptions{path: "data", reading: rightReading}, space: "space.yaml", out: "search",
		search: "random", trials: 2, machine: rightMachine}
	right.limited.trials = true
	refuse(t, right,
		refusal[o]{func(o *o) { o.space = "" }, "tune needs --data and --space and --out"},
		refusal[o]{func(o *o) { o.trials = 0 }, "--trials must be at least 1, got 0"},
		refusal[o]{func(o *o) { o.limited.trials = false }, "tune needs --trials N or --minutes M"},
		refusal[o]{func(o *o) { o.limited.trials, o.search = false, "grid" }, ""},
		refusal[o]{func(o *o) { o.limited.minutes, o.minutes = true, -1 }, "--minutes must be above 0, got -1"},
		refusal[o]{func(o *o) { o.limited.minutes, o.minutes = true, math.Inf(1) }, "got +Inf"},
		refusal[o]{func(o *o) { o.seeds = -1 }, "--seeds must be 0 or more, got -1"},
		refusal[o]{func(o *o) { o.data.reading.workers = -1 }, "--workers"},
		refusal[o]{func(o *o) { o.machine.threads = -1 }, "--threads"})
}

func TestListOptions(t *testing.T) {
	refuse(t, listOptions{},
		refusal[listOptions]{func(o *listOptions) { o.kind = "loss" }, ""},
		refusal[listOptions]{func(o *listOptions) { o.kind = "lss" }, `unknown kind "lss" (known: preset, `})
}

func TestDoctorOptions(t *testing.T) {
	refuse(t, doctorOptions{machine: rightMachine},
		refusal[doctorOptions]{func(o *doctorOptions) { o.machine.device = "tpu" }, "--device"})
}

func TestDemoOptions(t *testing.T) {
	type o = demoOptions
	full := t.TempDir()
	if err := os.WriteFile(full+"/letter.txt", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	refuse(t, demoOptions{folder: t.TempDir(), steps: 1},
		refusal[o]{func(o *o) { o.steps = 0 }, "--steps must be 1 or more, got 0"},
		refusal[o]{func(o *o) { o.folder = "" }, "--out must name a folder"},
		refusal[o]{func(o *o) { o.folder = full }, "is there and holds no demo"})
}

func TestWeightsOptions(t *testing.T) {
	for _, c := range []struct{ got, want error }{
		{weightsOptions{}.validateInspect(), usagef("inspect needs --from")},
		{weightsOptions{from: "a.pth"}.validateInspect(), nil},
		{weightsOptions{from: "a.pth"}.validateConvert(), usagef("convert needs --from and --out; not given: --out")},
		{weightsOptions{from: "a.pth", out: "b.pth"}.validateConvert(),
			usagef(`--out must end in .safetensors, got "b.pth"`)},
		{weightsOptions{from: "a.pth", out: "b.safetensors"}.validateConvert(), nil},
	} {
		if fmt.Sprint(c.got) != fmt.Sprint(c.want) {
			t.Errorf("validate = %v, want %v", c.got, c.want)
		}
	}
}

func TestCompareOptions(t *testing.T) {
	type o = compareOptions
	refuse(t, compareOptions{model: modelOptions{folder: "model"}, left: "a.png", right: "b.png", prevalence: 0.5,
		machine: rightMachine},
		refusal[o]{func(o *o) { o.prevalence = 1 }, "--prevalence must be above 0 and below 1, got 1"},
		refusal[o]{func(o *o) { o.right = "" }, "compare needs --model and --left and --right"},
		refusal[o]{func(o *o) { o.machine.threads = -1 }, "--threads"})
}

func TestIndexOptions(t *testing.T) {
	type o = indexOptions
	right := indexOptions{data: dataOptions{path: "data", reading: rightReading}, model: modelOptions{folder: "model"},
		out: "x.index", kind: "flat", machine: rightMachine}
	refuse(t, right,
		refusal[o]{func(o *o) { o.out = "" }, "index build needs --model and --data and --out"},
		refusal[o]{func(o *o) { o.data.reading.workers = -1 }, "--workers"},
		refusal[o]{func(o *o) { o.machine.device = "tpu" }, "--device"})
	right.kind = "flt"
	if err := right.validate(); err == nil || err.Error() != `unknown index "flt" (known: flat, ivf); did you mean flat?` {
		t.Errorf("kind flt: %v", err)
	}
}

func TestSearchOptions(t *testing.T) {
	type o = searchOptions
	refuse(t, searchOptions{model: modelOptions{folder: "model"}, images: []string{"a.png"}, k: 1, vote: voteOptions{of: 1}, reading: rightReading,
		machine: rightMachine},
		refusal[o]{func(o *o) { o.images = nil }, "search needs --model and --image"},
		refusal[o]{func(o *o) { o.k = 0 }, "-k must be 1 or more, got 0"},
		refusal[o]{func(o *o) { o.vote.of = 0 }, "--vote must be 1 or more, got 0"},
		refusal[o]{func(o *o) { o.sheet.path = "a.jpg" }, `--sheet "a.jpg": want a name that ends in .png`},
		refusal[o]{func(o *o) { o.sheet.path = "absent/a.png" }, `there is no folder "absent"`},
		refusal[o]{func(o *o) { o.reading.bad = "keep" }, "--bad-images"})
}

func TestExportOptions(t *testing.T) {
	type o = exportOptions
	refuse(t, exportOptions{run: "run", out: "model", form: string(models.Folded), precision: precisionOptions{precision: precisionFloat32},
		reading: rightReading, machine: rightMachine},
		refusal[o]{func(o *o) { o.run = "" }, "export needs --run, or --weights"},
		refusal[o]{func(o *o) { o.versioned = true }, "--version must be 1 or more, got 0"},
		refusal[o]{func(o *o) { o.precision.precision = "int4" }, "--precision must be float32 or int8, got \"int4\""},
		refusal[o]{func(o *o) { o.run, o.weights, o.precision.precision = "", []string{"resnet50.pth"}, precisionInt8 }, "--precision int8 needs --data"},
		refusal[o]{func(o *o) { o.precision.precision, o.precision.val = precisionInt8, "more.csv" }, "--columns are of --data"},
		refusal[o]{func(o *o) { o.form = "frozen" }, "--form must be folded or trainable, got \"frozen\""},
		refusal[o]{func(o *o) { o.versioned, o.version = true, 3 }, ""})
}

func TestEvaluateOptions(t *testing.T) {
	type o = evaluateOptions
	right := evaluateOptions{data: dataOptions{path: "data", reading: rightReading}, model: modelOptions{folder: "model"},
		split: "test", prevalence: 0.5, few: fewShotOptions{shot: 1, episodes: 1}, machine: rightMachine}
	refuse(t, right,
		refusal[o]{func(o *o) { o.data.path = "" }, "evaluate needs --model and --data"},
		refusal[o]{func(o *o) { o.prevalence = 0 }, "--prevalence must be above 0 and below 1, got 0"},
		refusal[o]{func(o *o) { o.split = "tset" }, `--split must be train, val or test, got "tset"`},
		refusal[o]{func(o *o) { o.unseen, o.split = true, "val" }, `--unseen-classes measures test, got --split "val"`},
		refusal[o]{func(o *o) { o.unseen = true }, ""},
		refusal[o]{func(o *o) { o.few.shaped = true }, "--way is missing"},
		refusal[o]{func(o *o) { o.few.drawn, o.few.way = true, 1 }, "--way must be at least 2"},
		refusal[o]{func(o *o) { o.few.drawn, o.few.way, o.few.oneShot = true, 2, true }, "give one of them"},
		refusal[o]{func(o *o) { o.few.oneShot, o.gallery = true, "train" }, "--gallery is for retrieval"},
		refusal[o]{func(o *o) { o.few.oneShot, o.sheet.path = true, "a.png" }, "--sheet shows pairs"},
		refusal[o]{func(o *o) { o.few.oneShot, o.data.reading.bad, o.data.reading.budget = true, "skip", 0.5 },
			"--bad-images skip would change the episodes"},
		refusal[o]{func(o *o) { o.few.drawn, o.few.way = true, 5 }, ""})
}

func TestDescribeOptions(t *testing.T) {
	type o = describeOptions
	refuse(t, describeOptions{model: modelOptions{folder: "model"}, machine: rightMachine},
		refusal[o]{func(o *o) { o.start.preset = "siamese" }, "--model has a spec of its own"},
		refusal[o]{func(o *o) { o.model.folder = "" }, "describe needs --model, or a spec"},
		refusal[o]{func(o *o) { o.model.folder, o.start.set = "", []string{"train.steps=5"} }, ""})
}

func TestAugmentOptions(t *testing.T) {
	type o = augmentOptions
	refuse(t, augmentOptions{data: dataOptions{path: "data", reading: rightReading}, out: "absent.png", count: 1, draws: 30},
		refusal[o]{func(o *o) { o.out = "" }, "augment needs --data and --out"},
		refusal[o]{func(o *o) { o.count = 101 }, "--count must be 1 to 100, got 101"},
		refusal[o]{func(o *o) { o.draws = 0 }, "--draws must be 1 to 30, got 0"})
}

func TestThresholdOptions(t *testing.T) {
	type o = thresholdOptions
	refuse(t, thresholdOptions{},
		refusal[o]{func(o *o) { o.given, o.value = true, -1 }, ""},
		refusal[o]{func(o *o) { o.falseAccepts = "1%" }, ""},
		refusal[o]{func(o *o) { o.falseAccepts = "0.01" }, ""},
		refusal[o]{func(o *o) { o.falseAccepts = "1" }, `--false-accepts must be a share above 0 and below 1, such as 1% or 0.01, got "1"`},
		refusal[o]{func(o *o) { o.falseAccepts = "100%" }, `got "100%"`},
		refusal[o]{func(o *o) { o.falseAccepts = "0" }, `got "0"`},
		refusal[o]{func(o *o) { o.falseAccepts = "-1%" }, `got "-1%"`},
		refusal[o]{func(o *o) { o.falseAccepts = "few" }, `got "few"`},
		refusal[o]{func(o *o) { o.falseAccepts = "NaN" }, `got "NaN"`},
		refusal[o]{func(o *o) { o.given, o.falseAccepts = true, "1%" }, "--threshold and --false-accepts each choose the threshold"})
	for text, want := range map[string]float64{"1%": 0.01, "0.5 %": 0.005, "0.01": 0.01, "1e-3": 0.001} {
		if got, err := parseShare("--x", text); err != nil || got != want {
			t.Errorf("parseShare(%q) = %g, %v; want %g", text, got, err, want)
		}
	}
}

func TestCalibrateOptions(t *testing.T) {
	type o = calibrateOptions
	right := calibrateOptions{model: "model", max: "f1", machine: rightMachine}
	refuse(t, right,
		refusal[o]{func(o *o) { o.model = "" }, "calibrate needs --model"},
		refusal[o]{func(o *o) { o.max = "" }, "calibrate needs --data, or one of"},
		refusal[o]{func(o *o) { o.max = "auc" }, `--max must be accuracy or f1, got "auc"`},
		refusal[o]{func(o *o) { o.falseRejects = "1%" }, "--false-rejects and --max each choose the threshold"},
		refusal[o]{func(o *o) { o.max, o.falseRejects = "", "2" }, "--false-rejects must be a share"},
		refusal[o]{func(o *o) { o.max, o.falseRejects = "", "1%" }, ""},
		refusal[o]{func(o *o) { o.data = dataOptions{path: "data", reading: rightReading} }, ""},
		refusal[o]{func(o *o) { o.max, o.data = "", dataOptions{path: "data", reading: rightReading} }, ""},
		refusal[o]{func(o *o) { o.data, o.split = dataOptions{path: "data", reading: rightReading}, "dev" },
			`--split must be train, val or test, got "dev"`},
		refusal[o]{func(o *o) {
			o.max, o.threshold.given, o.data = "", true, dataOptions{path: "data", reading: rightReading}
		}, "--data chooses the threshold, and --threshold gives it"})
}

func TestServeOptions(t *testing.T) {
	type o = serveOptions
	right := serveOptions{models: []string{"model"}, log: "auto", machine: rightMachine, limits: serveLimits{listen: ":8080", admin: "off", body: 16, pictures: 32, side: 100, memory: 1024,
		queue: 1, connections: 1, batch: 1, wait: 1, deadline: 2, run: 1, header: 1, read: 1, idle: 1, drain: 1}}
	refuse(t, right,
		refusal[o]{func(o *o) { o.models = nil }, "serve needs --model"},
		refusal[o]{func(o *o) { o.log = "xml" }, `--log must be text, json or auto, got "xml"`},
		refusal[o]{func(o *o) { o.limits.body = 0 }, "--max-body must be 1 to 1048576, got 0"},
		refusal[o]{func(o *o) { o.limits.memory = 1 << 30 }, "--memory must be"},
		refusal[o]{func(o *o) { o.limits.deadline = 0 }, "--deadline must be more than 0s, got 0s"},
		refusal[o]{func(o *o) { o.limits.wait = 2 }, "--queue-wait must be less than --deadline, got 2ns and 2ns"},
		refusal[o]{func(o *o) { o.limits.grace = -1 }, "--grace and --max-delay must be 0s or more"},
		refusal[o]{func(o *o) { o.limits.listen = "8080" }, `--listen must be host:port, such as :8080, got "8080"`},
		refusal[o]{func(o *o) { o.limits.listen = "localhost:99999" }, `--listen must be host:port, such as :8080, got "localhost:99999"`},
		refusal[o]{func(o *o) { o.limits.listen = "localhost:" }, `--listen must be host:port, such as :8080, got "localhost:"`},
		refusal[o]{func(o *o) { o.limits.listen, o.limits.admin = "[::1]:http", "none" }, `--admin must be host:port or off, got "none"`},
		refusal[o]{func(o *o) { o.limits.key = "a" }, `go together, got "" and "a"`})
	if got, err := (serveOptions{models: []string{"a"}, indexes: []string{"i"}, writers: []string{"w"}}).served(); err != nil || got[0].writers != "w" {
		t.Errorf("--index-tokens w = %+v, %v", got, err)
	}
	if _, err := (serveOptions{models: []string{"a"}, writers: []string{"w"}}).served(); err == nil || !strings.Contains(err.Error(), "there is no --index of it") {
		t.Errorf("--index-tokens without --index = %v", err)
	}
	for _, c := range []struct {
		models, indexes []string
		want            []served
		says            string
	}{
		{[]string{"some/model/"}, nil, []served{{Name: "model", Model: "some/model/"}}, ""},
		{[]string{"a=x", "b=y=z"}, []string{"i", "b=j"}, []served{{Name: "a", Model: "x", Index: "i", Shown: "i"},
			{Name: "b", Model: "y=z", Index: "j", Shown: "j"}}, ""},
		{[]string{"./a=b"}, nil, nil, `--model "./a=b" has no name`},
		{[]string{"my photos=x y"}, nil, nil, `--model "my photos=x y" has no name that a URL can hold; give one: --model photos='x y'`},
		{[]string{"x/a b"}, nil, nil, `give one: --model photos='x/a b'`},
		{[]string{"x/a", "y/a"}, nil, nil, `two models have the name "a"`},
		{[]string{"a"}, []string{"b=i"}, nil, `is for a model "b"`},
		{[]string{"a"}, []string{"i", "j"}, nil, `a second index, "j"`},
	} {
		got, err := serveOptions{models: c.models, indexes: c.indexes}.served()
		if !slices.Equal(got, c.want) || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("served(%q, %q) = %+v, %v; want %+v, %q", c.models, c.indexes, got, err, c.want, c.says)
		}
	}
}

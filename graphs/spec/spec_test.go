package spec

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustPreset(t *testing.T) *Spec {
	t.Helper()
	s, err := Preset(DefaultPreset)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// flatOf compares specs by what they say.
func flatOf(t *testing.T, s *Spec) map[string]string {
	t.Helper()
	values, err := s.Values()
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestPresets(t *testing.T) {
	for _, name := range Presets.Names() {
		s, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(); err != nil {
			t.Errorf("preset %q: %v", name, err)
		}
	}
	if _, err := Preset("siamse"); err == nil ||
		err.Error() != `unknown preset "siamse" (known: image-label, siamese, triplet); did you mean siamese?` {
		t.Errorf("Preset(siamse) = %v", err)
	}
}

func TestMarshalRoundTrip(t *testing.T) {
	s, err := mustPreset(t).Set("loss={contrastive: {margin: 2}}", "backbone.smallconv.filters=[4,8]")
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(text, "spec.yaml", &Spec{})
	if err != nil {
		t.Fatalf("Parse of\n%s: %v", text, err)
	}
	if diff := cmp.Diff(flatOf(t, s), flatOf(t, again)); diff != "" {
		t.Errorf("after Marshal and Parse (-want +got):\n%s", diff)
	}
	second, err := again.Marshal()
	if err != nil || string(second) != string(text) {
		t.Errorf("second Marshal = %s, %v; want\n%s", second, err, text)
	}
}

// TestParseIssue reads the spec of the issue text, key for key.
func TestParseIssue(t *testing.T) {
	const text = `
topology: siamese
input: {size: 64, resize: squash}
backbone: {smallconv: {filters: [32, 64], dense: 128}}
head: {none: {}}
distance: {euclidean: {}}
loss: {bce: {}}
optimizer: {adam: {lr: 0.001}}
schedule: {constant: {}}
sampler: {pairs: {}}
train: {batch_size: 32, steps: 1565, seed: 0, eval_every: 313, select: val.auc}
`
	s, err := Parse([]byte(text), "spec.yaml", mustPreset(t))
	if err != nil {
		t.Fatal(err)
	}
	if s.Loss.Name != "bce" || s.Train != mustPreset(t).Train || s.Input != mustPreset(t).Input {
		t.Errorf("Parse = %+v", s)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"top key", "topolgy: siamese\n",
			`spec.yaml:1: unknown key "topolgy" (known: topology, input, backbone, head, embed, distance, miner, loss, optimizer, schedule, sampler, augment, target, cache, train)`},
		{"nested key", "topology: siamese\ntrain:\n  stpes: 5\n",
			`spec.yaml:3: unknown key "stpes" (known: batch_size, steps, seed, val, test, folds, fold, unseen_classes, eval_every, threshold, select, patience, chunk, accumulate, interpolate, sync_bn, precision, ema)`},
		{"type", "train: {steps: many}\n", "spec.yaml:1: train.steps: want a whole number, got \"many\""},
		{"fraction", "train:\n  patience: 0.9\n", "spec.yaml:2: train.patience: want a whole number, got 0.9"},
		{"every fault", "train:\n  eval_every: 0.5\n  seed: 1.5\n",
			"spec.yaml:2: train.eval_every: want a whole number, got 0.5\nspec.yaml:3: train.seed: want a whole number, got 1.5"},
		{"octal", "train: {steps: 010}\n", "spec.yaml:1: train.steps: want a whole number without leading zeros, got 010"},
		{"old octal", "train: {val: 01}\n", "spec.yaml:1: train.val: want a finite decimal number, got 01"},
		{"hexadecimal", "input: {size: 0x10}\n", "spec.yaml:1: input.size: want a whole number, got 0x10"},
		{"exponent", "train: {steps: 1e3}\n", "spec.yaml:1: train.steps: want a whole number, got 1e3"},
		{"underscore", "train: {steps: 1_000}\n", "spec.yaml:1: train.steps: want a whole number, got 1_000"},
		{"infinity", "train: {val: .inf}\n", "spec.yaml:1: train.val: want a finite decimal number, got .inf"},
		{"no number", "train: {ema: .nan}\n", "spec.yaml:1: train.ema: want a finite decimal number, got .nan"},
		{"infinite word", "input: {resize: .nan}\n", "spec.yaml:1: input.resize: want a finite value, got .nan"},
		{"infinite name", "train: {steps: 2}\nloss: -.Inf\n", "spec.yaml:2: loss: want a finite value, got -.Inf"},
		{"infinite rule", "train: {threshold: {max: .inf}}\n", "spec.yaml:1: train.threshold.max: want a finite value, got .inf"},
		{"infinite option", "loss: {crossbatch: {loss: +.INF}}\n", "spec.yaml:1: loss.crossbatch.loss: want a finite value, got +.INF"},
		{"infinite row", "loss: {.inf: {}}\n", "spec.yaml:1: loss: want a finite value, got .inf"},
		{"too large", "train: {seed: 9223372036854775808}\n", "spec.yaml:1: train.seed: want a whole number from -9223372036854775808 to 9223372036854775807, got 9223372036854775808"},
		{"list for keys", "train: [1, 2]\n", "spec.yaml:1: train: want keys and values, got a list"},
		{"word for keys", "input:\n  48\n", "spec.yaml:2: input: want keys and values, got 48"},
		{"answer", "train:\n  unseen_classes: perhaps\n", "spec.yaml:2: train.unseen_classes: want true or false, got \"perhaps\""},
		{"text", "steps\n", "spec.yaml:1: want keys and values, got \"steps\""},
		{"twice", "train:\n  steps: 1\n  steps: 2\n", "spec.yaml:3: train.steps: is there twice, first in line 2"},
		{"list for a name", "backbone: [a]\n", "spec.yaml:1: backbone: want one name, `name` or `{name: {option: value}}`, got a list"},
		{"by another name", "train: &t {steps: 2}\ncache: {views: 0.5}\n", "spec.yaml:2: cache.views: want a whole number, got 0.5"},
		{"two names", "loss: {bce: {}, contrastive: {}}\n", "spec.yaml:1: loss: want one name"},
		{"options", "loss: {bce: 3}\n", `spec.yaml:1: loss: options of "bce" must be a mapping`},
		{"syntax", "train: {steps: 5\n", "spec.yaml:"},
		{"empty", "", "spec.yaml: empty spec"},
		{"two documents", "topology: siamese\n---\ntopology: siamese\n", "want one YAML document"},
		{"size", "input: {size: 0}\n", "spec.yaml: input.size must be 1 to 4096 pixels, got 0"},
		{"steps", "train: {steps: -1}\n", "spec.yaml: train.steps must be 0 to 99999999, got -1"},
		{"test", "train: {test: 0.9}\n", "spec.yaml: train.test must be 0 (none) or a share that leaves some for training " +
			"beside train.val 0.1, got 0.9"},
		{"rule of the threshold", "train:\n  threshold: {false_accept: 0.1}\n",
			`spec.yaml:2: unknown key of train.threshold "false_accept" (known: max, false_accepts, false_rejects)`},
		{"no false accepts", "train:\n  threshold:\n    false_accepts: 0\n",
			"spec.yaml:3: train.threshold.false_accepts must be a share above 0 and below 1, got 0"},
		{"no false rejects", "train: {threshold: {false_rejects: 0.0}}\n",
			"spec.yaml:1: train.threshold.false_rejects must be a share above 0 and below 1, got 0.0"},
		{"number of the threshold", "train: {threshold: {false_accepts: many}}\n", "spec.yaml:1: train.threshold.false_accepts: want a finite decimal number, got \"many\""},
		{"val", "train: {val: 1}\n", "spec.yaml: train.val must be a share between 0 and 1, got 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.text), "spec.yaml", mustPreset(t))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Parse(%q) = %v, want %q", c.text, err, c.want)
			}
		})
	}
}

func TestSet(t *testing.T) {
	for _, c := range []struct {
		set  []string
		want map[string]string // keys that differ from the preset
	}{
		{[]string{"train.steps=500"}, map[string]string{"train.steps": "500"}},
		{[]string{"loss=contrastive"}, map[string]string{"loss.contrastive": "{}"}},
		{[]string{"loss.contrastive.margin=2"}, map[string]string{"loss.contrastive.margin": "2"}},
		{[]string{"optimizer.adam.lr=0.01", "optimizer.adam.beta1=0.5"},
			map[string]string{"optimizer.adam.lr": "0.01", "optimizer.adam.beta1": "0.5"}},
		{[]string{"backbone.smallconv.filters=[16,32]"},
			map[string]string{"backbone.smallconv.filters": "[16, 32]"}},
		{[]string{"optimizer.adam.lr=0.01", "optimizer=sgd"}, map[string]string{"optimizer.sgd": "{}"}},
		{[]string{"optimizer.sgd.lr=1", "optimizer.sgd={momentum: 0.9}"},
			map[string]string{"optimizer.sgd.momentum": "0.9"}},
		{[]string{"train.threshold={false_accepts: 0.01}"}, map[string]string{"train.threshold.false_accepts": "0.01"}},
		{[]string{"train.threshold.max=f1"}, map[string]string{"train.threshold.max": "f1"}},
		{[]string{"input={size: 32}"}, map[string]string{"input.size": "32"}},
		{[]string{"augment=glyph"}, map[string]string{"augment.preset": "glyph"}},
		{[]string{"augment.rotate.degrees=9", "augment.flip={}", "augment.preset=light"},
			map[string]string{"augment.rotate.degrees": "9", "augment.flip": "{}",
				"augment.preset": "light"}},
		{[]string{"augment.rotate.degrees=9", "augment={flip: {}}"},
			map[string]string{"augment.flip": "{}"}},
		{[]string{"augment.crop.area=[0.5,1]", "augment.crop.probability=1"}, map[string]string{
			"augment.crop.area": "[0.5, 1]", "augment.crop.probability": "1"}},
	} {
		before := mustPreset(t)
		s, err := before.Set(c.set...)
		if err != nil {
			t.Errorf("Set(%q): %v", c.set, err)
			continue
		}
		if diff := cmp.Diff(flatOf(t, mustPreset(t)), flatOf(t, before)); diff != "" {
			t.Errorf("Set(%q) changed its receiver:\n%s", c.set, diff)
		}
		differences, err := Diff(before, s)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, d := range differences {
			if d.B != "nothing" {
				got[d.Key] = d.B
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("Set(%q) (-want +got):\n%s", c.set, diff)
		}
	}
}

func TestSetErrors(t *testing.T) {
	for _, c := range []struct{ set, want string }{
		{"train.steps", "want key=value"},
		{"train.stpes=5", `unknown key "stpes" (known: batch_size,`},
		{"los=bce", `unknown key "los" (known: topology,`},
		{"train.steps=-1", "train.steps must be 0 to 99999999, got -1"},
		{"train.steps=100000000", "train.steps must be 0 to 99999999, got 100000000"},
		{"train.batch_size=65537", "train.batch_size must be 1 to 65536, got 65537"},
		{"train.steps=", "is not a YAML value"},
		{"train.patience=0.9", "train.patience: want a whole number, got 0.9"},
		{"loss.margin=2", "want loss.bce.margin=VALUE"},
		{"augment.rotate=5", "want augment.rotate.OPTION=VALUE, or augment.rotate={} for its defaults"},
		{"augment=5", "want the name of a preset, or {name: {option: value}, …}"},
		{"augment.preset={}", "preset must be a name"},
		{"topology={a: b}", "topology: want a word, got keys and values"},
		{"backbone.smallconv.filters.x=1", "unknown"},
	} {
		s, err := mustPreset(t).Set(c.set)
		if err == nil {
			// Options are their owner's to refuse; here only their place in the tree is known.
			if c.want != "unknown" {
				t.Errorf("Set(%q) = %+v, want an error with %q", c.set, s, c.want)
			}
			continue
		}
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("Set(%q) = %v, want %q", c.set, err, c.want)
		}
	}
}

func TestDiff(t *testing.T) {
	a := mustPreset(t)
	b, err := a.Set("train.steps=5", "loss.contrastive.margin=2")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Diff(a, b)
	if err != nil {
		t.Fatal(err)
	}
	want := []Difference{
		{"loss.bce", "{}", "nothing"},
		{"loss.contrastive.margin", "nothing", "2"},
		{"train.steps", "1565", "5"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Diff (-want +got):\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("train: {steps: 5}\nloss: {contrastive: {margin: 1}}\n"))
	f.Add([]byte("loss: [a, b]\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		base, err := Preset(DefaultPreset)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(text, "spec.yaml", base)
		if err != nil {
			return
		}
		stored, err := s.Marshal()
		if err != nil {
			t.Fatalf("Marshal after Parse(%q): %v", text, err)
		}
		if _, err := Parse(stored, "spec.yaml", &Spec{}); err != nil {
			t.Fatalf("Parse(%q) is valid, but stored as\n%s: %v", text, stored, err)
		}
	})
}

// TestStored: a spec of before miners stands for what was done then; nothing else may lack.
func TestStored(t *testing.T) {
	text, err := siamese().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	without := func(section string) []byte {
		return []byte(strings.Replace(string(text), section, "", 1))
	}
	s, err := Stored(without("miner:\n  all: {}\n"), "spec.yaml")
	if err != nil || s.Miner.Name != "all" || s.Cache != (Cache{Type: Off}) {
		t.Errorf("Stored without miner and cache = %+v, %v; want the miner all, the cache off", s, err)
	}
	for unseen, want := range map[string]float64{"false": 0, "true": 0.5} { // what was done then
		text := strings.Replace(string(without("  test: 0.1\n")), "unseen_classes: false", "unseen_classes: "+unseen, 1)
		if s, err = Stored([]byte(text), "spec.yaml"); err != nil || s.Train.Test != want || NamesTest([]byte(text)) {
			t.Errorf("Stored without train.test, unseen_classes %s: %+v, %v; want test %g", unseen, s.Train, err, want)
		}
	}
	if s, err = Stored(text, "spec.yaml"); err != nil || s.Train.Test != 0.1 || !NamesTest(text) {
		t.Errorf("Stored = %+v, %v; want test 0.1", s.Train, err)
	}
	if _, err := Stored(without("loss:\n  bce: {}\n"), "spec.yaml"); err == nil {
		t.Error("Stored without a loss = no error, want one")
	}
}

package cli

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"

	"testing"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/runner/recipe"
	"github.com/tfpair/tfpair/runner/train"
	"github.com/tfpair/tfpair/runner/tune"
)

// TestTries: what the command line says of a section of the spec is not tried; a spec file says all.
func TestTries(t *testing.T) {
	c := &decision{choice: &recipe.Choice{Try: []recipe.Try{{Key: "head", Values: []string{"linear", "none"}},
		{Key: "optimizer.adam.lr", Values: []string{"0.1", "0.2", "0.3"}}}}}
	for _, test := range []struct {
		set  []string
		file string
		want string
	}{
		{nil, "", "6 settings of head and optimizer.adam.lr on validation; one that is clearly better than the recipe's own is trained"},
		{[]string{"train.steps=5", "head.linear.embedding_dim=3"}, "", "3 settings of optimizer.adam.lr on validation; one that is clearly better than the recipe's own is trained"},
		{[]string{"optimizer=sgd", "head=none"}, "", ""},
		{nil, "spec.yaml", ""},
	} {
		o := trainOptions{start: startOptions{specOptions: specOptions{set: test.set, file: test.file}}}
		if got := trying(o.tries(c)); got != test.want {
			t.Errorf("with --set %q and --spec %q: %q, want %q", test.set, test.file, got, test.want)
		}
	}
	var o trainOptions
	if got := trying(o.tries(&decision{again: "run"})); got != "" {
		t.Errorf("of a run that goes on: %q, want nothing", got)
	}
}

// TestTry: the best of what is tried is trained, in a folder inside the run's; the same again keeps what was tried. A folder of
// something else stays as it is.
func TestTry(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := sample.Write("data", sample.Options{Classes: 3, Train: 8, Test: 2, Size: 16}); err != nil {
		t.Fatal(err)
	}
	s, err := spec.Preset(recipe.Base)
	if err == nil {
		s, err = s.Set("input.size=16", "backbone.smallconv={filters: [4], dense: 8}", "train.steps=3", "train.batch_size=4", "train.val=0.3")
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := train.Resolve(s)
	if err != nil {
		t.Fatal(err)
	}
	tries := []recipe.Try{{Key: "optimizer.adam.lr", Values: []string{"1e-30", "0.01"}}}
	o := trainOptions{data: dataOptions{path: "data"}, out: "run"}
	g := &grouping{data: &o.data, out: output{IO: IO{Out: io.Discard, Err: io.Discard, Getenv: os.Getenv}}}
	var chosen []float32
	for range 2 {
		best, err := o.try(t.Context(), tries, g, r, nil)
		if err != nil {
			t.Fatal(err)
		}
		chosen = append(chosen, best.Optimizer.LR)
		trials, err := os.ReadFile(filepath.Join(run.Search("run"), "trials.csv"))
		if err != nil || bytes.Count(trials, []byte("\n")) != 3 {
			t.Errorf("trials %q, %v, want a header and two", trials, err)
		}
	}
	if chosen[0] != chosen[1] || chosen[0] != 1e-30 && chosen[0] != 0.01 {
		t.Errorf("chosen rates %v, want one of those that were tried, twice", chosen)
	}
	if run.Is("run") {
		t.Error("a search alone is a run")
	}
	f, err := run.OpenOrCreate("run", []byte("spec"))
	if err != nil {
		t.Fatalf("a run where a search is: %v", err)
	}
	if err := errors.Join(f.Discard(), f.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(run.Search("run")); err != nil {
		t.Errorf("a run that did not begin took its search with it: %v", err)
	}
	o.out = "data"
	var not *run.NotRunError
	if _, err := o.try(t.Context(), tries, g, r, nil); !errors.As(err, &not) {
		t.Errorf("try where something else is: %v, want a *NotRunError", err)
	}
	if _, err := os.Stat(run.Search("data")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written there: %v", err)
	}
}

// TestSettled: settings that validation cannot tell from the recipe's own stay the recipe's.
func TestSettled(t *testing.T) {
	tries := []recipe.Try{{Key: "head", Values: []string{"linear", "mlp"}}}
	own := tune.Trial{Number: 0, Set: []string{"head=linear"}, Status: tune.Done, Value: 0.90, Low: 0.85, High: 0.95} // standard error 0.0255
	other := tune.Trial{Number: 1, Set: []string{"head=mlp"}, Status: tune.Done}
	for value, want := range map[float64]int{0.92: 0, 0.93: 1} {
		other.Value = value
		if got := settled(&tune.Result{Trials: []tune.Trial{other, own}, Best: other}, tries); got.Number != want {
			t.Errorf("0.90 ± 0.0255 and %g: trial %d, want %d", value, got.Number, want)
		}
	}
	own.Status = tune.Refused
	if got := settled(&tune.Result{Trials: []tune.Trial{other, own}, Best: other}, tries); got.Number != 1 {
		t.Errorf("own settings that cannot be trained: trial %d, want 1", got.Number)
	}
}

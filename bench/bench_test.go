package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want quantiles
	}{
		{[]float64{3}, quantiles{3, 3, 3}},
		{[]float64{4, 1, 2}, quantiles{2, 1, 4}},
		{[]float64{4, 1, 2, 3}, quantiles{2.5, 1, 4}}, // the mean of the middle two
	} {
		if got := spread(c.in); got != c.want {
			t.Errorf("spread(%v) = %v, want %v", c.in, got, c.want)
		}
	}
}

func TestSlope(t *testing.T) {
	// y = 2x + 1 with errors +1, -2, +1, which lie symmetrically and so leave the slope alone.
	if got := slope([]float64{0, 1, 2}, []float64{2, 1, 6}); math.Abs(got-2) > 1e-12 {
		t.Errorf("slope = %v, want 2", got)
	}
}

func TestResultsAreKept(t *testing.T) {
	o := options{results: filepath.Join(t.TempDir(), "results"), out: &bytes.Buffer{}}
	r, err := openResults(o, "siamese")
	if err != nil {
		t.Fatal(err)
	}
	measured := 0
	measure := func() (outcome, error) {
		measured++
		return outcome{AUC: 0.5, Accuracy: 0.25}, nil
	}
	if _, err := row(o, r, "a", measure); err != nil {
		t.Fatal(err)
	}
	if r, err = openResults(o, "siamese"); err != nil {
		t.Fatal(err)
	}
	got, err := row(o, r, "a", measure)
	if err != nil || got.AUC != 0.5 || got.Accuracy != 0.25 || measured != 1 {
		t.Errorf("row = %v, %v after %d measurements, want what was kept after 1", got, err, measured)
	}
	o.again = true
	if _, err := row(o, r, "a", measure); err != nil || measured != 2 || len(r.list) != 1 {
		t.Errorf("-again: %d measurements, %d entries, error %v, want 2, 1, none",
			measured, len(r.list), err)
	}
	failed := errors.New("broken")
	_, err = row(o, r, "b", func() (outcome, error) { return outcome{}, failed })
	if found, _ := r.get("b", &got); !errors.Is(err, failed) || found {
		t.Errorf("a failed measurement: error %v, kept %v", err, found)
	}
}

// script writes a shell script and returns its path.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "peer")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

const stepperScript = `
echo chatter
echo '{"event":"first_step"}'
while read word k; do
	list=9
	while [ $k -gt 1 ]; do list="$list,0.5"; k=$((k-1)); done
	echo "{\"event\":\"steps\",\"seconds\":[$list]}"
done
`

func TestTurn(t *testing.T) {
	path := script(t, stepperScript)
	c, err := start(context.Background(), "x", []string{path})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.await("first_step", &line{}); err != nil {
		t.Fatal(err)
	}
	times := &stepTimes{}
	if err := (turns{steps: 20, warm: 3}).turn(c, times); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(times.Step, []float64{0.5}) { // the first step, 9 s, is not timed
		t.Errorf("step = %v, want [0.5]", times.Step)
	}
	if times.Resident <= 0 {
		t.Errorf("resident = %v MiB, want more than 0", times.Resident)
	}
	if err := c.end(); err != nil {
		t.Error(err)
	}
}

func TestCompare(t *testing.T) {
	ours := &stepTimes{FirstStep: []float64{1, 2, 3}}
	peer := &stepTimes{FirstStep: []float64{4, 9, 8}}
	for b := range 7 {
		ours.Step = append(ours.Step, 2)
		peer.Step = append(peer.Step, float64(b+1)) // 1 to 7: the median is 4
	}
	compare(map[string]*stepTimes{"tfpair": ours, "keras": peer})
	if want := (quantiles{2, 0.5, 3.5}); *peer.Ratio != want {
		t.Errorf("ratio = %v, want %v", *peer.Ratio, want)
	}
	if *peer.Start != 0.25 || ours.Ratio != nil { // 2 s over 8 s
		t.Errorf("start = %v, own ratio %v, want 0.25, none", *peer.Start, ours.Ratio)
	}
}

func TestCompleteReportsFailure(t *testing.T) {
	path := script(t, "echo 'no module named x' >&2; exit 3\n")
	_, err := complete(context.Background(), "keras", []string{path}, &line{})
	if err == nil || !strings.Contains(err.Error(), "no module named x") {
		t.Errorf("error %v does not say what the peer said", err)
	}
}

func TestTrainTFPair(t *testing.T) {
	path := script(t, `
case "$1" in
train) case "$*" in *"--set train.seed=4 --set loss={contrastive: {}}"*) ;; *) exit 9;; esac
	echo '{"event":"step","step":1}'; echo '{"event":"summary","step":1565}';;
evaluate) echo '{"event":"summary","metrics":[{"name":"accuracy","value":0.9},
{"name":"auc","value":0.95}]}' | tr -d '\n';;
esac`)
	got, err := trainTFPair(context.Background(), options{programs: programs{tfpair: path}}, 4, "loss={contrastive: {}}")
	if err != nil || got.Accuracy != 0.9 || got.AUC != 0.95 || got.Seconds <= 0 {
		t.Errorf("outcome = %v, %v, want accuracy 0.9, AUC 0.95", got, err)
	}
}

func TestParse(t *testing.T) {
	t.Setenv("TFPAIR_DATA", "/images")
	o, err := parse("step", []string{"-peers", "tfpair,torch",
		"-set", "a=1", "-set", "b={c: 1, d: 2}"})
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join("/images", "mnist", "mnist-small.zip"); archive(o) != want {
		t.Errorf("archive = %q, want %q", archive(o), want)
	}
	if !slices.Equal(o.peers, []string{"tfpair", "torch"}) {
		t.Errorf("peers = %v", o.peers)
	}
	if !slices.Equal(o.set, []string{"a=1", "b={c: 1, d: 2}"}) {
		t.Errorf("set = %v", o.set)
	}
	if err := run(context.Background(), []string{"sing"}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("an unknown command: error %v, want flag.ErrHelp", err)
	}
}

func TestCheckData(t *testing.T) {
	there := t.TempDir()
	if err := os.Mkdir(filepath.Join(there, "mnist"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		data  string
		reads []string
		want  string // in the error; "" is none
	}{
		{"", nil, ""},
		{"", []string{"mnist"}, "TFPAIR_DATA"},
		{there, []string{"mnist"}, ""},
		{there, []string{"mnist", "grocery"}, filepath.Join(there, "grocery")},
	} {
		err := options{data: c.data}.checkData(command{name: "x", data: c.reads})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("data %q, reads %v: error %v, want %q", c.data, c.reads, err, c.want)
		}
	}
}

func TestResidentMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/statm"); err != nil {
		t.Skip("this system has no /proc/PID/statm")
	}
	if got, err := residentMemory(os.Getpid()); err != nil || got < 1 {
		t.Errorf("residentMemory = %v MiB, %v, want 1 or more", got, err)
	}
}

func TestEmbeddingRatios(t *testing.T) {
	// Both parts at 100 a second share the cores at 50; 100 and 25 at 20.
	e := embedding{Decode: []float64{100, 100}, Network: []float64{100, 25}, Embed: []float64{50, 20}, Before: []float64{25, 20}}
	bound, before := e.ratios()
	if bound != (quantiles{1, 1, 1}) || before != (quantiles{1.5, 1, 2}) {
		t.Errorf("ratios = %v, %v; want 1, and 1.5 of 2 and 1", bound, before)
	}
}

func TestOver(t *testing.T) {
	times := map[string][]float64{"ours": {1, 2, 4}, "theirs": {3, 2, 8}}
	if got := over(times, "theirs", "ours"); got != (quantiles{2, 1, 3}) {
		t.Errorf("over = %v, want 2 of 3, 1 and 2", got)
	}
}

func TestProcessorTime(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("this system has no /proc/PID/stat")
	}
	if got, err := processorTime(os.Getpid()); err != nil || got < 0 {
		t.Errorf("processorTime = %v s, %v", got, err)
	}
}

func TestCompareResults(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	for folder, values := range map[string]map[string]any{
		a: {"seconds": []float64{1, 9, 2}, "same": 10.0, "sides": map[string]float64{"x": 4}},
		b: {"seconds": []float64{3, 3, 1}, "same": 10.9, "sides": map[string]float64{"x": 2}},
	} {
		r, err := openResults(options{results: folder}, "step")
		if err == nil {
			err = r.put("row", values)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := compareResults(&out, a, b); err != nil {
		t.Fatal(err)
	}
	want := "step: row: seconds 3, was 2 (+50 %)\nstep: row: sides.x 2, was 4 (-50 %)\n"
	if out.String() != want {
		t.Errorf("compare says %q, want %q", &out, want)
	}
	if err := compareResults(&out, t.TempDir(), b); err == nil {
		t.Error("a folder without results is no error")
	}
}

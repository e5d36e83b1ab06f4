package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

// noiseSettings are a network that learns 360 pictures by heart in a few seconds.
var noiseSettings = []string{"--set", "input.size=16", "--set", "loss=contrastive",
	"--set", "backbone={smallconv: {filters: [16, 32], dense: 64}}", "--set", "train.steps=150", "--set", "train.eval_every=50"}

// TestNoise: of random pixels in random classes nothing can be learnt, so that the command which
// a training prints measures chance, however well the network knows what it was trained on.
func TestNoise(t *testing.T) {
	runtime, err := libtensorflow.Find(os.Getenv, libtensorflow.Auto)
	if err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	t.Setenv("TFPAIR_RUNTIME", runtime)
	const classes, each = 6, 60
	for name, test := range map[string]struct {
		write  func(t *testing.T)
		train  []string
		metric string
		chance float64
	}{
		"flat folder": {noiseFolder(classes, 30), []string{"--data", "noise", "--set", "train.batch_size=30", "--set", "sampler.balanced.images_per_class=5"}, "auc", 0.5},
		"flat pairs": {noisePairs(300), []string{"--data", "pairs.csv", "--images", "noise", "--set", "train.batch_size=30"},
			"auc", 0.5},
		"flat photos": {noisePhotos(classes, each), []string{"--data", "photos.csv", "--images", "noise", "--preset", "image-label",
			"--set", "target.side=shared", "--set", "loss=infonce", "--set", "train.batch_size=30"}, "recall@1", 1. / classes},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			test.write(t)
			next := trainNoise(t, append(append([]string{"train", "--out", "run"}, noiseSettings...), test.train...))
			m := measured(t, append(next, "--json"), test.metric)
			if !(m.Interval.Low <= test.chance && test.chance <= m.Interval.High) {
				t.Errorf("%s: %s %.3f (%.3f to %.3f), want %.3f inside", strings.Join(next, " "), test.metric,
					m.Value, m.Interval.Low, m.Interval.High, test.chance)
			}
			onTrain := measured(t, append(next, "--json", "--split", "train", "--seen"), test.metric)
			t.Logf("%s: test %.3f (%.3f to %.3f), what was trained on %.3f (from %.3f)", test.metric, m.Value,
				m.Interval.Low, m.Interval.High, onTrain.Value, onTrain.Interval.Low)
			if name == "flat pairs" && onTrain.Interval.Low <= test.chance {
				t.Errorf("on what was trained on %+v: nothing was learnt by heart, so the test shows nothing", onTrain)
			}
		})
	}
}

// trainNoise trains and returns the words of the command that is printed.
func trainNoise(t *testing.T, args []string) []string {
	t.Helper()
	var stderr bytes.Buffer
	streams := IO{Out: &bytes.Buffer{}, Err: &stderr, Getenv: os.Getenv}
	if code := Run(t.Context(), append([]string{"tfpair"}, args...), streams); code != exitDone {
		t.Fatalf("exit code %d\n%s", code, &stderr)
	}
	line := regexp.MustCompile(`(?m)^next: tfpair (.*)$`).FindStringSubmatch(stderr.String())
	if line == nil || strings.Contains(line[1], "'") {
		t.Fatalf("no plain next command in\n%s", &stderr)
	}
	return strings.Fields(line[1])
}

// noiseMetric is one metric of a report.
type noiseMetric struct {
	Name     string
	Value    float64
	Interval struct{ Low, High float64 }
}

// measured runs a command and returns the metric of that name in its report.
func measured(t *testing.T, args []string, name string) noiseMetric {
	t.Helper()
	var report struct{ Metrics, Retrieval []noiseMetric }
	if err := json.Unmarshal(tfpair(t, args...), &report); err != nil {
		t.Fatal(err)
	}
	for _, m := range append(report.Metrics, report.Retrieval...) {
		if m.Name == name {
			return m
		}
	}
	t.Fatalf("no %s in %+v", name, report)
	return noiseMetric{}
}

// noiseFolder writes class folders of noise.
func noiseFolder(classes, each int) func(t *testing.T) {
	return func(t *testing.T) {
		for i := range classes * each {
			noise(t, filepath.Join("noise", fmt.Sprint("class", i%classes), fmt.Sprint(i, ".png")), i)
		}
	}
}

// noisePairs writes a list of pairs of images of their own, same and different in turn.
func noisePairs(pairs int) func(t *testing.T) {
	return func(t *testing.T) {
		list := "left,right,same\n"
		for i := range pairs {
			left, right := fmt.Sprint(2*i, ".png"), fmt.Sprint(2*i+1, ".png")
			noise(t, filepath.Join("noise", left), 2*i)
			noise(t, filepath.Join("noise", right), 2*i+1)
			list += fmt.Sprintf("%s,%s,%d\n", left, right, i%2)
		}
		writeText(t, "pairs.csv", list)
	}
}

// noisePhotos writes a list of photos and the label images that stand for them.
func noisePhotos(labels, each int) func(t *testing.T) {
	return func(t *testing.T) {
		list := "image,label_image\n"
		for i := range labels * each {
			photo, label := fmt.Sprint("photo", i, ".png"), fmt.Sprint("label", i%labels, ".png")
			noise(t, filepath.Join("noise", photo), i)
			noise(t, filepath.Join("noise", label), -1-i%labels)
			list += photo + "," + label + "\n"
		}
		writeText(t, "photos.csv", list)
	}
}

// noise writes a picture of random pixels.
func noise(t *testing.T, path string, seed int) {
	t.Helper()
	r := rand.New(rand.NewChaCha8([32]byte([]byte(fmt.Sprintf("noise %26d", seed))))) // PCG of seeds that are near begins alike
	img := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	for i := range img.Pix {
		img.Pix[i] = uint8(r.IntN(256))
		if i%4 == 3 {
			img.Pix[i] = 255 // opaque
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	writeText(t, path, b.String())
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

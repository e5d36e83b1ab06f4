package export

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/drift"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

func config(folder, out string) Config {
	return Config{Run: folder, Checkpoint: "last", Out: out, Tool: "tfpair test", Runtime: "TensorFlow 0"}
}

// TestRun: the exported model of each form embeds and compares as the run does, for losses with and
// without a probability, and for networks that are another in training. Both are of one embedding space, and
// only the trainable one has variables.
func TestRun(t *testing.T) {
	for _, set := range []string{"loss=bce", "loss=contrastive", "backbone.conv4.filters=8", "train.ema=0.9",
		"backbone.conv4.filters=8 backbone.conv4.pool=gem", "distance=cosine embed.views=flip"} {
		t.Run(set, func(t *testing.T) {
			folder := trainedtest.Run(t, nil, strings.Fields(set)...)
			out := filepath.Join(t.TempDir(), "model")
			space := ""
			for i, form := range models.Forms {
				c := config(folder, out)
				c.Form = form
				r, err := Run(context.Background(), c)
				if err != nil {
					t.Fatal(err)
				}
				if want := filepath.Join(out, strconv.Itoa(i+1)); r.Path != want || r.Version != i+1 || r.Manifest.Form != form {
					t.Errorf("Run wrote %q, version %d, %s; want %q, %s", r.Path, r.Version, r.Manifest.Form, want, form)
				}
				if space = cmp.Or(space, r.Manifest.Space); r.Manifest.Space != space {
					t.Errorf("%s: embeddings are of space %s, want %s", form, r.Manifest.Space, space)
				}
				_, err = os.Stat(filepath.Join(r.Path, savedmodel.VariablesFolder))
				if has := err == nil; has != (form == models.Trainable) {
					t.Errorf("%s: it has variables: %t", form, has)
				}
				checkAnswers(t, folder, out, set != "loss=contrastive")
			}
		})
	}
}

func checkAnswers(t *testing.T, folder, out string, probable bool) {
	t.Helper()
	trainedModel, err := trained.Open(folder, "last", network.Own{}, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer trainedModel.Close()
	model, err := models.Load(out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := model.Close(); err != nil {
			t.Error(err)
		}
	}()
	pixels := make([]uint8, 2*16*16*3)
	for i := range pixels {
		pixels[i] = uint8(i * i >> 3)
	}
	want, err := trainedModel.Answer(pixels)
	if err != nil {
		t.Fatal(err)
	}
	got, err := model.EmbedPixels(context.Background(), pixels)
	if err != nil {
		t.Fatal(err)
	}
	if difference, allowed := compare(got, want, tolerances[model.Info().Manifest.Form]); !(difference <= allowed) {
		t.Errorf("embeddings differ by %g, want at most %g", difference, allowed)
	}
	distance, probability, err := trainedModel.Compare(want, []int32{0}, []int32{1})
	if err != nil {
		t.Fatal(err)
	}
	list, err := model.CompareEmbeddings(context.Background(), want[:8], want[8:])
	if err != nil {
		t.Fatal(err)
	}
	if c := list[0]; c.Distance != distance[0] || c.Same != (float64(distance[0]) <= 0.25) ||
		(c.Probability != nil) != probable {
		t.Errorf("CompareEmbeddings = %+v, want distance %g against 0.25, a probability: %t", c, distance[0], probable)
	}
	if probable && *list[0].Probability != probability[0] {
		t.Errorf("probability = %g, want %g", *list[0].Probability, probability[0])
	}
}

func TestManifest(t *testing.T) {
	folder, out := trainedtest.Run(t, nil), filepath.Join(t.TempDir(), "model")
	r, err := Run(context.Background(), config(folder, out))
	if err != nil {
		t.Fatal(err)
	}
	m := r.Manifest
	if m.Threshold.Value != 0.25 || !strings.Contains(m.Threshold.Source, "validation, step 7, 30 pairs") {
		t.Errorf("threshold = %+v, want 0.25 of validation, step 7, 30 pairs", m.Threshold)
	}
	// 3·3·3·4+4 and 3·3·4·4+4 in convolutions, 2·2·4·8+8 in the dense layer, 2 in the loss.
	if m.Parameters != 112+148+136+2 {
		t.Errorf("parameters = %d, want 398", m.Parameters)
	}
	if len(m.Probes) != probeClasses || len(m.Files) != 2+probeClasses {
		t.Errorf("manifest lists %d probes and %d files, want %d and %d", len(m.Probes), len(m.Files),
			probeClasses, 1+probeClasses)
	}
	if m.Reference == nil || len(m.Reference.Features) != 1 || m.Reference.Features[0].Name != drift.Norm {
		t.Errorf("reference = %+v, want that of the run", m.Reference)
	}
	again, err := Run(context.Background(), config(folder, out))
	if err != nil {
		t.Fatal(err)
	}
	if again.Version != 2 || again.Manifest.Space != m.Space || again.Manifest.WeightsSHA256 != m.WeightsSHA256 {
		t.Errorf("second export is version %d of space %s, weights %s; want 2 and the same ids",
			again.Version, again.Manifest.Space, again.Manifest.WeightsSHA256)
	}
	saved, err := savedmodel.Read(r.Path)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"serving_default": "images uint8 [?,16,16,3] → embedding float32 [?,8]",
		"serve":           "images uint8 [?,16,16,3] → embedding float32 [?,8]",
	} {
		s, err := saved.Signature(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := "images " + s.Inputs["images"].String() + " → embedding " + s.Outputs["embedding"].String(); got != want {
			t.Errorf("signature %s is %s, want %s", name, got, want)
		}
	}
}

// TestRefused: what cannot be exported leaves nothing behind.
func TestRefused(t *testing.T) {
	nan := func(c *checkpoint.Checkpoint, _ *trained.State) { c.Variables[0].Data[0] = float32(math.NaN()) }
	noThreshold := func(_ *checkpoint.Checkpoint, s *trained.State) { s.Validation = nil }
	for _, c := range []struct {
		name string
		run  string
		as   func(error) bool
	}{
		{"not finite", trainedtest.Run(t, nan), isA[*WeightError]},
		{"no threshold", trainedtest.Run(t, noThreshold), func(err error) bool { return errors.Is(err, trained.ErrNoThreshold) }},
		{"no run", filepath.Join(t.TempDir(), "absent"), isA[*run.NotRunError]},
		{"no checkpoint", emptyRun(t), func(err error) bool { return errors.Is(err, checkpoint.ErrNone) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "model")
			if _, err := Run(context.Background(), config(c.run, out)); !c.as(err) {
				t.Errorf("Run = %v, want another kind of error", err)
			}
			if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s was left behind (%v)", out, err)
			}
		})
	}
}

func isA[E error](err error) bool {
	var target E
	return errors.As(err, &target)
}

func emptyRun(t *testing.T) string {
	t.Helper()
	folder := trainedtest.Run(t, nil)
	if err := os.RemoveAll(filepath.Join(folder, "checkpoints")); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	out := filepath.Join(t.TempDir(), "model")
	if _, err := Run(ctx, config(trainedtest.Run(t, nil), out)); !errors.Is(err, context.Canceled) {
		t.Errorf("Run with a cancelled context = %v, want %v", err, context.Canceled)
	}
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s was left behind (%v)", out, err)
	}
}

func TestFindPlace(t *testing.T) {
	folder := func(names ...string) string {
		out := t.TempDir()
		for _, name := range names {
			if err := os.MkdirAll(filepath.Join(out, name), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	file := filepath.Join(folder(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		out     string
		version int
		want    int // 0: refused
	}{
		{"new", filepath.Join(folder(), "model"), 0, 1},
		{"new, numbered", filepath.Join(folder(), "model"), 5, 5},
		{"empty", folder(), 0, 1},
		{"next", folder("1", "3"), 0, 4},
		{"between", folder("1", "3"), 2, 2},
		{"taken", folder("1", "3"), 3, 0},
		{"the highest there can be", filepath.Join(folder(), "model"), math.MaxInt, math.MaxInt},
		{"none is higher", folder("1", strconv.Itoa(math.MaxInt)), 0, 0},
		{"after a kill", folder("1", ".tmp-123"), 0, 2},
		{"other things", folder("photos"), 0, 0},
		{"a file", file, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := findPlace(c.out, c.version)
			var exists *ExistsError
			switch {
			case c.want == 0 && !errors.As(err, &exists):
				t.Errorf("findPlace(%d) = %v, want an *ExistsError", c.version, err)
			case c.want > 0 && (err != nil || p.version != c.want):
				t.Errorf("findPlace(%d) = %+v, %v; want version %d", c.version, p, err, c.want)
			}
		})
	}
}

package models_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/resize"
	"github.com/tfpair/tfpair/runner/export"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// exported returns the folder of a small exported model.
func exported(t testing.TB, set ...string) string {
	t.Helper()
	return exportedAs(t, models.Folded, set...)
}

func exportedAs(t testing.TB, form models.Form, set ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "model")
	_, err := export.Run(context.Background(), export.Config{Run: trainedtest.Run(t, nil, set...), Form: form,
		Checkpoint: "last", Out: out, Tool: "tfpair test", Runtime: "TensorFlow 2"})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func load(t testing.TB, folder string) *models.Model {
	t.Helper()
	m, err := models.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// picture returns an image whose pixels depend on seed.
func picture(seed, width, height int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = uint8(i*seed + i*i>>4)
	}
	return img
}

// TestEmbed: an image gives what its flattened and resized pixels give, alone or
// among others.
func TestEmbed(t *testing.T) {
	m := load(t, exported(t))
	var images []image.Image
	for i := range 70 { // three batches
		images = append(images, picture(i+1, 20+i, 30))
	}
	images[5] = image.NewUniform(color.Gray{Y: 9}) // endless
	images[40] = nil
	for name, embed := range map[string]func() (int, error){
		"Embed": func() (int, error) { rows, err := m.Embed(context.Background()); return len(rows), err },
		"EmbedPixels": func() (int, error) {
			numbers, err := m.EmbedPixels(context.Background(), nil)
			return len(numbers), err
		},
	} {
		if n, err := embed(); n != 0 || err != nil {
			t.Errorf("%s of nothing = %d, %v, want nothing", name, n, err)
		}
	}
	rows, err := m.Embed(context.Background(), images...)
	var bad *models.ImageError
	if !errors.As(err, &bad) || bad.Index != 5 || !strings.Contains(err.Error(), "image 40: ") {
		t.Errorf("Embed = %v, want errors of images 5 and 40", err)
	}
	resizer, err := resize.New(m.Info().Manifest.Preprocessing.Options)
	if err != nil {
		t.Fatal(err)
	}
	for i, img := range images {
		if i == 5 || i == 40 {
			if rows[i] != nil {
				t.Errorf("image %d has an embedding, want none", i)
			}
			continue
		}
		flat, err := decode.Flatten(img)
		if err != nil {
			t.Fatal(err)
		}
		pixels := make([]uint8, resizer.Bytes())
		resizer.Into(pixels, flat)
		want, err := m.EmbedPixels(context.Background(), pixels)
		if err != nil {
			t.Fatal(err)
		}
		if !close(rows[i], want) {
			t.Fatalf("image %d: %v in a batch, %v alone", i, rows[i], want)
		}
	}
}

// close compares embeddings within 1e-5, relative: batches of other sizes may take
// other kernels.
func close(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool {
		return math.Abs(float64(x-y)) <= 1e-5*math.Max(1, math.Abs(float64(y)))
	})
}

func TestCompare(t *testing.T) {
	m := load(t, exported(t))
	a, b := picture(3, 40, 40), picture(11, 25, 60)
	got, err := m.Compare(context.Background(), a, b)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := m.Embed(context.Background(), a, b)
	if err != nil {
		t.Fatal(err)
	}
	square := 0.0
	for i := range rows[0] {
		d := float64(rows[0][i]) - float64(rows[1][i])
		square += d * d
	}
	if want := math.Sqrt(square); math.Abs(float64(got.Distance)-want) > 1e-5*math.Max(1, want) ||
		got.Same != (want <= 0.25) || got.Probability == nil {
		t.Errorf("Compare = %+v, want distance %g against 0.25, and a probability", got, want)
	}
	if same, err := m.Compare(context.Background(), a, a); err != nil || !same.Same {
		t.Errorf("Compare of an image with itself = %+v, %v; want same", same, err)
	}
}

func TestConcurrent(t *testing.T) {
	m := load(t, exported(t))
	want, err := m.Embed(context.Background(), picture(1, 16, 16), picture(2, 16, 16))
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for i := range 16 {
		wait.Go(func() {
			rows, err := m.Embed(context.Background(), picture(1+i%2, 16, 16))
			if err != nil || !close(rows[0], want[i%2]) {
				t.Errorf("Embed among others = %v, %v; want %v", rows, err, want[i%2])
			}
		})
	}
	wait.Wait()
}

func TestClose(t *testing.T) {
	m, err := models.Load(exported(t))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := m.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	}
	if _, err := m.Embed(context.Background(), picture(1, 16, 16)); !errors.Is(err, models.ErrClosed) {
		t.Errorf("Embed after Close = %v, want %v", err, models.ErrClosed)
	}
	if _, err := m.CompareEmbeddings(context.Background(), make([]float32, 8), make([]float32, 8)); !errors.Is(err, models.ErrClosed) {
		t.Errorf("CompareEmbeddings after Close = %v, want %v", err, models.ErrClosed)
	}
}

func TestCancelled(t *testing.T) {
	m := load(t, exported(t))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.Embed(ctx, picture(1, 16, 16)); !errors.Is(err, context.Canceled) {
		t.Errorf("Embed = %v, want %v", err, context.Canceled)
	}
}

// TestLoadRefuses: each way in which a folder is no model has a message of its own.
func TestLoadRefuses(t *testing.T) {
	good := exportedAs(t, models.Trainable)
	edited := func(edit func(version string) error) string {
		out := t.TempDir()
		if err := os.CopyFS(out, os.DirFS(good)); err != nil {
			t.Fatal(err)
		}
		if err := edit(filepath.Join(out, "1")); err != nil {
			t.Fatal(err)
		}
		return out
	}
	replace := func(name, from, to string) string {
		return edited(func(v string) error {
			path := filepath.Join(v, name)
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if !bytes.Contains(text, []byte(from)) {
				t.Fatalf("%s does not contain %q", name, from)
			}
			return os.WriteFile(path, bytes.Replace(text, []byte(from), []byte(to), 1), 0o644)
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	var (
		notModel *models.NotModelError
		corrupt  *models.CorruptError
		newer    *models.NewerError
	)
	const weights = "variables/variables.data-00000-of-00001"
	for _, c := range []struct {
		name, folder string
		as           any
		want         string
	}{
		{"absent", filepath.Join(good, "absent"), &notModel, "nothing of that name"},
		{"empty", t.TempDir(), &notModel, "no saved_model.pb"},
		{"a file", file, &notModel, "it is no folder"},
		{"of another tool", edited(func(v string) error { return os.RemoveAll(filepath.Join(v, "assets.extra")) }),
			&notModel, "not exported by tfpair"},
		{"newer", replace(models.ManifestName, `"format": 1`, `"format": 9`), &newer, "reads up to 1"},
		{"another threshold", replace(models.ManifestName, `"value": 0.25`, `"value": 0.26`), &corrupt, "not as it was written"},
		{"no JSON", replace(models.ManifestName, `{`, `[`), &corrupt, models.ManifestName},
		{"no dimension", resealed(t, edited, func(m *models.Manifest) { m.EmbeddingDim = 0 }), &corrupt, "embedding_dim is 0, want at least 1"},
		{"another dimension", resealed(t, edited, func(m *models.Manifest) { m.EmbeddingDim++ }), &notModel, "its manifest says float32 [?,"},
		{"another size", resealed(t, edited, func(m *models.Manifest) { m.Preprocessing.Size++ }), &notModel, "its manifest says uint8 [?,17,17,3]"},
		{"a flipped byte", flipped(t, edited, weights), &corrupt, "SHA-256 is"},
		{"truncated", edited(func(v string) error { return os.Truncate(filepath.Join(v, weights), 100) }), &corrupt, "100 bytes, want"},
		{"a missing file", edited(func(v string) error { return os.Remove(filepath.Join(v, weights)) }), &corrupt, "it is missing"},
		{"another graph", edited(func(v string) error { return os.WriteFile(filepath.Join(v, "saved_model.pb"), nil, 0o644) }),
			&corrupt, "saved_model.pb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := models.Load(c.folder)
			if !errors.As(err, c.as) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Load = %v (%T), want %T with %q", err, err, c.as, c.want)
			}
		})
	}
}

// resealed returns a model with a manifest that edit has changed, sealed as tfpair does.
func resealed(t *testing.T, edited func(func(string) error) string, edit func(*models.Manifest)) string {
	t.Helper()
	return edited(func(version string) error {
		m, err := models.ReadManifest(version)
		if err != nil {
			return err
		}
		edit(m)
		text, err := m.Seal()
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(version, models.ManifestName), text, 0o644)
	})
}

func flipped(t *testing.T, edited func(func(string) error) string, name string) string {
	t.Helper()
	return edited(func(version string) error {
		path := filepath.Join(version, name)
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		data[len(data)/2] ^= 1
		return os.WriteFile(path, data, 0o644)
	})
}

// TestVersions: Load takes the highest version, or the one it is pointed at, and no
// heed of what is not whole.
func TestVersions(t *testing.T) {
	folder := exported(t)
	if err := os.CopyFS(filepath.Join(folder, "10"), os.DirFS(filepath.Join(folder, "1"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "11"), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{folder: 10, filepath.Join(folder, "1"): 1} {
		info, err := models.Describe(path)
		if err != nil || info.Version != want {
			t.Errorf("Describe(%q) = %+v, %v; want version %d", path, info, err, want)
		}
	}
}

func TestReadManifestAbsent(t *testing.T) {
	if _, err := models.ReadManifest(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadManifest = %v, want %v", err, fs.ErrNotExist)
	}
}

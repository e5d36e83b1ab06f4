package export

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/runner/card"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// same asks the graph itself about two pictures: their distance, and whether they are the same.
func same(t *testing.T, folder string) (distance float32, is bool) {
	t.Helper()
	s, err := session.Load(folder, savedmodel.Tag, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	call, err := s.Prepare([]string{names.CompareLeft, names.CompareRight}, []string{names.CompareDistance, names.CompareSame}, nil)
	if err != nil {
		t.Fatal(err)
	}
	left, right := make([]uint8, 16*16*3), make([]uint8, 16*16*3)
	for i := range left {
		left[i], right[i] = uint8(i*i>>3), uint8(i*i>>2)
	}
	values, err := call.Run(session.Of(left, 1, 16, 16, 3), session.Of(right, 1, 16, 16, 3))
	if err != nil {
		t.Fatal(err)
	}
	distances, err := session.Data[float32](values[0])
	if err != nil {
		t.Fatal(err)
	}
	answers, err := session.Data[bool](values[1])
	if err != nil {
		t.Fatal(err)
	}
	return distances[0], answers[0]
}

// TestRewrite: the next version has the new threshold in its manifest and in its graph, on either
// side of a distance, and everything else as it was.
func TestRewrite(t *testing.T) {
	folder, out := trainedtest.Run(t, nil), filepath.Join(t.TempDir(), "model")
	first, err := Run(context.Background(), config(folder, out))
	if err != nil {
		t.Fatal(err)
	}
	distance, _ := same(t, first.Path)
	for i, c := range []struct {
		threshold float64
		same      bool
	}{{float64(distance) * 1.5, true}, {float64(distance) / 2, false}, {-1, false}} {
		manifest := first.Manifest
		manifest.Threshold = models.Threshold{Value: c.threshold, Source: "by hand"}
		r, err := Rewrite{Model: first.Path, Manifest: manifest, Out: out, Tool: "tfpair test"}.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if r.Version != i+2 || r.Path != filepath.Join(out, string(rune('2'+i))) {
			t.Errorf("wrote %q, version %d, want %d", r.Path, r.Version, i+2)
		}
		if got, is := same(t, r.Path); got != distance || is != c.same {
			t.Errorf("threshold %g: the graph says %g, %t; want %g, %t", c.threshold, got, is, distance, c.same)
		}
		model, err := models.Load(out)
		if err != nil {
			t.Fatal(err)
		}
		got := model.Info().Manifest
		if err := model.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(manifest, got, cmpopts.IgnoreFields(models.Manifest{}, "Files", "SHA256")); diff != "" {
			t.Errorf("manifest (-want +got):\n%s", diff)
		}
		for name, file := range first.Manifest.Files {
			if changed := got.Files[name] != file; changed != (name == savedmodel.FileName || name == card.Name) {
				t.Errorf("%s: changed: %t", name, changed)
			}
		}
	}
}

// TestRewriteRefused: a model that is not whole, or whose graph is another's, leaves nothing behind.
func TestRewriteRefused(t *testing.T) {
	folder, out := trainedtest.Run(t, nil), filepath.Join(t.TempDir(), "model")
	r, err := Run(context.Background(), config(folder, out))
	if err != nil {
		t.Fatal(err)
	}
	missing := r.Manifest
	missing.Files = map[string]models.File{"absent": {}}
	if _, err := (Rewrite{Model: r.Path, Manifest: missing, Out: out}).Run(context.Background()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(filepath.Join(r.Path, savedmodel.FileName), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var corrupt *models.CorruptError
	if _, err := (Rewrite{Model: r.Path, Manifest: r.Manifest, Out: out}).Run(context.Background()); !errors.As(err, &corrupt) {
		t.Errorf("an empty graph: %v, want *models.CorruptError", err)
	}
	entries, err := os.ReadDir(out)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v: want version 1 alone", entries, err)
	}
}

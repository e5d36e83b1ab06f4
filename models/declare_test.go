package models_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// foreign writes a SavedModel without tfpair's manifest: float32 images [N,2,2,3] → their
// twelve numbers, by the second output of an operation, as Keras' models have several.
func foreign(t *testing.T) string {
	t.Helper()
	s := op.NewScope()
	images := op.Placeholder(s.SubScope("images"), tf.Float, op.PlaceholderShape(tf.MakeShape(-1, 2, 2, 3)))
	flat := op.Reshape(s.SubScope("flat"), images, op.Const(s.SubScope("shape"), []int32{-1, 12}))
	split := op.Split(s.SubScope("split"), op.Const(s.SubScope("axis"), int32(1)),
		op.ConcatV2(s.SubScope("twice"), []tf.Output{flat, flat}, op.Const(s.SubScope("columns"), int32(1))), 2)
	tensor := func(o tf.Output, suffix string, shape ...int64) savedmodel.Tensor {
		return savedmodel.Tensor{Name: o.Op.Name() + suffix, DType: savedmodel.Float32, Shape: shape}
	}
	return saving(t, s, map[string]savedmodel.Signature{
		"serving_default": {Inputs: map[string]savedmodel.Tensor{"pixels": tensor(images, ":0", -1, 2, 2, 3)},
			Outputs: map[string]savedmodel.Tensor{"vector": tensor(split[1], ":1", -1, 12)}},
		"flat": {Inputs: map[string]savedmodel.Tensor{"pixels": tensor(images, ":0", -1, 2, 2, 3)},
			Outputs: map[string]savedmodel.Tensor{"a": tensor(split[0], ":0", -1, 12), "image": tensor(images, ":0", -1, 2, 2, 3)}},
	})
}

// saving writes the graph of s as a SavedModel and returns its folder.
func saving(t *testing.T, s *op.Scope, signatures map[string]savedmodel.Signature) string {
	t.Helper()
	graph, err := s.Finalize()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if _, err := graph.WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	saved, err := savedmodel.Encode(savedmodel.Contents{Graph: text.Bytes(), Signatures: signatures})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, savedmodel.FileName), saved, 0o644); err != nil {
		t.Fatal(err)
	}
	return folder
}

// TestDeclaredFloat: pictures reach a float32 input in the declared order and scale.
func TestDeclaredFloat(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 2, 2))
	for i := range 4 {
		img.Set(i%2, i/2, color.NRGBA{R: uint8(10 * i), G: 100, B: uint8(200 + i), A: 255})
	}
	for _, c := range []struct {
		name string
		d    models.Declaration
		want []float32 // of the first pixel and the second
	}{
		{"as they are", models.Declaration{}, []float32{0, 100, 200, 10, 100, 201}},
		{"scaled", models.Declaration{Mean: [3]float32{10, 20, 30}, Std: [3]float32{2, 4, 0}}, []float32{-5, 20, 170, 0, 20, 171}},
		{"blue first", models.Declaration{BGR: true, Mean: [3]float32{200, 0, 0}}, []float32{0, 100, 0, 1, 100, 10}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.d.Resize = resize.Options{Size: 2}
			m, err := models.Load(foreign(t), models.Declared(c.d))
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := m.Close(); err != nil {
					t.Error(err)
				}
			}()
			rows, err := m.Embed(context.Background(), img)
			if err != nil {
				t.Fatal(err)
			}
			if got := rows[0][:6]; len(rows[0]) != 12 || !slices.Equal(got, c.want) {
				t.Errorf("embedding begins with %v, want %v", got, c.want)
			}
		})
	}
}

// TestDeclaredDistances: each distance against its formula on two vectors.
func TestDeclaredDistances(t *testing.T) {
	a, b := make([]float32, 12), make([]float32, 12)
	a[0], a[1], b[0], b[2] = 3, 4, 3, 1 // a·b = 9, ‖a‖ = 5, ‖b‖ = √10, ‖a−b‖² = 17
	for distance, want := range map[string]float64{"": math.Sqrt(17), "euclidean": math.Sqrt(17),
		"sqeuclidean": 17, "cosine": 1 - 9/(5*math.Sqrt(10))} {
		m, err := models.Load(foreign(t), models.Declared(models.Declaration{
			Resize: resize.Options{Size: 2}, Distance: distance, Threshold: 1}))
		if err != nil {
			t.Fatal(err)
		}
		list, err := m.CompareEmbeddings(context.Background(), a, b)
		if err != nil || math.Abs(float64(list[0].Distance)-want) > 1e-6 || list[0].Same != (want <= 1) {
			t.Errorf("%q: CompareEmbeddings = %+v, %v; want distance %g against 1", distance, list, err, want)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestDeclaredSearch: a picture is as far from another by Compare as by Search, to the last
// digit, itself included, and so is what lies at the threshold.
func TestDeclaredSearch(t *testing.T) {
	ctx, images := context.Background(), make([]image.Image, 7)
	for i := range images {
		images[i] = picture(i, 2, 2)
	}
	images[0] = image.NewGray(image.Rect(0, 0, 2, 2)) // black: an embedding of zeros
	for _, distance := range distance.Table.Names() {
		at := 0.0
		for range 2 { // at no threshold, and at one that is a distance
			m := declared(t, models.Declaration{Resize: resize.Options{Size: 2}, Distance: distance, Threshold: at})
			hits, err := search(t, m, images).Search(ctx, images, len(images))
			if err != nil {
				t.Fatal(err)
			}
			for i, list := range hits {
				for _, hit := range list {
					got, err := m.Compare(ctx, images[i], images[int(hit.ID[0]-'0')])
					if err != nil {
						t.Fatal(err)
					}
					if got.Distance != hit.Distance || got.Same != hit.Accepted {
						t.Errorf("%s at %g: picture %d: Compare = %+v, Search = %+v", distance, at, i, got, hit)
					}
				}
			}
			at = float64(hits[3][2].Distance)
		}
	}
}

// declared opens the model of foreign.
func declared(t *testing.T, d models.Declaration) *models.Model {
	t.Helper()
	m, err := models.Load(foreign(t), models.Declared(d))
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

// search returns images, to be searched by m; their ids are their numbers.
func search(t *testing.T, m *models.Model, images []image.Image) *models.Index {
	t.Helper()
	rows, err := m.Embed(context.Background(), images...)
	if err != nil {
		t.Fatal(err)
	}
	var items []index.Item
	for i := range images {
		items = append(items, index.Item{ID: strconv.Itoa(i)})
	}
	about := m.Info().Manifest
	x, err := index.New(index.About{Kind: "flat", Space: about.Space, Distance: about.Distance, Dim: m.Dim()},
		items, slices.Concat(rows...))
	if err != nil {
		t.Fatal(err)
	}
	x = x.Accepting(index.Accept{Threshold: about.Threshold, Images: x.Len()}) // the same as for pairs, to compare
	path := filepath.Join(t.TempDir(), "x.index")
	file, err := index.Create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Write(x), file.Close()); err != nil {
		t.Fatal(err)
	}
	opened, err := m.OpenIndex(path)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// TestDeclaredOwn: a model of ours, declared, embeds as it does by its manifest.
func TestDeclaredOwn(t *testing.T) {
	folder := exported(t)
	want, err := load(t, folder).Embed(context.Background(), picture(3, 40, 30))
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.Load(folder, models.Declared(models.Declaration{Resize: resize.Options{Size: 16}}))
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Embed(context.Background(), picture(3, 40, 30))
	if err != nil || !close(got[0], want[0]) {
		t.Errorf("Embed = %v, %v; want %v", got, err, want)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

// TestDeclaredSpace: the space of a declared model is that of its files, wherever they lie.
func TestDeclaredSpace(t *testing.T) {
	folder := filepath.Join(exportedAs(t, models.Trainable), "1")
	space := func(name, more string) string {
		t.Helper()
		at := filepath.Join(t.TempDir(), name)
		if err := os.CopyFS(at, os.DirFS(folder)); err != nil {
			t.Fatal(err)
		}
		if more != "" {
			if err := os.WriteFile(filepath.Join(at, savedmodel.VariablesPrefix+".more"), []byte(more), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		m, err := models.Load(at, models.Declared(models.Declaration{Resize: resize.Options{Size: 16}}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = m.Close() })
		return m.Info().Manifest.Space
	}
	if a, b := space("model", ""), space("another", ""); a != b {
		t.Errorf("spaces %s and %s of equal files", a, b)
	}
	if a, b := space("model", "a"), space("model", "b"); a == b {
		t.Errorf("one space, %s, of other variables", a)
	}
}

func TestDeclaredRefuses(t *testing.T) {
	folder := foreign(t)
	at2 := resize.Options{Size: 2}
	for _, c := range []struct {
		name string
		d    models.Declaration
		want string
	}{
		{"no signature", models.Declaration{Resize: at2, Signature: "embed"}, `"embed" (known: flat, serving_default)`},
		{"no input", models.Declaration{Resize: at2, Input: "images"}, `no input "images" (known: pixels)`},
		{"two outputs", models.Declaration{Resize: at2, Signature: "flat"}, `no output "" (known: a, image)`},
		{"not a vector", models.Declaration{Resize: at2, Signature: "flat", Output: "image"}, "want float32 [?,D]"},
		{"another size", models.Declaration{Resize: resize.Options{Size: 3}}, "takes float32 [?,2,2,3], want uint8 or float32 [?,3,3,3]"},
		{"unknown distance", models.Declaration{Resize: at2, Distance: "manhattan"}, `unknown distance "manhattan"`},
		{"unknown filter", models.Declaration{Resize: resize.Options{Size: 2, Filter: "mitchell"}}, `"mitchell"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := models.Load(folder, models.Declared(c.d)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Load = %v, want an error with %q", err, c.want)
			}
		})
	}
	var notModel *models.NotModelError
	if _, err := models.Load(folder); !errors.As(err, &notModel) {
		t.Errorf("Load without a declaration = %v, want a *NotModelError", err)
	}
}

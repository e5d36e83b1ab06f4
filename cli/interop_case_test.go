//go:build interop

package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/resize"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// exportedVariables returns shapes and trainable keys of the variables that the export
// of run has.
func exportedVariables(t *testing.T, run string) (shapes map[string][]int64, trainable []string) {
	t.Helper()
	m, err := trained.Open(run, "best", network.Own{}, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	g, err := graphs.BuildInference(m.Parts, 0)
	if err != nil {
		t.Fatal(err)
	}
	shapes = map[string][]int64{}
	for _, v := range g.Variables {
		shapes[v.Key] = v.Shape
		if v.Trained {
			trainable = append(trainable, v.Key)
		}
	}
	slices.Sort(trainable)
	return shapes, trainable
}

// comparePairs writes left.rgb, right.rgb, left.png and right.png, and returns what model
// says of the pairs: every picture of test beside one further on, or beside itself.
func comparePairs(t *testing.T, model *models.Model, folder, pictures string) []comparedPair {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(pictures, "test", "*", "*.png"))
	if err != nil || len(files) < interopPairs {
		t.Fatalf("%d pictures (%v), want %d", len(files), err, interopPairs)
	}
	how := model.Info().Manifest.Preprocessing.Options
	var left, right []byte
	for i := range interopPairs {
		left = append(left, prepared(t, how, files[i])...)
		right = append(right, prepared(t, how, files[(i+i*i%7)%len(files)])...) // i%7 = 0: itself
	}
	write(t, filepath.Join(folder, "left.rgb"), left)
	write(t, filepath.Join(folder, "right.rgb"), right)
	write(t, filepath.Join(folder, "left.png"), read(t, files[0]))
	write(t, filepath.Join(folder, "right.png"), read(t, files[1]))
	a, b := embedPixels(t, model, left), embedPixels(t, model, right)
	list, err := model.CompareEmbeddings(t.Context(), a, b)
	if err != nil {
		t.Fatal(err)
	}
	own, err := model.Probabilities(t.Context(), a, b) // the graph's, which other programs get
	if err != nil {
		t.Fatal(err)
	}
	pairs, same, dim := make([]comparedPair, len(list)), 0, model.Dim()
	for i, c := range list {
		pairs[i] = comparedPair{Left: a[i*dim : (i+1)*dim], Right: b[i*dim : (i+1)*dim],
			Distance: c.Distance, Same: c.Same}
		if own != nil {
			pairs[i].Probability = &own[i]
		}
		if c.Same {
			same++
		}
	}
	if same < 5 || same > len(pairs)-5 {
		t.Fatalf("%d of %d pairs are the same: the others' answers would show nothing", same, len(pairs))
	}
	return pairs
}

// preparePhotos returns the embeddings of photos and drawings, prepared in every mode and
// by the filters that bear it when decoders and resizers differ in single pixels.
func preparePhotos(t *testing.T, model *models.Model, folder, pictures string) []preparedPhoto {
	t.Helper()
	var list []preparedPhoto
	prepare := func(files []string, filters ...string) {
		how := model.Info().Manifest.Preprocessing.Options
		for _, file := range files {
			for _, how.Mode = range resize.Modes() {
				for _, how.Filter = range filters {
					embedding := embedPixels(t, model, prepared(t, how, file))
					list = append(list, preparedPhoto{file, how.Mode, how.Filter, embedding})
				}
			}
		}
	}
	prepare(interopDrawings(t, folder, pictures), "linear", "cubic", "lanczos")
	prepare(interopPhotos(t, folder), "linear", "cubic", "lanczos", "box")
	return list
}

// interopDrawings are drawn pictures, square, wide and high, and one with transparency.
func interopDrawings(t *testing.T, folder, pictures string) []string {
	t.Helper()
	list := []string{absolute(t, "../pipeline/decode/testdata/lossless_alpha.webp")}
	files, err := filepath.Glob(filepath.Join(pictures, "train", "*", "000.png"))
	if err != nil {
		t.Fatal(err)
	}
	shapes := []image.Rectangle{
		image.Rect(0, 0, 64, 64), image.Rect(0, 7, 64, 50), image.Rect(20, 0, 51, 64)}
	for i, file := range files {
		var part bytes.Buffer
		if err := png.Encode(&part, decoded(t, file).SubImage(shapes[i%3])); err != nil {
			t.Fatal(err)
		}
		at := filepath.Join(folder, fmt.Sprintf("drawing%d.png", i))
		write(t, at, part.Bytes())
		list = append(list, at)
	}
	return list
}

// interopPhotos are real photos of every shape in the data that tests are given, one of
// them lying on its side; none where there is no such data.
func interopPhotos(t *testing.T, folder string) (list []string) {
	t.Helper()
	root := cmp.Or(os.Getenv("TFPAIR_DATA"), "../../shared/data")
	photos := absolute(t, filepath.Join(root, "grocery", "test"))
	byShape := map[image.Point][]string{}
	err := filepath.WalkDir(photos, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".jpg" {
			return err
		}
		header, err := jpeg.DecodeConfig(bytes.NewReader(read(t, path)))
		shape := image.Pt(header.Width, header.Height)
		byShape[shape] = append(byShape[shape], path)
		return err
	})
	if err != nil {
		t.Logf("the recipe is checked on drawings alone: no photos: %v", err)
		return nil
	}
	for _, files := range byShape {
		for i := 0; i < len(files); i += max(1, len(files)/12) {
			list = append(list, files[i])
		}
	}
	slices.Sort(list)
	turned := filepath.Join(folder, "turned.jpg")
	write(t, turned, lyingOnItsSide(read(t, list[0])))
	if bytes.Equal(decoded(t, turned).Pix, decoded(t, list[0]).Pix) {
		t.Fatalf("%s is not turned", turned)
	}
	return append(list, turned)
}

// lyingOnItsSide returns a JPEG file with the EXIF orientation 6: to be turned clockwise.
func lyingOnItsSide(file []byte) []byte {
	exif := "\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08" +
		"\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	return slices.Concat(file[:2], []byte(exif), file[2:]) // after the start of image
}

// prepared returns the picture in file as a model takes it.
func prepared(t *testing.T, how resize.Options, file string) []byte {
	t.Helper()
	r, err := resize.New(how)
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]byte, r.Bytes())
	r.Into(dst, decoded(t, file))
	return dst
}

func decoded(t *testing.T, file string) *image.NRGBA {
	t.Helper()
	img, err := decode.Decode(read(t, file), decode.DefaultLimits)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return img
}

func embedPixels(t *testing.T, model *models.Model, pixels []byte) []float32 {
	t.Helper()
	embeddings, err := model.EmbedPixels(t.Context(), pixels)
	if err != nil {
		t.Fatal(err)
	}
	return embeddings
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

package models_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/runner/export"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// gallerySize is how many pictures galleryOf indexes.
const gallerySize = 6

// galleryOf returns the index of picture(1), picture(2), … by m.
func galleryOf(ctx context.Context, m *models.Model) (*index.Index, error) {
	var items []index.Item
	var data []float32
	for i := range gallerySize {
		rows, err := m.Embed(ctx, picture(i+1, 30, 30))
		if err != nil {
			return nil, err
		}
		items = append(items, index.Item{ID: fmt.Sprint(i), Path: fmt.Sprint(i), Class: fmt.Sprint("class ", i%2)})
		data = append(data, rows[0]...)
	}
	about := m.Info().Manifest
	return index.New(index.About{Kind: "flat", Space: about.Space, Distance: about.Distance, Dim: m.Dim()}, items, data)
}

// withGallery returns the folder of a small exported model with a gallery.
func withGallery(t testing.TB, set ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "model")
	_, err := export.Run(context.Background(), export.Config{Run: trainedtest.Run(t, nil, set...),
		Checkpoint: "last", Out: out, Gallery: galleryOf})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSearch: the answers are those of comparing with all of the gallery, by each
// distance; a bad image takes only its own.
func TestSearch(t *testing.T) {
	for _, distance := range []string{"cosine", "euclidean", "sqeuclidean"} {
		t.Run(distance, func(t *testing.T) {
			m := load(t, withGallery(t, "distance="+distance))
			manifest := m.Info().Manifest
			if g := manifest.Gallery; g == nil || g.Images != gallerySize || g.Classes != 2 || g.Accept != nil ||
				g.NoAccept == "" || manifest.Accept().Source != "" {
				t.Errorf("manifest has gallery %+v", g)
			}
			images := []image.Image{picture(3, 30, 30), nil, picture(77, 20, 50)}
			lists, err := m.Search(context.Background(), images, 100)
			var bad *models.ImageError
			if !errors.As(err, &bad) || bad.Index != 1 || len(lists) != 3 || lists[1] != nil {
				t.Fatalf("Search = %v, %v; want answers but for image 1", lists, err)
			}
			if lists[0][0].ID != "2" || len(lists[0]) != gallerySize {
				t.Errorf("picture 3 finds %+v", lists[0])
			}
			for _, i := range []int{0, 2} {
				compared(t, m, images[i], lists[i])
			}
		})
	}
}

// compared holds hits, of an index without a threshold, against the model's own distances: of equal embeddings they are equal
// to the last digit. Those of pictures differ as far as a picture's embeddings do.
func compared(t *testing.T, m *models.Model, img image.Image, hits []models.Hit) {
	t.Helper()
	gallery, err := m.Gallery()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := m.Embed(context.Background(), img)
	if err != nil {
		t.Fatal(err)
	}
	x := gallery.Vectors()
	again, err := gallery.SearchEmbeddings(rows[0], x.Len())
	if err != nil {
		t.Fatal(err)
	}
	list, err := m.CompareEmbeddings(context.Background(), slices.Repeat(rows[0], x.Len()), x.Vectors())
	if err != nil {
		t.Fatal(err)
	}
	for _, hit := range again[0] {
		at, err := strconv.Atoi(hit.ID)
		if err != nil {
			t.Fatal(err)
		}
		if hit.Distance != list[at].Distance || hit.Accepted {
			t.Errorf("hit %+v, CompareEmbeddings says %+v", hit, list[at])
		}
	}
	last := float32(0)
	for _, hit := range hits {
		var at int
		if _, err := fmt.Sscan(hit.ID, &at); err != nil {
			t.Fatal(err)
		}
		want, err := m.Compare(context.Background(), img, picture(at+1, 30, 30))
		if err != nil {
			t.Fatal(err)
		}
		// Below 1e-3 the graph's square of a difference is the rounding of embeddings.
		if d := math.Abs(float64(hit.Distance - want.Distance)); d > 1e-3 || hit.Accepted || hit.Distance < last {
			t.Errorf("hit %+v, compare says %+v", hit, want)
		}
		if want := fmt.Sprint("class ", at%2); hit.Class != want {
			t.Errorf("class of %s is %q, want %q", hit.ID, hit.Class, want)
		}
		last = hit.Distance
	}
}

func TestSearchConcurrent(t *testing.T) {
	m := load(t, withGallery(t))
	var wait sync.WaitGroup
	for i := range 12 {
		wait.Go(func() {
			at := i % gallerySize
			lists, err := m.Search(context.Background(), []image.Image{picture(at+1, 30, 30)}, 2)
			if err != nil || len(lists[0]) != 2 || lists[0][0].ID != fmt.Sprint(at) {
				t.Errorf("Search of picture %d = %v, %v", at, lists, err)
			}
		})
	}
	wait.Wait()
}

// TestOpenIndex: a file of the same space is searched, others are refused.
func TestOpenIndex(t *testing.T) {
	folder := exported(t)
	m := load(t, folder)
	x, err := galleryOf(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.index")
	write := func(x *index.Index) {
		f, err := index.Create(path, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Write(x), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	write(x)
	mine, err := m.OpenIndex(path)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := mine.Search(context.Background(), []image.Image{picture(2, 30, 30)}, 1)
	if err != nil || len(lists) != 1 || lists[0][0].ID != "1" || mine.Vectors().Len() != gallerySize {
		t.Errorf("Search = %v, %v; want item 1", lists, err)
	}
	if threshold, ok := mine.Threshold(); ok {
		t.Errorf("an index without a threshold has %+v", threshold)
	}
	at := models.Threshold{Value: float64(lists[0][0].Distance), Source: "by hand"}
	write(x.Accepting(index.Accept{Threshold: at, Images: x.Len()}))
	if mine, err = m.OpenIndex(path); err != nil {
		t.Fatal(err)
	}
	lists, err = mine.Search(context.Background(), []image.Image{picture(2, 30, 30)}, 2)
	if threshold, ok := mine.Threshold(); err != nil || !ok || threshold != at || !lists[0][0].Accepted ||
		lists[0][1].Accepted {
		t.Errorf("threshold %+v, %t; hits %+v, %v; want the first accepted", threshold, ok, lists, err)
	}
	for want, change := range map[string]func(*index.About){
		"embeddings are of space other, want " + m.Info().Manifest.Space: func(a *index.About) { a.Space = "other" },
		"it ranks by distance cosine, want euclidean":                    func(a *index.About) { a.Distance = "cosine" },
	} {
		a := x.About()
		change(&a)
		other, err := index.New(a, []index.Item{{ID: "x"}}, x.Vector(0))
		if err != nil {
			t.Fatal(err)
		}
		write(other)
		var of *index.Error
		if _, err := m.OpenIndex(path); !errors.As(err, &of) || !strings.Contains(err.Error(), want) {
			t.Errorf("OpenIndex = %v, want %q", err, want)
		}
	}
	var space *models.SpaceError
	a := x.About()
	a.Space = "other"
	other, _ := index.New(a, []index.Item{{ID: "x"}}, x.Vector(0))
	write(other)
	if _, err := m.OpenIndex(path); !errors.As(err, &space) {
		t.Errorf("OpenIndex of another space = %v, want a SpaceError", err)
	}
}

func TestSearchRefuses(t *testing.T) {
	m := load(t, exported(t))
	if _, err := m.Search(context.Background(), nil, 1); !errors.Is(err, models.ErrNoGallery) {
		t.Errorf("Search without a gallery = %v, want %v", err, models.ErrNoGallery)
	}
	folder := withGallery(t)
	m, err := models.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Search(context.Background(), nil, 0); err == nil || !strings.Contains(err.Error(), "0 hits") {
		t.Errorf("Search for 0 = %v", err)
	}
	if lists, err := m.Search(context.Background(), nil, 1); err != nil || len(lists) != 0 {
		t.Errorf("Search of nothing = %v, %v", lists, err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Search(context.Background(), []image.Image{picture(1, 9, 9)}, 1); !errors.Is(err, models.ErrClosed) {
		t.Errorf("Search after Close = %v, want %v", err, models.ErrClosed)
	}
	if err := os.Truncate(filepath.Join(folder, "1", models.GalleryName), 100); err != nil {
		t.Fatal(err)
	}
	var corrupt *models.CorruptError
	if _, err := models.Load(folder); !errors.As(err, &corrupt) || corrupt.File != models.GalleryName {
		t.Errorf("Load with a truncated gallery = %v, want a CorruptError of it", err)
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/runner/serve"
)

// open serves the exported model that MODEL names.
func open(t *testing.T) *httptest.Server {
	t.Helper()
	service, err := serve.New(serve.Config{Models: []serve.Source{serve.Folder("photos", os.Getenv("MODEL"), "")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(service)
	t.Cleanup(func() {
		server.Close()
		if err := service.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// embedded is the answer of /v1/embed.
type embedded struct {
	Dim        int
	Embeddings [][]float32
}

func picture(t *testing.T, shade uint8) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 40, 30))
	for i := range img.Pix {
		img.Pix[i] = uint8(i) + shade
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// post returns the status and decodes the answer into v where it is 200.
func post(t *testing.T, url, contentType string, body io.Reader, v any) int {
	t.Helper()
	r, err := http.Post(url, contentType, body)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	if r.StatusCode == http.StatusOK {
		if err := json.NewDecoder(r.Body).Decode(v); err != nil {
			t.Fatal(err)
		}
	}
	return r.StatusCode
}

func TestEmbed(t *testing.T) {
	server := open(t)
	var wait sync.WaitGroup
	for i := range 40 { // under load
		wait.Go(func() {
			var got embedded
			status := post(t, server.URL+"/v1/embed", "image/png", bytes.NewReader(picture(t, uint8(i))), &got)
			if status != http.StatusOK || len(got.Embeddings) != 1 || got.Dim == 0 || len(got.Embeddings[0]) != got.Dim {
				t.Errorf("embed: status %d, %+v; want 200 and one embedding", status, got)
			}
		})
	}
	wait.Wait()
	if status := post(t, server.URL+"/v1/embed", "image/png", bytes.NewReader([]byte("no image")), nil); status != http.StatusUnsupportedMediaType {
		t.Errorf("embed of no image: status %d, want 415", status)
	}
	if status := post(t, server.URL+"/v1/embed", "image/png", bytes.NewReader(make([]byte, 17<<20)), nil); status != http.StatusRequestEntityTooLarge {
		t.Errorf("embed of 17 MiB: status %d, want 413", status)
	}
}

func TestSearch(t *testing.T) {
	server := open(t)
	var got struct{ Results [][]models.Hit }
	status := post(t, server.URL+"/v1/search", "image/png", bytes.NewReader(picture(t, 7)), &got)
	if status != http.StatusOK || len(got.Results) != 1 || len(got.Results[0]) != 5 {
		t.Fatalf("search: status %d, %v; want 200 and one list of five", status, got)
	}
	for i, hit := range got.Results[0] {
		if hit.ID == "" || hit.Class == "" || i > 0 && hit.Distance < got.Results[0][i-1].Distance {
			t.Errorf("hit %d is %+v, want an id, a class, and the nearest first", i, hit)
		}
	}
}

func TestCompare(t *testing.T) {
	server := open(t)
	form := func(names ...string) (io.Reader, string) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for _, name := range names {
			f, err := w.CreateFormFile(name, name+".png")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write(picture(t, 7)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return &b, w.FormDataContentType()
	}
	var c models.Comparison
	body, kind := form("left", "right")
	if status := post(t, server.URL+"/v1/compare", kind, body, &c); status != http.StatusOK || !c.Same {
		t.Errorf("compare of an image with itself: status %d, %+v; want 200 and same", status, c)
	}
	body, kind = form("left")
	if status := post(t, server.URL+"/v1/compare", kind, body, nil); status != http.StatusBadRequest {
		t.Errorf("compare of one image: status %d, want 400", status)
	}
}

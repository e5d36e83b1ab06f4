package serve

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tfpair/tfpair/models/modelstest"
	"github.com/tfpair/tfpair/runner/serve/client"
)

// asking returns a client of a service of two models.
func asking(t *testing.T, limits Limits) *client.Client {
	t.Helper()
	s := started(t, Config{Limits: limits, Models: []Source{fake(t, "photos", &modelstest.Model{Version: 3}), fake(t, "other", &modelstest.Model{Version: 4})}})
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return &client.Client{Address: server.URL, HTTP: server.Client()}
}

// TestClient: the client reads what the service answers.
func TestClient(t *testing.T) {
	c := asking(t, Limits{})
	one, two := picture(t, red), picture(t, blue)
	embedded, err := c.Embed(t.Context(), one, two)
	if err != nil || embedded.Model != "photos" || embedded.Version != 3 || len(embedded.Embeddings) != 2 || embedded.Dim != modelstest.Dim {
		t.Errorf("Embed = %+v, %v", embedded, err)
	}
	compared, err := c.Compare(t.Context(), one, one)
	if err != nil || compared.Distance > 1e-3 || // the root of an epsilon, as in graphs
		compared.Same == nil || !*compared.Same {
		t.Errorf("Compare with itself = %+v, %v", compared, err)
	}
	found, err := c.Search(t.Context(), 1, two)
	if found.Votes != nil {
		t.Errorf("without classes the vote is %+v", found.Votes[0])
	}
	if err != nil || len(found.Results) != 1 || len(found.Results[0]) != 1 || found.Results[0][0].ID != "blue.png" || !found.Results[0][0].Accepted {
		t.Errorf("Search = %+v, %v", found, err)
	}
	list, err := c.Models(t.Context())
	if err != nil || len(list) != 2 || list[1].Model != "other" || list[1].Size != modelstest.Size || list[1].State != available {
		t.Errorf("Models = %+v, %v", list, err)
	}
	c.Model = "other"
	if got, err := c.Embed(t.Context(), one); err != nil || got.Version != 4 {
		t.Errorf("Embed by the other model = %+v, %v", got, err)
	}
	rows, err := c.EmbedPixels(t.Context(), modelstest.Size, slices.Repeat([]uint8{255, 0, 0}, 2*modelstest.Size*modelstest.Size))
	if want := slices.Repeat(embedded.Embeddings[0], 2); err != nil || !slices.Equal(rows, want) {
		t.Errorf("EmbedPixels = %v, %v, want %v", rows, err, want)
	}
}

// TestBodiesShareMemory: requests at the same time get the embeddings of their own pixels, and not of those that lay in the same
// memory before or after.
func TestBodiesShareMemory(t *testing.T) {
	const pictures, clients, requests = 512, 8, 30 // 96 KiB a request: more than is read at first
	c := asking(t, Limits{Pictures: pictures, QueueWait: time.Minute, Deadline: 2 * time.Minute})
	c.Model = "photos"
	var all errgroup.Group
	for client := range clients {
		colour := []uint8{uint8(30 * client), uint8(255 - 30*client), uint8(7 * client)}
		one := slices.Repeat(colour, modelstest.Size*modelstest.Size)
		alone, err := c.EmbedPixels(t.Context(), modelstest.Size, one)
		if err != nil {
			t.Fatal(err)
		}
		pixels, want := slices.Repeat(one, pictures), slices.Repeat(alone, pictures)
		all.Go(func() error {
			for range requests {
				rows, err := c.EmbedPixels(t.Context(), modelstest.Size, pixels)
				if err != nil {
					return err
				}
				if !slices.Equal(rows, want) {
					return fmt.Errorf("pictures of the colour %v: not the embeddings of one alone", colour)
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
}

// TestClientErrors: what the service refuses is an Error with its words.
func TestClientErrors(t *testing.T) {
	c := asking(t, Limits{Pictures: 1})
	one := picture(t, red)
	for _, of := range []struct {
		name   string
		ask    func() error
		status int
		code   string
	}{
		{"no picture", func() error { _, err := c.Embed(t.Context(), []byte("no picture")); return err }, http.StatusUnsupportedMediaType, "no_picture"},
		{"too many", func() error { _, err := c.Embed(t.Context(), one, one); return err }, http.StatusRequestEntityTooLarge, "too_many"},
		{"k", func() error { _, err := c.Search(t.Context(), 0, one); return err }, http.StatusBadRequest, "malformed"},
		{"no model", func() error {
			none := *c
			none.Model = "none"
			_, err := none.EmbedPixels(t.Context(), modelstest.Size, []uint8{1})
			return err
		}, http.StatusNotFound, ""},
	} {
		var got *client.Error
		if err := of.ask(); !errors.As(err, &got) || got.Status != of.status || got.Code != of.code || got.RequestID == "" {
			t.Errorf("%s: %v, want status %d and code %q", of.name, err, of.status, of.code)
		}
	}
}

// TestServerTiming: an answer says how long its parts took, as browsers show it.
func TestServerTiming(t *testing.T) {
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}})
	got := ask(s, "POST", "/v1/embed", "image/png", picture(t, red)).Header().Get("Server-Timing")
	if !regexp.MustCompile(`^queue;dur=\d+\.\d{3}, decode;dur=\d+\.\d{3}, run;dur=\d+\.\d{3}$`).MatchString(got) {
		t.Errorf("Server-Timing: %q", got)
	}
}

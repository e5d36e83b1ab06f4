package serve

import (
	"encoding/json"
	"image/color"
	"net/http"
	"testing"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/modelstest"
	"github.com/tfpair/tfpair/models/postgres"
	"github.com/tfpair/tfpair/models/postgres/postgrestest"
)

// TestDatabase: two services search and change one index in a database, and say that it is away when it is.
func TestDatabase(t *testing.T) {
	url := postgrestest.Start(t).Database(t)
	manifest := (&modelstest.Model{}).Info().Manifest
	about := index.About{Kind: "flat", Space: manifest.Space, Model: "modelstest", Distance: "euclidean", Dim: modelstest.Dim, Thumbnails: 96}
	x, err := index.New(about, []index.Item{{ID: "first", Class: "old"}}, make([]float32, modelstest.Dim))
	if err != nil {
		t.Fatal(err)
	}
	pushed, _, err := postgres.Push(t.Context(), url, x, postgres.Options{Flat: true})
	if err != nil {
		t.Fatal(err)
	}
	_ = pushed.Close() // it says nothing
	var services []*Service
	for range 2 {
		s, _ := changingService(t, Config{})
		there, err := postgres.Open(t.Context(), url, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.slots[0].current().Index = &database{there, &manifest}
		services = append(services, s)
	}
	png := picture(t, color.NRGBA{200, 30, 30, 255})
	if w := ask(services[0], "PUT", "/v1/index/a/red?class=colour", "image/png", png, "Authorization", "Bearer "+writerToken); w.Code != http.StatusOK {
		t.Fatalf("PUT = %d %s", w.Code, w.Body)
	}
	w := ask(services[1], "POST", "/v1/search?k=1", "image/png", png)
	var answer found
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		t.Fatalf("search = %d %s", w.Code, w.Body)
	}
	if hit := answer.Results[0][0]; hit.ID != "a/red" || hit.Class != "colour" {
		t.Errorf("the other service finds %+v, want what the first one has put in", hit)
	}
	if len(answer.Results[0]) != 1 || len(answer.Votes) != 1 || answer.Votes[0].Class != "colour" || answer.Votes[0].Of != 2 {
		t.Errorf("of 1 hit and 2 entries the vote is %s, want class colour by 2", w.Body)
	}
	if w := ask(services[1], "POST", "/v1/search?vote=0", "image/png", png); w.Code != http.StatusBadRequest {
		t.Errorf("a vote of 0 = %d %s", w.Code, w.Body)
	}
	if w := ask(services[1], "GET", "/v1/index/a/red?picture=true", "", nil); w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/jpeg" {
		t.Errorf("its thumbnail = %d %s", w.Code, w.Header())
	}
	for want, id := range map[int]string{http.StatusOK: "a/red", http.StatusNotFound: "none"} {
		if w := ask(services[1], "DELETE", "/v1/index/"+id, "", nil, "Authorization", "Bearer "+writerToken); w.Code != want {
			t.Errorf("DELETE of %s = %d %s, want %d", id, w.Code, w.Body, want)
		}
	}
	if w := ask(services[0], "GET", "/v1/index/a/red", "", nil); w.Code != http.StatusNotFound {
		t.Errorf("GET of what the other service removed = %d", w.Code)
	}
	if w := ask(services[0], "PUT", "/v1/index/%00", "image/png", png, "Authorization", "Bearer "+writerToken); w.Code != http.StatusBadRequest {
		t.Errorf("PUT of an id with a zero byte = %d %s, want 400", w.Code, w.Body)
	}
	if err := services[0].slots[0].current().Index.(*database).Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/index/first", "/v1/search"} {
		method := map[bool]string{true: "POST", false: "GET"}[path == "/v1/search"]
		if w := ask(services[0], method, path, "image/png", png); w.Code != http.StatusServiceUnavailable {
			t.Errorf("without its database %s = %d %s, want 503", path, w.Code, w.Body)
		}
	}
}

package serve

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/modelstest"
	"github.com/tfpair/tfpair/runner/serve/client"
)

// folderIndex is an index in a folder of embeddings of a modelstest.Model.
type folderIndex struct{ *index.Folder }

func (f folderIndex) About() index.About                  { return f.Index().About() }
func (f folderIndex) Len() int                            { return f.Index().Len() }
func (f folderIndex) Classes() (int, error)               { return f.Index().Classes(), nil }
func (f folderIndex) Threshold() (models.Threshold, bool) { return models.Threshold{}, false }
func (f folderIndex) PutEntries(e ...index.Entry) error   { return f.Put(e...) }

func (f folderIndex) SearchEmbeddings(embeddings []float32, k int) ([][]models.Hit, error) {
	now := f.Index()
	found, err := now.Search(embeddings, k)
	lists := make([][]models.Hit, len(found))
	for i, list := range found {
		for _, n := range list {
			lists[i] = append(lists[i], models.Hit{ID: now.Item(n.Row).ID, Class: now.Item(n.Row).Class, Distance: n.Distance})
		}
	}
	return lists, err
}

func (f folderIndex) Entry(id string) (e index.Entry, ok bool, err error) {
	now, row, ok := f.Find(id)
	if ok {
		e = index.Entry{Item: now.Item(row), Metadata: now.Metadata(row)}
		e.Picture, err = now.Picture(row)
	}
	return e, ok, err
}

const writerToken = "may-change-the-index"

// changingService serves a model with an empty index in a folder, which those with writerToken may change.
func changingService(t *testing.T, c Config) (*Service, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.index")
	b, err := index.Build(path, false)
	if err != nil {
		t.Fatal(err)
	}
	space := (&modelstest.Model{}).Info().Manifest.Space
	about := index.About{Kind: "flat", Space: space, Model: "modelstest", Distance: "euclidean", Dim: modelstest.Dim, Thumbnails: 96}
	if err := errors.Join(b.Write(index.Contents{About: about, Entries: func(func(index.Entry, error) bool) {}}), b.Close()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "writers")
	if err := os.WriteFile(file, []byte(writerToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	writers, err := ReadTokens(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Models = []Source{{Name: "photos", Writers: writers, Open: func() (Opened, error) {
		f, err := index.OpenFolder(path)
		return Opened{&modelstest.Model{}, folderIndex{f}}, err
	}}, fake(t, "fixed", &modelstest.Model{})}
	c.Models[1].Writers = writers
	return started(t, c), path
}

// answered decodes an answer and wants its status.
func answered[A any](t *testing.T, w *httptest.ResponseRecorder, status int) (a A) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// TestChangeIndex: a picture is found once it is put, by its id and by a search, and is not once it is
// removed; both are on the disk when they are answered.
func TestChangeIndex(t *testing.T) {
	s, path := changingService(t, Config{})
	as := []string{"Authorization", "Bearer " + writerToken}
	put := answered[changed](t, ask(s, "PUT", "/v1/index/june/a.png?class=red", "image/png", picture(t, red), as...), http.StatusOK)
	if put.Put != 1 || put.Images != 1 || put.Model != "photos" {
		t.Errorf("PUT = %+v", put)
	}
	onDisk, err := index.Read(path)
	if err != nil || onDisk.Len() != 1 || onDisk.Item(0).ID != "june/a.png" || onDisk.Item(0).Class != "red" {
		t.Fatalf("on the disk are %v (%v)", onDisk, err)
	}
	text, err := json.Marshal(putRequest{[]putEntry{{ID: "b", Image: base64.StdEncoding.EncodeToString(picture(t, blue)), Class: "blue",
		Metadata: json.RawMessage(`{"price":"3.20"}`)}, {ID: "c", Image: base64.StdEncoding.EncodeToString(picture(t, red))}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := answered[changed](t, ask(s, "POST", "/v1/index", "application/json", text, as...), http.StatusOK); got.Put != 2 || got.Images != 3 {
		t.Errorf("POST of JSON = %+v", got)
	}
	body, kind := form(t, "d/1.png", picture(t, red), "d/2.png", picture(t, blue))
	if got := answered[changed](t, ask(s, "POST", "/v1/index?class=d", kind, body, as...), http.StatusOK); got.Put != 2 || got.Images != 5 {
		t.Errorf("POST of a form = %+v", got)
	}
	entry := answered[entryAnswer](t, ask(s, "GET", "/v1/index/b", "", nil), http.StatusOK)
	if entry.Class != "blue" || entry.Metadata["price"] != "3.20" || !entry.Picture || len(entry.SHA256) != 64 {
		t.Errorf("GET = %+v", entry)
	}
	if w := ask(s, "GET", "/v1/index/b?picture=true", "", nil); w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/jpeg" || !strings.HasPrefix(w.Body.String(), "\xff\xd8") {
		t.Errorf("the thumbnail = %d %v", w.Code, w.Header())
	}
	hits := answered[found](t, ask(s, "POST", "/v1/search?k=1", "image/png", picture(t, blue)), http.StatusOK)
	if hits.Images != 5 || hits.Results[0][0].ID != "b" {
		t.Errorf("search = %+v", hits)
	}
	if got := answered[changed](t, ask(s, "DELETE", "/v1/index/b", "", nil, as...), http.StatusOK); got.Removed != 1 || got.Images != 4 {
		t.Errorf("DELETE = %+v", got)
	}
	if w := ask(s, "GET", "/v1/index/b", "", nil); w.Code != http.StatusNotFound {
		t.Errorf("GET of what was removed = %d", w.Code)
	}
	about := answered[indexAnswer](t, ask(s, "GET", "/v1/index", "", nil), http.StatusOK)
	if about.Images != 4 || about.Classes != 2 || !about.Changing {
		t.Errorf("GET /v1/index = %+v", about)
	}
	if wrong := index.Verify(path); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// TestIndexOfOthers: what another program has put into the folder is there for whoever asks for it.
func TestIndexOfOthers(t *testing.T) {
	s, path := changingService(t, Config{})
	f, err := index.OpenFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 { // both within the second in which searches may not see it
		id := fmt.Sprintf("%d.png", i)
		if err := f.Put(index.Entry{Item: index.Item{ID: id, Path: id, Class: id}, Vector: make([]float32, modelstest.Dim)}); err != nil {
			t.Fatal(err)
		}
		if got := answered[indexAnswer](t, ask(s, "GET", "/v1/index", "", nil), http.StatusOK); got.Images != i+1 || got.Classes != i+1 {
			t.Errorf("after %d: %+v", i+1, got)
		}
		if got := answered[entryAnswer](t, ask(s, "GET", "/v1/index/"+id, "", nil), http.StatusOK); got.Class != id {
			t.Errorf("%s: %+v", id, got)
		}
	}
}

// TestClientPut: a client puts more pictures into the index than a request holds, is told how many are on the disk, and removes one.
func TestClientPut(t *testing.T) {
	s, path := changingService(t, Config{})
	server := httptest.NewServer(s)
	defer server.Close()
	c := &client.Client{Address: server.URL, HTTP: server.Client(), Token: writerToken, Model: "photos"}
	entries := []client.Entry{{ID: "a b/100%.png", Picture: picture(t, red), Class: "red & more"}}
	for i := range 70 {
		entries = append(entries, client.Entry{ID: fmt.Sprintf("june/%d.png", i), Picture: picture(t, blue), Class: "blue", Metadata: map[string]string{"number": fmt.Sprint(i)}})
	}
	if got, err := c.Put(t.Context(), entries[:1], nil); err != nil || got.Put != 1 || got.Model != "photos" {
		t.Fatalf("one picture: %+v, %v", got, err)
	}
	var told []string
	got, err := c.Put(t.Context(), entries, func(done, total int) {
		onDisk, err := index.Read(path)
		if err != nil || onDisk.Len() != done {
			t.Errorf("told of %d, and on the disk are %v (%v)", done, onDisk, err)
		}
		told = append(told, fmt.Sprintf("%d of %d", done, total))
	})
	if d := cmp.Diff([]string{"32 of 71", "64 of 71", "71 of 71"}, told); err != nil || d != "" || got.Put != 71 || got.Images != 71 {
		t.Errorf("%+v, %v, told:\n%s", got, err, d)
	}
	if got, err := c.Index(t.Context()); err != nil || got.Images != 71 || got.Classes != 2 || !got.Changing {
		t.Errorf("Index = %+v, %v", got, err)
	}
	sum := sha256.Sum256(entries[0].Picture)
	stored, ok, err := c.Stored(t.Context(), "a b/100%.png")
	if err != nil || !ok || stored.SHA256 != hex.EncodeToString(sum[:]) || stored.Class != "red & more" || !stored.Picture {
		t.Errorf("Stored = %+v, %v, %v", stored, ok, err)
	}
	if stored, ok, err := c.Stored(t.Context(), "june/70.png"); err != nil || ok {
		t.Errorf("Stored of none = %+v, %v, %v", stored, ok, err)
	}
	if got, err := c.Remove(t.Context(), "a b/100%.png"); err != nil || got.Removed != 1 || got.Images != 70 {
		t.Errorf("Remove = %+v, %v", got, err)
	}
	onDisk, err := index.Read(path)
	if err != nil || onDisk.Len() != 70 || onDisk.Metadata(69)["number"] != "69" || onDisk.Item(69).Class != "blue" {
		t.Errorf("on the disk are %v (%v)", onDisk, err)
	}
	var refused *client.Error
	entries[40].Picture = []byte("no picture")
	if _, err := c.Put(t.Context(), entries, nil); !errors.As(err, &refused) || !strings.HasPrefix(err.Error(), "pictures 33 to 64 of 71: ") {
		t.Errorf("a file that is no picture: %v", err)
	}
	if _, err := c.Remove(t.Context(), "none"); !errors.As(err, &refused) || refused.Status != http.StatusNotFound {
		t.Errorf("Remove of none: %v", err)
	}
	c.Token = "of-nobody"
	if _, err := c.Put(t.Context(), entries[:1], nil); !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
		t.Errorf("another token: %v", err)
	}
}

// TestClientNames: whatever a picture is called, the client puts it in, asks for it and removes it under that name.
func TestClientNames(t *testing.T) {
	s, path := changingService(t, Config{})
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c := &client.Client{Address: server.URL, HTTP: server.Client(), Token: writerToken}
	for _, id := range []string{"../a", "./b", "a//b", "..", ".", "c/./d", "e/", "/f", "a/../../g", "h%2Fi", ".hidden/x.y", "x..y/z", "?k=1#", "ü/ß"} {
		if _, err := c.Put(t.Context(), []client.Entry{{ID: id, Picture: picture(t, red)}}, nil); err != nil {
			t.Errorf("Put %q: %v", id, err)
			continue
		}
		if onDisk, err := index.Read(path); err != nil || onDisk.Len() != 1 || onDisk.Item(0).ID != id {
			t.Errorf("%q is on the disk as %v (%v)", id, onDisk, err)
		}
		if stored, ok, err := c.Stored(t.Context(), id); err != nil || !ok || stored.ID != id {
			t.Errorf("Stored %q = %+v, %t, %v", id, stored, ok, err)
		}
		if removed, err := c.Remove(t.Context(), id); err != nil || removed.Images != 0 {
			t.Errorf("Remove %q = %+v, %v", id, removed, err)
		}
	}
	if _, err := c.Put(t.Context(), []client.Entry{{ID: "a\x00b", Picture: picture(t, red)}}, nil); err == nil || !strings.Contains(err.Error(), "UTF-8 without zero bytes") {
		t.Errorf("Put of a name with a zero byte: %v", err)
	}
}

// TestChangeRefused: who may not change an index, and what cannot be put into it, by the code.
func TestChangeRefused(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(tokens, []byte("may-only-ask-things\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	askers, err := ReadTokens(tokens, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := changingService(t, Config{Tokens: askers})
	png, writer := picture(t, red), "Bearer "+writerToken
	for _, c := range []struct {
		method, path, kind string
		body               []byte
		token              string
		status             int
		code               string
	}{
		{"PUT", "/v1/index/a", "image/png", png, "", 401, "token"},
		{"PUT", "/v1/index/a", "image/png", png, "Bearer may-only-ask-things", 401, "token"},
		{"DELETE", "/v1/index/a", "", nil, "Bearer may-only-ask-things", 401, "token"},
		{"POST", "/v1/index", "application/json", []byte("{}"), "", 401, "token"},
		{"GET", "/v1/index/a", "", nil, "", 401, "token"},
		{"GET", "/v1/index/a", "", nil, writer, 404, "no_entry"}, // who may change it may see it
		{"GET", "/v1/index/a?model=none", "", nil, writer, 401, "token"},
		{"GET", "/v1/models", "", nil, writer, 401, "token"},
		{"DELETE", "/v1/index/a", "", nil, writer, 404, "no_entry"},
		{"PUT", "/v1/index/a?model=fixed", "image/png", png, writer, 409, "fixed"},
		{"PUT", "/v1/index/a?model=none", "image/png", png, writer, 404, "no_model"},
		{"PUT", "/v1/index/%ff", "image/png", png, writer, 400, "malformed"},
		{"PUT", "/v1/index/a", "image/png", []byte("no picture"), writer, 415, "no_picture"},
		{"POST", "/v1/index", "application/json", []byte(`{"entries":[{"image":"aGk="}]}`), writer, 400, "malformed"},
		{"POST", "/v1/index", "application/json", []byte(`{"entries":[{"id":"a","image":"aGk=","metadata":{"n":1}}]}`), writer, 400, "malformed"},
		{"POST", "/v1/index", "application/json", []byte(`{"entries":[{"id":"a","image":"aGk=","metadata":{` + strings.Repeat(`"":"",`, 4096) + `"n":""}}]}`), writer, 415, "no_picture"},
		{"POST", "/v1/index", "application/json", []byte(`{"entries":[{"id":"a","image":"aGk=","metadata":{` + members(maxNames+1) + `}}]}`), writer, 400, "malformed"},
		{"POST", "/v1/index", "image/png", png, writer, 415, "no_batch"},
	} {
		w := ask(s, c.method, c.path, c.kind, c.body, "Authorization", c.token)
		if w.Code != c.status || !strings.Contains(w.Body.String(), fmt.Sprintf(`"code":%q`, c.code)) {
			t.Errorf("%s %s with %q = %d %s, want %d %s", c.method, c.path, c.token, w.Code, w.Body, c.status, c.code)
		}
	}
	if got := s.slots[0].current().Index.Len(); got != 0 {
		t.Errorf("the index has %d pictures after refusals, want none", got)
	}
	if f := failureOf(changeFailure("photos", &index.Error{Path: "x.index", Err: &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}})); f.status != 507 || f.code != "full" || f.err == nil {
		t.Errorf("a full disk = %d %s %q, want 507 full", f.status, f.code, f.message)
	}
	plain := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}})
	if w := ask(plain, "PUT", "/v1/index/a", "image/png", png, "Authorization", writer); w.Code != http.StatusForbidden {
		t.Errorf("without tokens of writers PUT = %d, want 403", w.Code)
	}
}

// TestChangeTogether: clients that put and remove at the same time lose nothing that was answered.
func TestChangeTogether(t *testing.T) {
	s, path := changingService(t, Config{})
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for j := range 5 {
				id := fmt.Sprintf("/v1/index/%d/%d", i, j)
				w := ask(s, "PUT", id, "image/png", picture(t, color.NRGBA{uint8(30 * i), uint8(50 * j), 0, 255}), "Authorization", "Bearer "+writerToken)
				if w.Code != http.StatusOK {
					t.Errorf("PUT = %d %s", w.Code, w.Body)
				}
				if w := ask(s, "GET", id, "", nil); w.Code != http.StatusOK {
					t.Errorf("GET of what was put = %d", w.Code)
				}
				if j%2 == 1 {
					if w := ask(s, "DELETE", id, "", nil, "Authorization", "Bearer "+writerToken); w.Code != http.StatusOK {
						t.Errorf("DELETE = %d %s", w.Code, w.Body)
					}
				}
			}
		})
	}
	wait.Wait()
	if x, err := index.Read(path); err != nil || x.Len() != 24 {
		t.Errorf("on the disk are %d (%v), want 24: 40 put, 16 removed", x.Len(), err)
	}
}

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/runner/serve"
)

// servedIndex is a service whose index commands change.
type servedIndex struct {
	url    string
	token  string       // file of the one who may
	sent   atomic.Int64 // pictures that were put in
	fails  atomic.Int64 // requests that put pictures in, until one is answered 500; below 0: none is
	busy   atomic.Bool  // the next request is answered 429
	server *httptest.Server
}

// storedModel returns where a model and pictures of a stored version are, from any folder.
func storedModel(t *testing.T) (model, data string) {
	t.Helper()
	version, err := filepath.Abs(filepath.Join(formats, "f76e329"))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(version, "model"), filepath.Join(version, "data/train")
}

// serveIndex serves the model of an earlier version with an index.
func serveIndex(t *testing.T, model, path string) *servedIndex {
	t.Helper()
	s := &servedIndex{token: filepath.Join(t.TempDir(), "token")}
	if err := os.WriteFile(s.token, []byte("# of the shop\nmay-change-the-index\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	writers, err := serve.ReadTokens(s.token, nil)
	if err != nil {
		t.Fatal(err)
	}
	others := filepath.Join(t.TempDir(), "others")
	if err := os.WriteFile(others, []byte("may-only-ask-things\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	askers, err := serve.ReadTokens(others, nil)
	if err != nil {
		t.Fatal(err)
	}
	source := serve.Folder("figures", model, path)
	source.Writers = writers
	service, err := serve.New(serve.Config{Models: []serve.Source{source}, Tokens: askers})
	if err == nil {
		err = service.Open(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = service.Close() })
	s.fails.Store(-1)
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.busy.Swap(false) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		if r.Method == http.MethodGet || r.Method == http.MethodDelete {
			service.ServeHTTP(w, r)
			return
		}
		if s.fails.Load() >= 0 && s.fails.Add(-1) < 0 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		recorded := httptest.NewRecorder()
		service.ServeHTTP(recorded, r)
		var put struct{ Put int64 }
		if recorded.Code == http.StatusOK && json.Unmarshal(recorded.Body.Bytes(), &put) == nil {
			s.sent.Add(put.Put)
		}
		w.WriteHeader(recorded.Code)
		_, _ = io.Copy(w, recorded.Body)
	}))
	t.Cleanup(s.server.Close)
	s.url = s.server.URL + "?model=figures"
	return s
}

// change runs a command on the index of the service, and wants an exit code.
func (s *servedIndex) change(t *testing.T, code int, args ...string) (r changedIndex, said string) {
	t.Helper()
	var out, complaint bytes.Buffer
	streams := IO{Out: &out, Err: &complaint, Getenv: func(name string) string {
		if name == tokenVariable {
			return ""
		}
		return os.Getenv(name)
	}}
	args = slices.Concat([]string{"tfpair", "index"}, args, []string{"--index", s.url, "--json"})
	if got := Run(t.Context(), args, streams); got != code {
		t.Fatalf("%s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, code, &out, &complaint)
	}
	if code == exitDone || code == exitSkipped {
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
	}
	return r, complaint.String()
}

// TestIndexService: what is sent to a service is in its index as index add puts it into a folder; what it has already is not
// sent, so a command that failed goes on; and it says what is wrong.
func TestIndexService(t *testing.T) {
	model, data := storedModel(t)
	t.Chdir(t.TempDir())
	for path, text := range map[string]string{"prices.csv": "path,price\ntrain/arrow/000.png,3.20\n", "wrong": "of-nobody-at-all\n", "empty": "# none\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := sample.Write("pictures", sample.Options{Classes: 4, Train: 10, Test: 2}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"served.index", "local.index"} {
		tfpair(t, "index", "build", "--quiet", "--model", model, "--data", data, "--out", name)
	}
	s := serveIndex(t, model, "served.index")
	more := []string{"--data", "pictures", "--prefix", "june", "--metadata", "prices.csv"}
	tfpair(t, slices.Concat([]string{"index", "add", "--quiet", "--model", model, "--index", "local.index"}, more)...)
	add := slices.Concat([]string{"add", "--token-file", s.token}, more)

	s.fails.Store(1) // the second request
	if _, said := s.change(t, exitFailed, add...); !strings.Contains(said, "the service answers 500") {
		t.Errorf("after an error inside the service it says %q", said)
	}
	if got := s.sent.Load(); got != 32 {
		t.Fatalf("%d pictures are in after one request, want 32", got)
	}
	s.fails.Store(-1)
	s.busy.Store(true) // and it is too busy at first
	r, _ := s.change(t, exitDone, add...)
	if r.Added != 16 || r.Images != 24+48 || s.sent.Load() != 48 {
		t.Errorf("the same command added %d, with %d images and %d sent; want the other 16, 72 and 48", r.Added, r.Images, s.sent.Load())
	}
	sameIndexes(t, "served.index", "local.index")
	if r, _ = s.change(t, exitDone, add...); r.Added != 0 || s.sent.Load() != 48 {
		t.Errorf("once more it added %d and sent %d, want nothing", r.Added, s.sent.Load()-48)
	}

	// Another file under a name that is there, one that is no picture, and a new price.
	if err := os.WriteFile("prices.csv", []byte("path,price\ntrain/arrow/000.png,2.95\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, from := range map[string]string{"pictures/train/arrow/001.png": "pictures/train/house/001.png", "pictures/test/arrow/x.png": "prices.csv"} {
		file, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(path, file, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, said := s.change(t, exitUsage, add...); !strings.Contains(said, `the index has other contents for 1 image, the first "june/train/arrow/001.png"`) {
		t.Errorf("of another file add says %q", said)
	}
	update := append([]string{"update"}, add[1:]...)
	if _, said := s.change(t, exitInput, update...); !strings.Contains(said, "1 of 49 images cannot be used") || !strings.Contains(said, "june/test/arrow/x.png") {
		t.Errorf("of a file that is no picture update says %q", said)
	}
	r, _ = s.change(t, exitSkipped, append(update, "--bad-images", "skip", "--bad-budget", "0.05")...)
	if r.Replaced != 1 || r.Renewed != 1 || r.Added != 0 || r.Images != 72 || !slices.Equal(r.Skipped, []string{"june/test/arrow/x.png"}) {
		t.Errorf("update = %+v, want 1 replaced, 1 renewed, and x.png skipped", r)
	}
	// A folder without classes: its picture keeps the one that it has.
	if err := errors.Join(os.Mkdir("plain", 0o700), os.Rename("pictures/train/house/002.png", "plain/002.png")); err != nil {
		t.Fatal(err)
	}
	r, _ = s.change(t, exitDone, "update", "--token-file", s.token, "--data", "plain", "--prefix", "june/train/arrow")
	if x, err := index.Read("served.index"); err != nil || r.Replaced != 1 || !slices.ContainsFunc(items(x), func(i index.Item) bool {
		return i.ID == "june/train/arrow/002.png" && i.Class == "arrow"
	}) {
		t.Errorf("update = %+v (%v), want 1 replaced, and still an arrow", r, err)
	}
	r, _ = s.change(t, exitSkipped, "remove", "--token-file", s.token, "--id", "june/train/arrow/000.png", "--id", "none")
	if r.Removed != 1 || r.Images != 71 || !slices.Equal(r.Skipped, []string{"none"}) {
		t.Errorf("remove = %+v, want 1 of 2 removed", r)
	}
	onDisk, err := index.Read("served.index")
	if err != nil || onDisk.Len() != 71 {
		t.Errorf("on the disk are %v (%v), want 71", onDisk.Len(), err)
	}
	// What came over HTTP is in no data, and nobody has asked to remove it.
	tfpair(t, "index", "update", "--quiet", "--model", model, "--index", "served.index", "--remove-missing")
	if after, err := index.Read("served.index"); err != nil || !slices.Equal(items(after), items(onDisk)) {
		t.Errorf("update --remove-missing left %d (%v), want all 71", after.Len(), err)
	}

	for _, of := range []struct {
		code int
		says string
		args []string
	}{
		{exitInput, "hint: give a --token-file", []string{"add", "--data", "pictures", "--prefix", "july", "--token-file", "wrong"}},
		{exitInput, "hint: give a --token-file", []string{"remove", "--id", "a", "--token-file", "wrong"}},
		{exitUsage, "give --token-file, or the variable TFPAIR_TOKEN", []string{"add", "--data", "pictures"}},
		{exitUsage, "--token-file empty has no token", []string{"add", "--data", "pictures", "--token-file", "empty"}},
		{exitUsage, "--model is for an index at hand", []string{"add", "--data", "pictures", "--token-file", s.token, "--model", model}},
		{exitUsage, "tfpair index remove --index ", []string{"update", "--data", "pictures", "--token-file", s.token, "--remove-missing"}},
	} {
		if _, said := s.change(t, of.code, of.args...); !strings.Contains(said, of.says) {
			t.Errorf("%v says %q, want %q", of.args, said, of.says)
		}
	}
	s.server.Close()
	if _, said := s.change(t, exitFailed, add...); !strings.Contains(said, "hint: see that the service runs at 'http://") {
		t.Errorf("where nobody answers it says %q", said)
	}
}

func items(x *index.Index) (list []index.Item) {
	for _, item := range x.All() {
		list = append(list, item)
	}
	return list
}

// sameIndexes compares entries and embeddings. Batches are of other sizes in a service, so the last digits may differ.
func sameIndexes(t *testing.T, served, local string) {
	t.Helper()
	a, err := index.Read(served)
	if err != nil {
		t.Fatal(err)
	}
	b, err := index.Read(local)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for row, item := range a.All() {
		rows[item.ID] = row
	}
	if a.Len() != b.Len() {
		t.Errorf("the service has %d images, want %d", a.Len(), b.Len())
	}
	for row, want := range b.All() {
		of, ok := rows[want.ID]
		if !ok {
			t.Errorf("the service has no %q", want.ID)
			continue
		}
		if d := cmp.Diff(want, a.Item(of)); d != "" {
			t.Errorf("the service has another item:\n%s", d)
		}
		if d := cmp.Diff(b.Metadata(row), a.Metadata(of)); d != "" || a.HasPicture(of) != b.HasPicture(row) {
			t.Errorf("%s: the service has other things beside it, or no thumbnail:\n%s", want.ID, d)
		}
		for i, x := range b.Vector(row) {
			if d := math.Abs(float64(x - a.Vector(of)[i])); d > 1e-5 {
				t.Errorf("%s: number %d of its embedding differs by %g", want.ID, i, d)
			}
		}
	}
}

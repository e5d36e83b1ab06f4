package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
	"github.com/tfpair/tfpair/models/postgres/postgrestest"
	"github.com/tfpair/tfpair/runner/serve"
)

// TestPostgres: an index is pushed to a database, a search in it answers as one in the index, and no command says
// the password.
func TestPostgres(t *testing.T) {
	url := postgrestest.Start(t).Database(t)
	folder := filepath.Join(formats, "f76e329")
	index, image := filepath.Join(t.TempDir(), "x.index"), filepath.Join(folder, "data/test/arrow/000.png")
	tfpair(t, "index", "build", "--quiet", "--model", filepath.Join(folder, "model"), "--data", filepath.Join(folder, "data"), "--out", index)
	said := tfpair(t, "index", "push", "--index", index, "--to", url+"?index=flat", "--kind", "flat", "--json")
	again := tfpair(t, "index", "push", "--index", index, "--to", url+"?index=flat", "--kind", "flat")
	if want := "?index=flat: nothing to change\n"; !strings.Contains(string(again), want) {
		t.Errorf("a push again says %q, want %q", again, want)
	}
	search := func(index string) (hits json.RawMessage) {
		answer := tfpair(t, "search", "--model", filepath.Join(folder, "model"), "--index", index, "--image", image, "--threshold", "0.15", "--json")
		said = append(said, answer...)
		var result struct{ Hits json.RawMessage }
		if err := json.Unmarshal(bytes.SplitN(answer, []byte("\n"), 2)[0], &result); err != nil {
			t.Fatal(err)
		}
		return result.Hits
	}
	if d := cmp.Diff(string(search(index)), string(search(url+"?index=flat"))); d != "" {
		t.Errorf("answers of the database differ:\n%s", d)
	}
	testSuggestions(t, filepath.Join(folder, "model"), index, url+"?index=flat", image)
	renewed := tfpair(t, "index", "threshold", "--model", filepath.Join(folder, "model"), "--index", url+"?index=flat")
	if said = append(said, renewed...); !strings.Contains(string(renewed), "no threshold for searches in it: ") || !strings.Contains(string(renewed), "can ask as strangers") {
		t.Errorf("index threshold says %q, want that few strangers can ask", renewed)
	}
	var out, complaint bytes.Buffer
	streams := IO{Out: &out, Err: &complaint, Getenv: os.Getenv}
	for _, wrong := range [][]string{
		{"search", "--model", filepath.Join(folder, "model"), "--index", url + "?index=none", "--image", image},
		{"search", "--model", filepath.Join(folder, "model"), "--index", url + "nowhere", "--image", image},
		{"search", "--model", filepath.Join(folder, "model"), "--index", url + "?index=flat", "--image", image, "--false-accepts", "1%"},
		{"index", "push", "--index", index, "--to", url + "?index=flat"}, // which is of kind hnsw
		{"index", "threshold", "--model", filepath.Join(folder, "model"), "--index", url + "?index=none"},
		{"index", "threshold", "--model", filepath.Join(folder, "model"), "--index", index}, // which renews its own
		{"serve", "--model", filepath.Join(folder, "model"), "--index", "other=" + url, "--listen", "127.0.0.1:0"},
		{"serve", "--model", filepath.Join(folder, "model"), "--index", url, "--index", url, "--listen", "127.0.0.1:0"},
	} {
		if code := Run(t.Context(), append([]string{"tfpair"}, wrong...), streams); code != exitInput && code != exitUsage {
			t.Errorf("tfpair %s: exit code %d", wrong, code)
		}
	}
	if all := string(said) + out.String() + complaint.String(); strings.Contains(all, postgrestest.Password) {
		t.Errorf("the password is in\n%s", all)
	}
}

// testSuggestions: where there is no threshold, search and serve name the same one to begin with for an index in a database as for the folder.
func testSuggestions(t *testing.T, model, folder, url, image string) {
	t.Helper()
	x, err := index.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	want, ok, err := x.Suggest(t.Context())
	if err != nil || !ok {
		t.Fatalf("the index suggests nothing: %v", err)
	}
	for _, path := range []string{folder, url} {
		var complaint bytes.Buffer
		args := []string{"tfpair", "search", "--model", model, "--index", path, "--image", image}
		if code := Run(t.Context(), args, IO{Out: io.Discard, Err: &complaint, Getenv: os.Getenv}); code != exitDone {
			t.Fatalf("%v: exit code %d\n%s", args, code, &complaint)
		}
		next := commandLine{"tfpair", "search", "--model", model, "--image", image, "--index", postgres.Shown(path), "--threshold", number4(want)}
		if !strings.Contains(complaint.String(), suggested(want)+"\nnext: "+next.String()+"\n") {
			t.Errorf("search says\n%s\nwant\nnext: %s", &complaint, next)
		}
		service, err := serve.New(serve.Config{Models: []serve.Source{serve.Folder("figures", model, path)}})
		if err == nil {
			err = service.Open(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		got := service.Undecided(t.Context())
		if d := cmp.Diff([]serve.Undecided{{Model: "figures", Reason: x.About().NoAccept, Suggested: &want}}, got); d != "" {
			t.Errorf("of %s serve says (-want +got):\n%s", postgres.Shown(path), d)
		}
		if err := service.Close(); err != nil {
			t.Error(err)
		}
	}
}

package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/models/postgres/postgrestest"
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

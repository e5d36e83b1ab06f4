package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// TestLabel answers through the address that the command prints, ends it, and trains on the list.
func TestLabel(t *testing.T) {
	if _, err := libtensorflow.Find(os.Getenv, libtensorflow.Auto); err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	run := trainedtest.Run(t, nil)
	t.Chdir(t.TempDir())
	if err := sample.Write("pictures", sample.Options{Train: 6, Test: 2}); err != nil {
		t.Fatal(err)
	}
	site := startLabel(t, "--model", run, "--data", "pictures", "--out", "pairs.csv")
	for range 40 {
		var q struct {
			Left, Right int
			Paths       []string
		}
		site.ask(t, "GET", "next?name=Ada", "", &q)
		var told struct{ Progress struct{ Answers int } }
		site.ask(t, "POST", "answer", fmt.Sprintf(`{"left":%d,"right":%d,"same":%v,"name":"Ada"}`, q.Left, q.Right, path.Dir(q.Paths[0]) == path.Dir(q.Paths[1])), &told)
	}
	var summary struct{ Answers int }
	said := site.end(t, &summary)
	if summary.Answers != 40 {
		t.Errorf("%d answers", summary.Answers)
	}
	if !strings.Contains(said, "next: tfpair train --data pairs.csv --images pictures --out run") {
		t.Errorf("what is next:\n%s", said)
	}
	args := []string{"tfpair", "train", "--data", "pairs.csv", "--images", "pictures", "--out", "run", "--preset", "siamese", "--set", "input.size=24",
		"--set", "backbone={smallconv: {filters: [4], dense: 4}}", "--set", "train.batch_size=8", "--set", "train.steps=1"}
	var errors bytes.Buffer
	if got := Run(t.Context(), args, IO{Out: io.Discard, Err: &errors, Getenv: os.Getenv}); got != exitDone {
		t.Errorf("train = %d:\n%s", got, errors.String())
	}
	if _, err := os.Stat("pairs.second.csv"); err == nil {
		t.Error("a list of second answers is there, and nobody gave one")
	}
}

// labelSite is a tfpair label that runs.
type labelSite struct {
	address string
	lines   *json.Decoder
	said    *bytes.Buffer
	stop    func()
	code    chan int
}

// startLabel runs tfpair label until its page is there.
func startLabel(t *testing.T, args ...string) labelSite {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	read, write := io.Pipe()
	s := labelSite{lines: json.NewDecoder(read), said: &bytes.Buffer{}, stop: stop, code: make(chan int, 1)}
	go func() {
		s.code <- Run(ctx, append([]string{"tfpair", "label", "--json"}, args...), IO{Out: write, Err: s.said, Getenv: os.Getenv})
		_ = write.Close() // a pipe in memory
	}()
	var ready struct{ Address string }
	if err := s.lines.Decode(&ready); err != nil {
		<-s.code
		t.Fatalf("%v\n%s", err, s.said.String())
	}
	s.address = ready.Address
	return s
}

// ask asks the page's address.
func (s labelSite) ask(t *testing.T, method, path, body string, to any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(to); err != nil {
		t.Fatal(err)
	}
}

// end ends the command, and returns what it said.
func (s labelSite) end(t *testing.T, summary any) string {
	t.Helper()
	s.stop()
	if err := s.lines.Decode(summary); err != nil {
		t.Error(err)
	}
	if got := <-s.code; got != exitDone {
		t.Fatalf("label = %d:\n%s", got, s.said.String())
	}
	return s.said.String()
}

// TestLabelImages chooses label images through the address, goes on with the list, and trains on it.
func TestLabelImages(t *testing.T) {
	if _, err := libtensorflow.Find(os.Getenv, libtensorflow.Auto); err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	run := trainedtest.Run(t, nil)
	t.Chdir(t.TempDir())
	if err := sample.Write("shop", sample.Options{Train: 4, Test: 1}); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename("shop/test", "shop/products"); err != nil { // one picture of each class; the photos are the others
		t.Fatal(err)
	}
	args := []string{"--model", run, "--data", "shop", "--label-images", "shop/products", "--out", "list.csv"}
	var summary struct {
		Answers, None int
		Labels        int `json:"label_images"`
	}
	for _, most := range []int{5, 1000} {
		site := startLabel(t, args...)
		for range most {
			var q struct {
				Photo  int
				Path   string
				Done   bool
				Labels []struct {
					Label int
					Path  string
				}
			}
			site.ask(t, "GET", "next?name=Ada", "", &q)
			if q.Done {
				break
			}
			if strings.HasPrefix(q.Path, "products/") {
				t.Fatalf("%q is a photo", q.Path)
			}
			text, shown := "", []string{}
			for _, l := range q.Labels {
				shown = append(shown, fmt.Sprint(l.Label))
				if path.Base(path.Dir(l.Path)) == path.Base(path.Dir(q.Path)) {
					text = fmt.Sprintf(`{"photo":%d,"label":%d,"name":"Ada"}`, q.Photo, l.Label)
				}
			}
			var told struct{ Progress struct{ Answers int } }
			if text != "" {
				site.ask(t, "POST", "choose", text, &told)
			} else {
				site.ask(t, "POST", "none", fmt.Sprintf(`{"photo":%d,"labels":[%s],"name":"Ada"}`, q.Photo, strings.Join(shown, ",")), &told)
			}
		}
		said := site.end(t, &summary)
		if most > 5 && !strings.Contains(said, "next: tfpair train --data list.csv --images shop --out run") {
			t.Errorf("what is next:\n%s", said)
		}
	}
	photos := 4 * summary.Labels
	if summary.Answers != photos || summary.None != 0 || photos == 0 {
		t.Errorf("%+v, want %d answers", summary, photos)
	}
	for _, more := range [][]string{nil, {"--preset", "image-label", "--weights", "none", "--set", "input.size=24", "--set", "backbone={smallconv: {filters: [4], dense: 4}}",
		"--set", "train.batch_size=8", "--set", "train.steps=1"}} {
		args := append([]string{"tfpair", "train", "--data", "list.csv", "--images", "shop", "--out", "run"}, more...)
		if more == nil {
			args = append(args, "--explain")
		}
		var said bytes.Buffer
		if got := Run(t.Context(), args, IO{Out: io.Discard, Err: &said, Getenv: os.Getenv}); got != exitDone {
			t.Errorf("%v = %d:\n%s", args, got, said.String())
		}
	}
	for _, test := range []struct{ data, labels, want string }{
		{"shop", "shop", "are the same folder"},
		{"shop", "list.csv", "both are folders"},
		{"shop", "nowhere", `--label-images "nowhere": no such file or directory`},
	} {
		var said bytes.Buffer
		if got := Run(t.Context(), []string{"tfpair", "label", "--model", run, "--data", test.data, "--label-images", test.labels, "--out", "other.csv"},
			IO{Out: io.Discard, Err: &said, Getenv: os.Getenv}); got == exitDone || !strings.Contains(said.String(), test.want) {
			t.Errorf("%+v = %d: %s", test, got, said.String())
		}
	}
}

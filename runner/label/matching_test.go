package label

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/browser"
)

// catalogue returns photos of so many classes, and a label image of each: embeddings around a centre, all label images moved by the
// same vector, as pictures of a catalogue are unlike photos in one way.
func catalogue(classes, each int) (photos, labels Pictures) {
	photos = pictures(classes, each)
	r := rand.New(rand.NewPCG(7, 7))
	labels = Pictures{Dim: photos.Dim}
	for c := range classes {
		labels.Paths = append(labels.Paths, fmt.Sprintf("products/class%d.png", c))
		for d := range photos.Dim {
			sum := 0.0
			for i := range each {
				sum += float64(photos.Embeddings[(c*each+i)*photos.Dim+d])
			}
			labels.Embeddings = append(labels.Embeddings, float32(3+sum/float64(each)+0.8*r.NormFloat64()))
		}
	}
	return photos, labels
}

// matching opens a session over lists in a folder.
func matching(t *testing.T, photos, labels Pictures, folder string) *Matching {
	t.Helper()
	var lists MatchLists
	for _, one := range []struct {
		name string
		open func(string) (*Journal[Match], error)
		to   **Journal[Match]
	}{{"list.csv", OpenMatches, &lists.Chosen}, {"none.csv", OpenRejected, &lists.Rejected}, {"second.csv", OpenMatches, &lists.Second}} {
		j, err := one.open(filepath.Join(folder, one.name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = j.Close() })
		*one.to = j
	}
	m, err := NewMatching(photos, labels, lists, 1, clock)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// right returns the label image among the suggestions that is of the photo's class, -1 if none is.
func right(m *Matching, s Suggestion) int {
	for _, l := range s.Labels {
		if path.Base(m.labels.Paths[l]) == path.Dir(m.photos.Paths[s.Photo])+".png" {
			return l
		}
	}
	return -1
}

// answers gives the right answer to a suggestion, and reports whether it was there.
func answers(t *testing.T, m *Matching, s Suggestion, name string) bool {
	t.Helper()
	l := right(m, s)
	var c *MatchContradiction
	var err error
	if l < 0 {
		c, err = m.None(s.Photo, s.Labels, name)
	} else {
		c, err = m.Choose(s.Photo, l, name)
	}
	if c != nil || err != nil {
		t.Fatalf("photo %d: %+v, %v", s.Photo, c, err)
	}
	return l >= 0
}

// TestMatching: each photo is asked about once before any comes again with other label images; in the end each has its own, and what
// was answered makes the suggestions better.
func TestMatching(t *testing.T) {
	photos, labels := catalogue(20, 8)
	folder := t.TempDir()
	m := matching(t, photos, labels, folder)
	times, shown, found := map[int]int{}, map[[2]int]bool{}, 0
	for asked := 0; ; asked++ {
		s, err := m.Next("Ada")
		if errors.Is(err, ErrNothingLeft) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if want := asked / len(photos.Paths); want == 0 && times[s.Photo] > 0 {
			t.Fatalf("photo %d is asked about again before others were", s.Photo)
		}
		times[s.Photo]++
		for _, l := range s.Labels {
			if shown[[2]int{s.Photo, l}] {
				t.Fatalf("label image %d is suggested again for photo %d", l, s.Photo)
			}
			shown[[2]int{s.Photo, l}] = true
		}
		if answers(t, m, s, "Ada") && asked < len(photos.Paths) {
			found++
		}
	}
	if len(times) != len(photos.Paths) || found < len(photos.Paths)*2/3 || found == len(photos.Paths) {
		t.Errorf("%d of %d photos were asked about, and the first suggestions had %d", len(times), len(photos.Paths), found)
	}
	if p := m.Progress(); p.Answers != 160 || p.Used != 20 || p.Photos != 160 || p.Labels != 20 || p.None != 0 || p.Sure.Right != p.Sure.Asked {
		t.Errorf("progress %+v", p)
	}
	q, ok := m.Quality()
	if !ok || q.First <= q.Plain+0.05 || q.First < q.Interval.Low || q.First > q.Interval.High || q.Shown < q.First || q.Answers != 160 {
		t.Errorf("quality %+v, %v", q, ok)
	}
	for _, a := range m.lists.Chosen.Answers() {
		if path.Base(a.Label) != path.Dir(a.Image)+".png" || a.Name != "Ada" {
			t.Errorf("%+v", a)
		}
	}
}

// TestAllowance: where each label image has one photo, photos that were answered for mislead, and do not count; where it has many
// that are more like each other than like it, they do.
func TestAllowance(t *testing.T) {
	for each, want := range map[int]bool{1: false, 8: true} {
		photos, labels := catalogue(16, each)
		for at := range photos.Embeddings { // photos have something in common that label images lack
			if at%photos.Dim == 0 {
				photos.Embeddings[at] += 4
			}
		}
		r := newRanking(photos, labels)
		var list []chosen
		for i := range photos.Paths {
			list = append(list, chosen{int32(i), int32(i / each)})
		}
		r.learn(list)
		if counts := r.allowed < 2; counts != want {
			t.Errorf("%d photos of each: an allowance of %v", each, r.allowed)
		}
	}
}

// TestMatchingUndo takes back an answer and what was rejected at once, also of an earlier session.
func TestMatchingUndo(t *testing.T) {
	photos, labels := catalogue(8, 4)
	folder := t.TempDir()
	list := func() string {
		return strings.ReplaceAll(text(t, filepath.Join(folder, "list.csv"))+"|"+text(t, filepath.Join(folder, "none.csv")), ",2026-01-31T15:04:05Z", "")
	}
	m := matching(t, photos, labels, folder)
	if _, err := m.Choose(3, 0, "Ada"); err != nil {
		t.Fatal(err)
	}
	if _, err := m.None(9, []int{1, 4}, "Ada"); err != nil {
		t.Fatal(err)
	}
	if _, err := m.None(9, []int{0, 3}, "Bob"); err != nil {
		t.Fatal(err)
	}
	const one = "image,label_image,name,answered\nclass0/03.png,products/class0.png,Ada\n|image,not_label_image,name,answered\n"
	const two = one + "class2/01.png,products/class1.png,Ada\nclass2/01.png,products/class4.png,Ada\n"
	const three = two + "class2/01.png,products/class0.png,Bob\nclass2/01.png,products/class3.png,Bob\n"
	undo := func(want string, photo int) {
		t.Helper()
		if s, ok, err := m.Undo(); !ok || err != nil || s.Photo != photo {
			t.Fatalf("%+v, %v, %v", s, ok, err)
		}
		if got := list(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	if got := list(); got != three {
		t.Errorf("got\n%s\nwant\n%s", got, three)
	}
	if p := m.Progress(); p.Answers != 1 || p.None != 1 {
		t.Errorf("progress %+v", p)
	}
	undo(two, 9)
	for _, l := range m.suggest(9).Labels {
		if l == 1 || l == 4 {
			t.Errorf("label image %d is suggested, and was rejected", l)
		}
	}
	undo(one, 9)
	undo("image,label_image,name,answered\n|image,not_label_image,name,answered\n", 3)
	if _, ok, err := m.Undo(); ok || err != nil {
		t.Errorf("undo of nothing: %v, %v", ok, err)
	}
}

// TestMatchingTruth: another answer of the same photo goes to a list of its own, and photos that are one picture have one label image.
func TestMatchingTruth(t *testing.T) {
	photos, labels := catalogue(8, 4)
	copy(photos.Embeddings[5*photos.Dim:], photos.Embeddings[:photos.Dim]) // photo 5 is photo 0
	folder := t.TempDir()
	m := matching(t, photos, labels, folder)
	choose := func(photo, label int, name string) *MatchContradiction {
		t.Helper()
		c, err := m.Choose(photo, label, name)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := choose(0, 0, "Ada"); c != nil {
		t.Errorf("%+v", c)
	}
	if c := choose(5, 1, "Ada"); c == nil || c.Other.Image != "class0/00.png" || c.Answer.Image != "class1/01.png" {
		t.Errorf("a copy with another label image: %+v", c)
	}
	before := text(t, filepath.Join(folder, "list.csv"))
	if c := choose(0, 0, "Bob"); c != nil {
		t.Errorf("the same again: %+v", c)
	}
	if c := choose(5, 2, "Bob"); c == nil || c.Other.Label != "products/class1.png" {
		t.Errorf("another label image: %+v", c)
	}
	if c, err := m.None(5, []int{1, 2}, "Cleo"); c == nil || c.Answer.Label != "" || err != nil {
		t.Errorf("none of these, of which one was chosen: %+v, %v", c, err)
	}
	if got, want := m.Agreements(), []Agreement{{"Ada", "Bob", 2, 1}, {"Ada", "Cleo", 1, 0}}; !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if text(t, filepath.Join(folder, "list.csv")) != before {
		t.Error("the list has changed")
	}
	again := 0
	for range 20 {
		s, err := m.Next("Dan")
		if err != nil {
			t.Fatal(err)
		}
		if first, known := m.answer[photos.Paths[s.Photo]]; known {
			again++
			if !slices.Contains(s.Labels, m.label[first.Label]) {
				t.Errorf("%+v does not show %q, which was chosen", s, first.Label)
			}
		}
		if err := m.Skip(s.Photo); err != nil {
			t.Fatal(err)
		}
	}
	if again != 2 {
		t.Errorf("%d of 20 photos were answered before, want every tenth", again)
	}
}

// TestMatchingKilled kills a process 50 times that asks about photos.
func TestMatchingKilled(t *testing.T) {
	photos, labels := catalogue(40, 40)
	killed(t, "TestMatchingKilled", func(folder string) {
		m := matching(t, photos, labels, folder)
		for {
			s, err := m.Next("Ada")
			if err != nil {
				t.Fatal(err)
			}
			if answers(t, m, s, "Ada") {
				fmt.Printf("kept %s %s\n", photos.Paths[s.Photo], m.answer[photos.Paths[s.Photo]].Label)
			}
		}
	}, func(folder string) (list []string) {
		j, err := OpenMatches(filepath.Join(folder, "list.csv"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = j.Close() }() // read only
		for _, a := range j.Answers() {
			list = append(list, a.Image+" "+a.Label)
		}
		return list
	})
}

// TestMatchingSite: what is wrong with a request is said, and nothing of it is kept.
func TestMatchingSite(t *testing.T) {
	photos, labels := catalogue(3, 4)
	folder := t.TempDir()
	base := serve(t, NewMatchingSite(matching(t, photos, labels, folder), drawn), "").URL
	for _, c := range []struct {
		method, path, body string
		code               int
		want               string
	}{
		{"GET", "", "", 200, "Which of these is it?"},
		{"GET", "next?name=Ada", "", 200, `"photo":`},
		{"GET", "picture/14", "", 200, "\xff\xd8"},
		{"GET", "picture/15", "", 404, ""},
		{"POST", "choose", `{"photo":0}`, 400, `"label" is not given`},
		{"POST", "choose", `{"photo":12,"label":0}`, 400, "there is no picture 12: there are 12, from 0"},
		{"POST", "choose", `{"photo":0,"label":3}`, 400, "there is no picture 3: there are 3, from 0"},
		{"POST", "none", `{"photo":0,"labels":[]}`, 400, "want those that were shown"},
		{"POST", "none", `{"photo":0,"labels":[0,7]}`, 400, "there is no picture 7"},
		{"POST", "choose", `{"photo":0,"label":0,"name":"Ada"}`, 200, `"answers":1`},
		{"POST", "none", `{"photo":1,"labels":[1,2],"name":"Ada"}`, 200, `"none":1`},
		{"POST", "skip", `{"photo":2}`, 200, `"answers":1`},
		{"POST", "undo", `{}`, 200, `"none":0`},
		{"GET", "quality", "", 200, "null"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, base+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		_, _ = b.ReadFrom(answer.Body)
		_ = answer.Body.Close() // read only
		if answer.StatusCode != c.code || !strings.Contains(b.String(), c.want) {
			t.Errorf("%s %s %s: %d %.200s; want %d %s", c.method, c.path, c.body, answer.StatusCode, b.String(), c.code, c.want)
		}
	}
	if got, want := text(t, filepath.Join(folder, "list.csv")), "image,label_image,name,answered\nclass0/00.png,products/class0.png,Ada,2026-01-31T15:04:05Z\n"; got != want {
		t.Errorf("the list is\n%s", got)
	}
}

// matcher answers by classes through the keys of the page, takes one back, and writes what is there then.
const matcher = `<script>
const settled = () => new Promise(f => document.addEventListener("settled", f, {once: true}));
const press = async key => { const done = settled(); document.dispatchEvent(new KeyboardEvent("keydown", {key})); await done; };
const kind = name => name.split("/").pop().split(".")[0];
(async () => {
  if (!question) await settled();
  $("name").value = "Ada";
  let none = 0;
  for (let i = 0; i < 60; i++) {
    const at = question.labels.findIndex(l => kind(l.path) === question.path.split("/")[0]);
    if (at < 0) none++;
    await press(at < 0 ? "n" : String(at + 1));
  }
  const before = $("progress").textContent;
  await press("u");
  const said = {before, after: $("progress").textContent, none, quality: $("quality").textContent, failed: $("failed").textContent, alt: $("photo").alt, shown: $("five").children.length};
  document.querySelector("main").append(Object.assign(document.createElement("pre"), {id: "said", textContent: JSON.stringify(said)}));
})();
</script>`

// TestMatchingPage chooses label images through the page in a browser.
func TestMatchingPage(t *testing.T) {
	photos, labels := catalogue(10, 8)
	for c := range 10 { // four of each class are one picture: questions about copies are sure ones
		for i := range 3 {
			copy(photos.Embeddings[(8*c+i+1)*photos.Dim:][:photos.Dim], photos.Embeddings[8*c*photos.Dim:][:photos.Dim])
		}
	}
	m := matching(t, photos, labels, t.TempDir())
	dom, log := browser.Open(t, serve(t, NewMatchingSite(m, drawn), matcher).URL, 30_000)
	for line := range strings.Lines(log) {
		if strings.Contains(line, "CONSOLE") {
			t.Errorf("the page complains: %s", line)
		}
	}
	_, after, _ := strings.Cut(dom, `<pre id="said">`)
	after, _, _ = strings.Cut(after, "</pre>")
	var got struct {
		Before, After, Quality, Failed, Alt string
		None, Shown                         int
	}
	if err := json.Unmarshal([]byte(after), &got); err != nil {
		t.Fatalf("%v: %s", err, dom)
	}
	chosen := 60 - got.None
	if !strings.HasPrefix(got.Before, fmt.Sprintf("%d of 80 photos have a picture, %d had none", chosen, got.None)) || got.Before == got.After ||
		got.Failed != "" || !strings.HasPrefix(got.Alt, "class") || got.Shown != suggestions {
		t.Errorf("%+v", got)
	}
	if !strings.Contains(got.Before, " sure ones as expected; ") {
		t.Errorf("the page does not tell how sure ones were answered: %q", got.Before)
	}
	if chosen >= 50 && !strings.HasPrefix(got.Quality, "Of 50 answers, ") {
		t.Errorf("after %d answers the page says %q", chosen, got.Quality)
	}
	for _, a := range m.lists.Chosen.Answers() {
		if path.Base(a.Label) != path.Dir(a.Image)+".png" || a.Name != "Ada" {
			t.Errorf("%+v", a)
		}
	}
	const first = `new Promise(f => document.addEventListener("settled", f, {once: true}))`
	dom, _ = browser.Open(t, serve(t, NewMatchingSite(m, drawn), browser.Axe(first)).URL, 30_000)
	for _, v := range browser.Violations(t, dom) {
		t.Errorf("axe: %s", v)
	}
}

// TestMatchingRefuses: a list of another kind is not appended to.
func TestMatchingRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "list.csv")
	for text, want := range map[string]string{
		"left,right,same,name,time\n":                           `:1: the first line is "left,right,same,name,time", want "image,label_image,name,answered"`,
		"image,label_image,name,answered\na,b,Ada,yesterday\n":  `:2: answered is "yesterday"`,
		"image,not_label_image,name,answered\na,b,,yesterday\n": ":1: the first line is",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenMatches(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

package label

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tfpair/tfpair/internal/browser"
)

// clock is the time of all answers.
func clock() time.Time { return time.Date(2026, 1, 31, 15, 4, 5, 0, time.UTC) }

// pictures are so many of each of so many classes: embeddings around a centre for each, which overlap.
func pictures(classes, each int) Pictures {
	r := rand.New(rand.NewPCG(1, 1))
	p := Pictures{Dim: 8}
	for c := range classes {
		centre := make([]float64, p.Dim)
		for d := range centre {
			centre[d] = r.NormFloat64()
		}
		for i := range each {
			p.Paths = append(p.Paths, fmt.Sprintf("class%d/%02d.png", c, i))
			for d := range centre {
				p.Embeddings = append(p.Embeddings, float32(centre[d]+0.6*r.NormFloat64()))
			}
		}
	}
	return p
}

// opened opens lists in a folder.
func opened(t *testing.T, folder string) (first, second *Journal[Answer]) {
	t.Helper()
	first, err := Open(filepath.Join(folder, "pairs.csv"))
	if err != nil {
		t.Fatal(err)
	}
	second, err = Open(filepath.Join(folder, "second.csv"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(first.Close(), second.Close()) })
	return first, second
}

// session opens a session over lists in a folder.
func session(t *testing.T, p Pictures, folder string) *Session {
	t.Helper()
	first, second := opened(t, folder)
	s, err := New(p, first, second, 1, clock)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func text(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestJournal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pairs.csv")
	j, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); !errors.As(err, new(*LockedError)) {
		t.Errorf("a second Open: %v", err)
	}
	one, two := Answer{"a,b.png", "c.png", true, "Ada", clock()}, Answer{"c.png", "d \"e\".png", false, "", clock()}
	if err := errors.Join(j.Append(one), j.Append(two), j.Close()); err != nil {
		t.Fatal(err)
	}
	const want = "left,right,same,name,time\n\"a,b.png\",c.png,1,Ada,2026-01-31T15:04:05Z\nc.png,\"d \"\"e\"\".png\",0,,2026-01-31T15:04:05Z\n"
	if got := text(t, file); got != want {
		t.Fatalf("the list is\n%s", got)
	}
	for _, torn := range []string{"", "x", "c.png,e.png,1,", "\"c"} { // what a kill leaves of a line
		if err := os.WriteFile(file, []byte(want+torn), 0o600); err != nil {
			t.Fatal(err)
		}
		if j, err = Open(file); err != nil || len(j.Answers()) != 2 || j.Answers()[0] != one || j.Answers()[1] != two {
			t.Fatalf("after %q: %v, %v", torn, j, err)
		}
		if got := text(t, file); got != want {
			t.Errorf("after %q the list is\n%s", torn, got)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// An editor that took the last line end away has taken no answer.
	if err := os.WriteFile(file, []byte(strings.TrimSuffix(want, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if j, err = Open(file); err != nil {
		t.Fatal(err)
	}
	if got := text(t, file); got != want || len(j.Answers()) != 2 || j.Answers()[1] != two {
		t.Errorf("without the last line end the list has %v:\n%s", j.Answers(), got)
	}
	for i := range 3 {
		if _, ok, err := j.Undo(); ok != (i < 2) || err != nil {
			t.Errorf("undo %d: %v, %v", i, ok, err)
		}
	}
	if got := text(t, file); got != want[:26] {
		t.Errorf("all taken back, the list is %q", got)
	}
	if err := errors.Join(j.Append(two), j.Close()); err != nil {
		t.Fatal(err)
	}
	if got := text(t, file); !strings.HasSuffix(got, "time\nc.png,\"d \"\"e\"\".png\",0,,2026-01-31T15:04:05Z\n") {
		t.Errorf("and said again, it is\n%s", got)
	}
}

func TestJournalRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pairs.csv")
	for text, want := range map[string]string{
		"left,right,same\na,b,1\n":                                        ":1: the first line is",
		"no line at all, only words":                                      ":1: the first line is",
		"left,right,same,name,time\na,b,yes,,2026-01-31T15:04:05Z\n":      `:2: same is "yes", want 1 or 0`,
		"left,right,same,name,time\na,b,1,,yesterday\n":                   `:2: time is "yesterday"`,
		"left,right,same,name,time\na,b,1,,2026-01-31T15:04:05Z\na,b,1\n": "wrong number of fields",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != text {
			t.Errorf("%q was changed to %q (%v)", text, got, err)
		}
	}
	empty := filepath.Join(t.TempDir(), "new.csv")
	j, err := Open(empty)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(empty); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a list without an answer stays: %v", err)
	}
}

// oracle says whether pictures are of one class.
func oracle(p Pictures, left, right int) bool {
	return path.Dir(p.Paths[left]) == path.Dir(p.Paths[right])
}

// TestSession: questions come once, nearly all that is the same is found, and the answers say which directions count.
func TestSession(t *testing.T) {
	p := pictures(12, 10)
	s := session(t, p, t.TempDir())
	seen := map[pair]bool{}
	for range 150 {
		q, err := s.Next("Ada")
		if err != nil {
			t.Fatal(err)
		}
		key := newPair(int32(q.Left), int32(q.Right))
		if seen[key] || q.Left == q.Right {
			t.Fatalf("%v is asked twice", q)
		}
		seen[key] = true
		if _, err := s.Say(q.Left, q.Right, oracle(p, q.Left, q.Right), "Ada"); err != nil {
			t.Fatal(err)
		}
	}
	got := s.Progress()
	if got.Answers != 150 || got.Same < 90 || // 108 join 120 pictures to 12 classes
		got.Sure.Asked == 0 {
		t.Errorf("%+v", got)
	}
	asked := 0
	for _, n := range s.count {
		if n > 0 {
			asked++
		}
	}
	if asked < len(p.Paths)*9/10 {
		t.Errorf("%d of %d pictures were asked about", asked, len(p.Paths))
	}
	q, ok := s.Quality()
	if !ok || q.AUC <= 0.5 || q.AUC < q.Interval.Low || q.AUC > q.Interval.High {
		t.Errorf("quality %+v, %v", q, ok)
	}
}

// TestSpace: directions in which pictures of a class differ count less after answers, so that more pairs are told apart.
func TestSpace(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	var rows []float32
	const n, dim = 200, 6
	for i := range n { // the first two values are the class, the others are noise, and larger
		class := float64(i % 4)
		for d := range dim {
			v := 3 * r.NormFloat64()
			if d < 2 {
				v = 2*float64(int(class)>>d&1) + 0.1*r.NormFloat64()
			}
			rows = append(rows, float32(v))
		}
	}
	s := NewSpace(rows, dim)
	right := func() (share float64) {
		for i := range int32(n / 2) {
			if same, other := s.Distance(i, i+4), s.Distance(i, i+5); same < other {
				share += 2.0 / n
			}
		}
		return share
	}
	before := right()
	var list []Labelled
	for i := int32(100); i < 190; i++ {
		list = append(list, Labelled{i, i + 4, true})
	}
	s.Fit(list)
	if after := right(); after < 0.9 || after < before+0.2 {
		t.Errorf("right of %.2f before, %.2f after", before, after)
	}
}

// TestKinship: pictures of one class that lie in two places are near once answers join the places.
func TestKinship(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	var rows []float32
	const n, dim = 160, 8
	for i := range n { // picture i lies in place i mod 8; places c and c+4 are of class c
		for d := range dim {
			v := 0.05 * r.NormFloat64()
			if d == i%8 {
				v++
			}
			rows = append(rows, float32(v))
		}
	}
	s := NewSpace(rows, dim)
	var list []Labelled
	for i := int32(0); i < 32; i++ {
		list = append(list, Labelled{i, (i + 4) % 32, true})
	}
	before := s.Distance(100, 104)
	s.Fit(list)
	for i := int32(100); i < 120; i++ {
		if same, other := s.Distance(i, i+4), s.Distance(i, i+5); same > 0.1 || other < 1.5 {
			t.Errorf("picture %d is %.2f from its class, %.2f from another; the two places were %.2f apart", i, same, other, before)
		}
	}
	for _, rows := range [][]float64{s.kept.rows[:s.kept.sets], s.kept.rows[99*s.kept.sets:][:s.kept.sets]} {
		if length := dot(rows, rows); length < 1-1e-9 || length > 1+1e-9 { // roots of shares
			t.Errorf("shares add up to %v", length)
		}
	}
}

// TestContradiction: two chains of same answers, and what denies them.
func TestContradiction(t *testing.T) {
	p := pictures(3, 4)
	s := session(t, p, t.TempDir())
	say := func(left, right int, same bool) *Contradiction {
		t.Helper()
		c, err := s.Say(left, right, same, "Ada")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, c := range []*Contradiction{say(0, 1, true), say(1, 2, true), say(4, 5, true), say(2, 5, false)} {
		if c != nil {
			t.Errorf("%+v contradicts nothing", c)
		}
	}
	if c := say(2, 0, false); c == nil || strings.Join(c.Chain, " ") != "class0/02.png class0/01.png class0/00.png" || c.Other != nil {
		t.Errorf("different of a chain: %+v", c)
	}
	if _, ok, err := s.Undo(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if c := say(0, 4, true); c == nil || strings.Join(c.Chain, " ") != "class0/02.png class0/01.png class0/00.png class1/00.png class1/01.png" || c.Other == nil || c.Other.Right != "class1/01.png" {
		t.Errorf("same across a different answer: %+v", c)
	}
}

// TestSecond: what a second person says of a pair goes to a list of its own, and is compared.
func TestSecond(t *testing.T) {
	p, folder := pictures(4, 6), t.TempDir()
	s := session(t, p, folder)
	for i := range 12 {
		if _, err := s.Say(i, i+1, oracle(p, i, i+1), "Ada"); err != nil {
			t.Fatal(err)
		}
	}
	before := text(t, filepath.Join(folder, "pairs.csv"))
	if c, err := s.Say(1, 0, true, "Bob"); c != nil || err != nil {
		t.Errorf("%v, %v", c, err)
	}
	if c, err := s.Say(1, 2, false, "Bob"); c == nil || c.Other.Name != "Ada" || err != nil {
		t.Errorf("%v, %v", c, err)
	}
	if got := s.Agreements(); len(got) != 1 || got[0] != (Agreement{"Ada", "Bob", 2, 1}) {
		t.Errorf("%+v", got)
	}
	if text(t, filepath.Join(folder, "pairs.csv")) != before {
		t.Error("the list has changed")
	}
	again := 0
	for range 40 {
		q, err := s.Next("Cleo")
		if err != nil {
			t.Fatal(err)
		}
		if _, known := s.first(Answer{Left: p.Paths[q.Left], Right: p.Paths[q.Right]}); known {
			again++
		}
		if _, err := s.Say(q.Left, q.Right, oracle(p, q.Left, q.Right), "Cleo"); err != nil {
			t.Fatal(err)
		}
	}
	if again != 4 {
		t.Errorf("%d of 40 questions were answered before, want every tenth", again)
	}
}

// answering says of this process that it answers until it is killed.
const answering = "TFPAIR_TEST_ANSWERING"

// TestKilled kills a labelling process 50 times: each answer that was acknowledged is in the list, in order, and the list is
// whole.
func TestKilled(t *testing.T) {
	p := pictures(30, 12)
	killed(t, "TestKilled", func(folder string) {
		s := session(t, p, folder)
		for {
			q, err := s.Next("Ada")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Say(q.Left, q.Right, oracle(p, q.Left, q.Right), "Ada"); err != nil {
				t.Fatal(err)
			}
			fmt.Printf("kept %s %s\n", p.Paths[q.Left], p.Paths[q.Right])
		}
	}, func(folder string) (list []string) {
		j, err := Open(filepath.Join(folder, "pairs.csv"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = j.Close() }() // read only
		for _, a := range j.Answers() {
			list = append(list, a.Left+" "+a.Right)
		}
		return list
	})
}

// killed runs a test of this package 50 times and kills it while it answers and prints what was acknowledged; kept returns what
// the list in a folder has then.
func killed(t *testing.T, test string, answer func(folder string), kept func(folder string) []string) {
	t.Helper()
	if folder := os.Getenv(answering); folder != "" {
		answer(folder)
	}
	folder := t.TempDir()
	r := rand.New(rand.NewPCG(5, 5))
	acknowledged := 0
	for kill := range 50 {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$")
		c.Env = append(os.Environ(), answering+"="+folder)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		var said []string
		lines := bufio.NewScanner(out)
		for most := r.IntN(20); lines.Scan(); {
			if pair, ok := strings.CutPrefix(lines.Text(), "kept "); ok {
				said = append(said, pair)
			}
			if len(said) > most {
				_ = c.Process.Kill() // what it says until then counts
			}
		}
		_ = c.Wait()
		acknowledged += len(said)
		list := kept(folder)
		if len(list) < acknowledged || len(list) > acknowledged+1 {
			t.Fatalf("kill %d: %d answers are kept, %d were acknowledged", kill, len(list), acknowledged)
		}
		for i, pair := range said {
			if got := list[acknowledged-len(said)+i]; got != pair {
				t.Fatalf("kill %d: answer %d is of %s, want %s", kill, i, got, pair)
			}
		}
		acknowledged = len(list) // one more may be on the disk than was told
	}
	if acknowledged < 100 {
		t.Errorf("only %d answers were given", acknowledged)
	}
}

// site serves a session to a browser; inside is added to its page.
func site(t *testing.T, s *Session, inside string) *httptest.Server {
	t.Helper()
	return serve(t, NewSite(s, drawn), inside)
}

// drawn is the picture of a number.
func drawn(n int) (image.Image, error) {
	img := image.NewNRGBA(image.Rect(0, 0, 40, 30))
	draw.Draw(img, img.Rect, image.NewUniform(color.NRGBA{uint8(n * 40), uint8(n * 90), 120, 255}), image.Point{}, draw.Src)
	return img, nil
}

// serve serves a page to a browser; inside is added to it.
func serve(t *testing.T, of *Site, inside string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if inside == "" || r.URL.Path != of.Path() {
			of.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		of.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		_, _ = w.Write([]byte(strings.Replace(answer.Body.String(), "</body>", inside+"</body>", 1)))
	}))
	t.Cleanup(server.Close)
	server.URL += of.Path()
	return server
}

// TestSite: without the token, or by another name of the machine, nothing is answered; what is wrong is said.
func TestSite(t *testing.T) {
	p, folder := pictures(3, 4), t.TempDir()
	server := site(t, session(t, p, folder), "")
	ask := func(method, address, host, body string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var b bytes.Buffer
		_, _ = b.ReadFrom(answer.Body)
		return answer.StatusCode, b.String()
	}
	base := server.URL
	for _, c := range []struct {
		method, address, host, body string
		code                        int
		want                        string
	}{
		{"GET", base, "", "", 200, "Are these the same?"},
		{"GET", base, "evil.example", "", 403, "this machine only"},
		{"GET", base[:strings.LastIndex(base[:len(base)-1], "/")] + "/next", "", "", 404, ""},
		{"GET", base + "next", "", "", 200, `"left":`},
		{"GET", base + "picture/0", "", "", 200, "\xff\xd8"},
		{"GET", base + "picture/99", "", "", 404, ""},
		{"POST", base + "answer", "", `{"left":0,"right":1}`, 400, `"same" is not given`},
		{"POST", base + "answer", "", `{"left":0,"right":77,"same":true}`, 400, "there is no picture 77: there are 12, from 0"},
		{"POST", base + "answer", "", `{"left":`, 400, "unexpected EOF"},
		{"POST", base + "answer", "", `{"left":0,"right":1,"same":true,"name":"Ada"}`, 200, `"answers":1`},
		{"POST", base + "group", "", `{"pictures":[4,5,6],"same":[true,false],"name":"Ada"}`, 200, `"answers":3`},
		{"POST", base + "group", "", `{"pictures":[4,5,6],"same":[true]}`, 400, "want one for each but the first"},
		{"POST", base + "skip", "", `{"left":0,"right":2}`, 200, `"answers":3`},
		{"POST", base + "undo", "", `{}`, 200, `"answers":2`},
		{"GET", base + "quality", "", "", 200, "null"},
	} {
		if code, body := ask(c.method, c.address, c.host, c.body); code != c.code || !strings.Contains(body, c.want) {
			t.Errorf("%s %s %s: %d %.200s; want %d %s", c.method, strings.TrimPrefix(c.address, base), c.body, code, body, c.code, c.want)
		}
	}
	want := "left,right,same,name,time\nclass0/00.png,class0/01.png,1,Ada,2026-01-31T15:04:05Z\nclass1/00.png,class1/01.png,1,Ada,2026-01-31T15:04:05Z\n"
	if got := text(t, filepath.Join(folder, "pairs.csv")); got != want {
		t.Errorf("the list is\n%s", got)
	}
}

// labeller answers by classes through the keys of the page, takes one back, answers for a group, and writes what is there then.
const labeller = `<script>
const settled = () => new Promise(f => document.addEventListener("settled", f, {once: true}));
const press = async key => { const done = settled(); document.dispatchEvent(new KeyboardEvent("keydown", {key})); await done; };
const kind = id => $(id).textContent.split("/")[0];
(async () => {
  if (!question) await settled();
  $("name").value = "Ada";
  for (let i = 0; i < 52; i++) await press(kind("leftname") === kind("rightname") ? "s" : "d");
  const before = $("progress").textContent;
  await press("u");
  const said = {before, after: $("progress").textContent, quality: $("quality").textContent, failed: $("failed").textContent, alt: [$("left").alt, $("right").alt]};
  await press(" ");
  await press("g");
  const buttons = [...document.querySelectorAll("#group button")], chosen = () => buttons.filter(b => b.getAttribute("aria-pressed") === "true").length;
  said.group = buttons.length;
  document.dispatchEvent(new KeyboardEvent("keydown", {key: "a"}));
  said.all = chosen();
  document.dispatchEvent(new KeyboardEvent("keydown", {key: "a"}));
  said.none = chosen();
  const named = b => b.querySelector("img").alt.split("/")[0];
  for (const b of buttons.slice(1)) if (named(b) === named(buttons[0])) b.click();
  await press("Enter");
  document.querySelector("main").append(Object.assign(document.createElement("pre"), {id: "said", textContent: JSON.stringify(said)}));
})();
</script>`

// TestPage labels through the page in a browser.
func TestPage(t *testing.T) {
	p, folder := pictures(8, 8), t.TempDir()
	s := session(t, p, folder)
	dom, log := browser.Open(t, site(t, s, labeller).URL, 30_000)
	for line := range strings.Lines(log) {
		if strings.Contains(line, "CONSOLE") {
			t.Errorf("the page complains: %s", line)
		}
	}
	_, after, _ := strings.Cut(dom, `<pre id="said">`)
	after, _, _ = strings.Cut(after, "</pre>")
	var got struct {
		Before, After, Quality, Failed string
		Alt                            []string
		Group, All, None               int
	}
	if err := json.Unmarshal([]byte(after), &got); err != nil {
		t.Fatalf("%v: %s", err, dom)
	}
	if !strings.HasPrefix(got.Before, "52 answers, ") || !strings.HasPrefix(got.After, "51 answers, ") || got.Quality == "" || got.Failed != "" ||
		!strings.HasPrefix(got.Alt[0], "class") || got.Group < 2 || got.All != got.Group-1 || got.None != 0 {
		t.Errorf("%+v", got)
	}
	list := s.journal.Answers()
	if want := 51 + got.Group - 1; len(list) != want {
		t.Fatalf("%d answers are kept, want %d", len(list), want)
	}
	for _, a := range list {
		if a.Same != (path.Dir(a.Left) == path.Dir(a.Right)) || a.Name != "Ada" {
			t.Errorf("%+v", a)
		}
	}
	const first = `new Promise(f => document.addEventListener("settled", f, {once: true}))`
	for _, after := range []string{first, first + `.then(many)`} {
		dom, _ := browser.Open(t, site(t, s, browser.Axe(after)).URL, 30_000)
		if grouped := strings.Contains(dom, `aria-pressed="false"`); grouped != (after != first) {
			t.Errorf("a group is shown: %v", grouped)
		}
		for _, v := range browser.Violations(t, dom) {
			t.Errorf("axe: %s", v)
		}
	}
}

package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tfpair/tfpair/internal/browser"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// sources are the kinds of what a page shows.
var sources = map[string]func(*testing.T) Source{"classes": ofClasses, "label images": ofLabelImages, "list": ofList, "roles": ofRoles}

// rendered returns a page.
func rendered(t *testing.T, s Source) string {
	t.Helper()
	text, err := s.render(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestNumbers: each number on the page that says where it is from is that of the evaluation's JSON, to the last digit.
func TestNumbers(t *testing.T) {
	for name, of := range sources {
		s := of(t)
		page := rendered(t, s)
		var tree any
		if err := json.Unmarshal(s.Numbers, &tree); err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`<data value="([^"]*)" data-json="([^"]*)">`).FindAllStringSubmatch(page, -1)
		if len(found) < 20 {
			t.Errorf("%s: %d numbers", name, len(found))
		}
		for _, m := range found {
			at := tree
			for key := range strings.SplitSeq(html.UnescapeString(m[2]), ".") {
				if i, err := strconv.Atoi(key); err == nil {
					at = at.([]any)[i]
				} else {
					at = at.(map[string]any)[key]
				}
			}
			if v, err := strconv.ParseFloat(m[1], 64); err != nil || v != at.(float64) {
				t.Errorf("%s: the page says %s, and %s is %v", name, m[1], m[2], at)
			}
		}
		if !strings.Contains(page, `id="evaluation">`+string(s.Numbers)+`</script>`) {
			t.Errorf("%s: the page lacks the JSON of the evaluation", name)
		}
		if strings.Contains(page, "<b>") || strings.Contains(page, "</script><b>") {
			t.Errorf("%s: a name is read as markup", name)
		}
	}
}

// TestRoles: where some pictures are only searched, those that ask are others, their answers are among the searched, and
// distances are those of the embeddings.
func TestRoles(t *testing.T) {
	s := ofRoles(t).subject()
	if len(s.queries) != 24 || len(s.asking) != 24 {
		t.Fatalf("%d queries of %d pictures, want 24 of 24", len(s.queries), len(s.asking))
	}
	row := func(picture int32) []float32 { return s.embeddings[int(picture)*s.dim:][:s.dim] }
	image := map[string]dataset.Image{}
	for i, of := range s.Data.Images {
		image[of.Path] = s.Data.Images[i]
	}
	embedded := map[string]int32{} // pictures of the pairs, by path
	for picture := range s.mapped {
		embedded[s.pictures[picture].Path] = int32(picture)
	}
	for _, q := range s.queries {
		if asks := image[s.pictures[q.picture].Path]; asks.Searched || q.class != s.Data.Classes[asks.Class] {
			t.Errorf("%s of class %q asks", asks.Path, q.class)
		}
		for k, answer := range q.answers {
			found := image[s.pictures[answer].Path]
			if !found.Searched || q.right[k] != (s.Data.Classes[found.Class] == q.class) {
				t.Errorf("%s finds %s, right: %t", s.pictures[q.picture].Path, found.Path, q.right[k])
			}
			if want := s.Distance.Between(row(q.picture), row(embedded[found.Path])); q.distance[k] != want {
				t.Errorf("%s finds %s at %g, want %g", s.pictures[q.picture].Path, found.Path, q.distance[k], want)
			}
		}
	}
	s.doubts() // of those that ask
}

// TestTradeIsOfTheReport: the slider begins with the wrong answers of the report.
func TestTradeIsOfTheReport(t *testing.T) {
	for _, of := range []func(*testing.T) Source{ofClasses, ofList} {
		s := of(t)
		got := s.subject().trade()
		if w := s.Pairs.Wrong; got.accepts[got.at] != w.FalseAccepts.Value || got.rejects[got.at] != w.FalseRejects.Value ||
			got.negatives != w.Different || got.positives != w.Same || got.thresholds[got.at] != s.Pairs.Threshold.Value {
			t.Errorf("at %g accepts %g of %d, rejects %g of %d; the report has %+v", got.thresholds[got.at], got.accepts[got.at], got.negatives, got.rejects[got.at], got.positives, w)
		}
	}
	s := ofLabelImages(t)
	got, none := s.subject().trade(), s.Labels.None
	if got.accepts[got.at] != none.FalseAccepts.Value || math.Abs(1-got.rejects[got.at]-none.Detected.Value) > 1e-15 {
		t.Errorf("accepts %g, rejects %g; the report has %+v", got.accepts[got.at], got.rejects[got.at], none)
	}
}

// person does what a person does with a page, and writes what is there then.
const person = `<script>
const said = {};
said.start = [$("says").textContent, $("changed").textContent, document.querySelectorAll("#sides li").length];
slider.value = slider.max; slider.dispatchEvent(new Event("input"));
said.lax = [$("says").textContent, $("changed").textContent, document.querySelectorAll("#sides .wrong").length];
$("own").click();
said.back = $("says").textContent;
if ($("list")) {
  said.all = $("shown").textContent;
  $("class").value = [...$("class").options].find(o => o.textContent === "lime").value; $("class").dispatchEvent(new Event("change"));
  said.lime = $("shown").textContent;
  said.asked = [...document.querySelectorAll("#list .ask figcaption")].every(c => c.textContent.startsWith("lime"));
  said.dim = document.querySelectorAll("#map circle.off").length;
  $("onlywrong").click();
  said.wrong = [...document.querySelectorAll("#list .found")].every(f => f.querySelector(".wrong-answer"));
}
map.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
said.look = [$("look").textContent, document.querySelectorAll("#map line").length, document.querySelectorAll("#map circle.on").length];
const before = map.getAttribute("viewBox");
map.dispatchEvent(new KeyboardEvent("keydown", {key: "+"}));
said.zoomed = map.getAttribute("viewBox") !== before && document.querySelectorAll("#map line").length;
said.unnamed = document.querySelectorAll("[role=img]:not([aria-label]):not([aria-labelledby])").length;
document.querySelector("main").append(Object.assign(document.createElement("pre"), {id: "said", textContent: JSON.stringify(said)}));
</script>`

// TestPage looks at the pages in a browser: no complaint, nothing that axe finds, and slider, filter and map do what they say.
func TestPage(t *testing.T) {
	for name, of := range sources {
		s := of(t)
		file := filepath.Join(t.TempDir(), "page.html")
		text := strings.Replace(rendered(t, s), "</body>", person+browser.Axe("null")+"</body>", 1)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		dom, log := browser.Open(t, "file://"+file, 20_000)
		for line := range strings.Lines(log) {
			if strings.Contains(line, "CONSOLE") {
				t.Errorf("%s: the page complains: %s", name, line)
			}
		}
		for _, v := range browser.Violations(t, dom) {
			t.Errorf("%s: axe: %s", name, v)
		}
		_, said, _ := strings.Cut(dom, `<pre id="said">`)
		said, _, _ = strings.Cut(said, "</pre>")
		var got struct {
			Start, Lax, Look []any
			Back, All, Lime  string
			Asked, Wrong     bool
			Dim, Unnamed     int
			Zoomed           any
		}
		if err := json.Unmarshal([]byte(html.UnescapeString(said)), &got); err != nil {
			t.Fatalf("%s: %v: %q", name, err, said)
		}
		if got.Start[0] == got.Lax[0] || got.Back != got.Start[0] || !strings.Contains(got.Lax[1].(string), "change sides") ||
			got.Start[2].(float64) != 12 || got.Lax[2].(float64) == 0 {
			t.Errorf("%s: the slider does %v, %v, %v", name, got.Start, got.Lax, got.Back)
		}
		if got.Look[2].(float64) != 1 || got.Look[0] == "" || got.Unnamed != 0 {
			t.Errorf("%s: the map shows %v, %d pictures have no name", name, got.Look, got.Unnamed)
		}
		each := map[string]string{"classes": "12", "label images": "9"}[name]
		if each == "" {
			continue
		}
		if got.Lime != each+" of "+each+" pictures are shown" || !got.Asked || !got.Wrong || got.Dim == 0 || got.Zoomed == false {
			t.Errorf("%s: the gallery shows %q, then %q; %+v", name, got.All, got.Lime, got)
		}
	}
}

// TestSample: of many pictures those of examples stay, and others are drawn, the same ones each time.
func TestSample(t *testing.T) {
	s := &subject{Source: Source{Pairs: &evaluate.Report{Seed: 3}}, kind: ofPairs}
	for i := range int32(9000) {
		s.pictures = append(s.pictures, Picture{})
		s.queries = append(s.queries, query{picture: i, answers: []int32{(i * 7) % 9000, (i*7 + 1) % 9000}})
		s.pairs = append(s.pairs, shownPair{i, (i + 1) % 9000, float32(i), i%2 == 0})
	}
	got, again := s.choose(map[int32]bool{8999: true}), s.choose(map[int32]bool{8999: true})
	if n := len(got.shown); n > mostShown || n < mostShown-10 || got.shown[n-1] != 8999 || !strings.Contains(got.left, "seed 3") {
		t.Errorf("%d pictures, the last %d: %s", n, got.shown[n-1], got.left)
	}
	if len(got.queries) == 0 || len(again.queries) != len(got.queries) || again.queries[0].picture != got.queries[0].picture {
		t.Errorf("%d queries, then %d", len(got.queries), len(again.queries))
	}
	shown := map[int32]bool{}
	for _, picture := range got.shown {
		shown[picture] = true
	}
	for _, q := range got.queries {
		if !shown[q.picture] || !shown[q.answers[0]] || !shown[q.answers[1]] {
			t.Fatalf("a picture of query %d is not shown", q.picture)
		}
	}
}

// TestPlane: a plane in twenty dimensions is found again: distances on the map are those of the points.
func TestPlane(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n, dim = 200, 20
	axes := [2][]float64{make([]float64, dim), make([]float64, dim)}
	for d := range dim {
		axes[0][d], axes[1][d] = r.NormFloat64(), r.NormFloat64()
	}
	orthonormal(axes)
	var points [][2]float64
	var rows []float32
	for range n {
		p := [2]float64{3 * r.NormFloat64(), r.NormFloat64()}
		points = append(points, p)
		for d := range dim {
			rows = append(rows, float32(5+p[0]*axes[0][d]+p[1]*axes[1][d]))
		}
	}
	at := plane(rows, dim)
	scale := 0.0
	for i := range n - 1 {
		want := math.Hypot(points[i][0]-points[i+1][0], points[i][1]-points[i+1][1])
		got := math.Hypot(at[2*i]-at[2*i+2], at[2*i+1]-at[2*i+3])
		if i == 0 {
			scale = want / got
		}
		if math.Abs(got*scale-want) > 1e-4*want+1e-4 {
			t.Fatalf("points %d and %d are %g apart, want %g", i, i+1, got*scale, want)
		}
	}
}

func TestHistory(t *testing.T) {
	h, err := ReadHistory(strings.NewReader(events))
	if err != nil || len(h.Loss) != 2 || h.Loss[1] != (Loss{20, 0.25}) || len(h.Evaluations) != 2 || h.Start.Data[1] != "data" {
		t.Errorf("ReadHistory = %+v, %v", h, err)
	}
}

// TestCompare: a network against one of which every second distance is spoilt: the difference is that of their recalls,
// with an interval around it, and axe finds nothing on the page.
func TestCompare(t *testing.T) {
	for name, of := range sources {
		a, b := of(t), of(t)
		a.Title, b.Title = "first", "second"
		file := filepath.Join(t.TempDir(), "page.html")
		same, err := Compare(t.Context(), file, a, b)
		if err != nil || same.Value != 0 || same.Interval.Low > 0 || same.Interval.High < 0 || same.Asked == 0 {
			t.Errorf("%s: a network against itself: %+v, %v", name, same, err)
		}
		wrong := 0
		switch {
		case b.Labels != nil:
			b.Labels.Searched.Images = 99
			for q, top := range b.Labels.Answers.Top {
				if top[0] == b.Labels.Answers.Right[q] && q%3 == 0 {
					b.Labels.Answers.Right[q] = (top[0] + 1) % 4
					wrong++
				}
			}
		case b.Pairs.Found != nil && len(b.Pairs.Found.Right) > 0:
			for q, right := range b.Pairs.Found.Right {
				if right[0] && q%3 == 0 {
					right[0] = false
					wrong++
				}
			}
		default:
			for i, d := range b.Pairs.Answers.Distance {
				if same := float64(d) <= b.Pairs.Threshold.Value; same == b.Pairs.Answers.Same[i] && i%3 == 0 {
					b.Pairs.Answers.Distance[i] = float32(2*b.Pairs.Threshold.Value) - d
					wrong++
				}
			}
		}
		worse, err := Compare(t.Context(), file, a, b)
		if want := -float64(wrong) / float64(worse.Asked); err != nil || math.Abs(worse.Value-want) > 1e-12 || !(worse.Interval.Low < want && want < worse.Interval.High && worse.Interval.High < 0) {
			t.Errorf("%s: %+v, %v; want %g", name, worse, err, want)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if a.Labels != nil && !strings.Contains(string(text), fmt.Sprintf("first searched among %d label images, second among 99: ", a.Labels.Searched.Images)) {
			t.Errorf("%s: the page does not say that the second one searched among more label images", name)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(strings.Replace(string(text), "style-src 'unsafe-inline'", "style-src 'unsafe-inline'; script-src 'unsafe-inline'", 1), "</body>", browser.Axe("null")+"</body>", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		dom, _ := browser.Open(t, "file://"+file, 20_000)
		for _, v := range browser.Violations(t, dom) {
			t.Errorf("%s: axe: %s", name, v)
		}
	}
}

// TestProjector: a line and a tile for each picture, in the order of the embeddings.
func TestProjector(t *testing.T) {
	s, folder := ofClasses(t), filepath.Join(t.TempDir(), "projector")
	if err := Projector(t.Context(), folder, s, time.Unix(1_600_000_000, 0)); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	tensors, names := strings.Split(read("tensors.tsv"), "\n"), strings.Split(read("metadata.tsv"), "\n")
	if len(tensors) != 49 || len(names) != 50 || len(strings.Split(tensors[0], "\t")) != 3 || names[0] != "path\tclass" || !strings.HasPrefix(names[1], "test/") {
		t.Errorf("%d embeddings such as %q, %d names such as %q", len(tensors), tensors[0], len(names), names[1])
	}
	img, err := jpeg.Decode(strings.NewReader(read("sprite.jpg")))
	if err != nil {
		t.Fatal(err)
	}
	if side := img.Bounds().Dx(); side != 7*smallSide { // 48 pictures need 7 by 7
		t.Errorf("the sprite is %d pixels wide, want %d", side, 7*smallSide)
	}
	for _, at := range []int{0, 13, 47} { // a tile has the colour of its embedding
		first, err := strconv.ParseFloat(strings.Split(tensors[at], "\t")[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		red, _, _, _ := img.At(at%7*smallSide+smallSide/2, at/7*smallSide+smallSide/2).RGBA()
		if math.Abs(float64(red)/65535-first) > 0.2 {
			t.Errorf("tile %d has red %g, its embedding %g", at, float64(red)/65535, first)
		}
	}
	checkSummaries(t, s.subject(), folder)
	if config := read("projector_config.pbtxt"); !strings.Contains(config, "single_image_dim: 56") || !strings.Contains(config, `tensor_path: "tensors.tsv"`) {
		t.Errorf("the configuration is\n%s", config)
	}
}

// checkSummaries: the event file has a picture of each kind of example of the page, of the run's step. TensorBoard's own reader reads one in
// cli's interop tests.
func checkSummaries(t *testing.T, sub *subject, folder string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "events.out.tfevents.*"))
	if err != nil || len(names) != 1 {
		t.Fatalf("%v, event files %q", err, names)
	}
	text, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range sub.sheets() {
		at := bytes.Index(text, []byte(of.name))
		if at < 0 {
			t.Errorf("no picture %q", of.name)
			continue
		}
		from := bytes.Index(text[at:], []byte("\x89PNG"))
		img, err := png.Decode(bytes.NewReader(text[at+max(0, from):]))
		if err != nil {
			t.Errorf("%s: %v", of.name, err)
			continue
		}
		if width := len(of.rows[0]) * largeSide; img.Bounds().Dx() < width || len(of.rows) == 0 {
			t.Errorf("%s is %v, want at least %d wide for %d rows", of.name, img.Bounds(), width, len(of.rows))
		}
	}
	list := sub.sheets()
	if last := list[len(list)-1]; last.name != "neighbours/of all" || len(last.rows) != mostGallery || len(last.rows[0]) < 2 {
		t.Errorf("the last of %d is %q with %d rows", len(list), last.name, len(last.rows))
	}
}

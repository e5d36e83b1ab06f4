package serve

import (
	"image/color"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/browser"
	"github.com/tfpair/tfpair/models/modelstest"
)

// helpers of the scripts that do what a person would. A picture of one colour is dropped on a place, or pasted.
const helpers = `
async function colour(c) {
  const canvas = Object.assign(document.createElement("canvas"), {width: 40, height: 30}), pen = canvas.getContext("2d");
  pen.fillStyle = c;
  pen.fillRect(0, 0, 40, 30);
  return new File([await new Promise(done => canvas.toBlob(done))], "a.png", {type: "image/png"});
}
async function hand(kind, target, file) {
  const data = new DataTransfer();
  data.items.add(file);
  target.dispatchEvent(kind === "drop" ? new DragEvent("drop", {dataTransfer: data, cancelable: true}) : new ClipboardEvent("paste", {clipboardData: data}));
}
async function settled() { for (let i = 0; i < 200 && (!$("result").textContent || $("result").textContent.startsWith("One moment")); i++) await new Promise(f => setTimeout(f, 20)); }
`

// opened returns the page as it is once a script has run in it, and what the browser complained about.
func opened(t *testing.T, s *Service, script string) (dom, log string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			s.ServeHTTP(w, r)
			return
		}
		answer := ask(s, "GET", "/", "", nil)
		w.Header().Set("Content-Security-Policy", answer.Header().Get("Content-Security-Policy"))
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		inside := "<script>" + helpers + "(async () => { await listed; " + script + "\nawait settled(); })();</script></body>"
		_, _ = w.Write([]byte(strings.Replace(answer.Body.String(), "</body>", inside, 1)))
	}))
	defer server.Close()
	dom, log = browser.Open(t, server.URL+"/", 8000)
	dom, _, _ = strings.Cut(dom, "<script>") // without the words of the scripts
	return dom, log
}

// TestPageThumbnails: the page shows the thumbnails that lie in an index.
func TestPageThumbnails(t *testing.T) {
	s, _ := changingService(t, Config{})
	for id, c := range map[string]color.NRGBA{"a/red 1.png": {255, 0, 0, 255}, "blue.png": {0, 0, 255, 255}} {
		if w := ask(s, "PUT", "/v1/index/"+url.PathEscape(id), "image/png", picture(t, c), "Authorization", "Bearer "+writerToken); w.Code != http.StatusOK {
			t.Fatalf("PUT = %d %s", w.Code, w.Body)
		}
	}
	dom, log := opened(t, s, `await hand("drop", places[0], await colour("red")); await settled();
		for (let i = 0; i < 200 && document.querySelectorAll("td img").length < 2; i++) await new Promise(f => setTimeout(f, 20));`)
	if n := strings.Count(dom, `<td><img alt="" src="blob:`); n != 2 {
		t.Errorf("the page shows %d thumbnails, want 2:\n%s", n, dom[strings.Index(dom, "<main>"):])
	}
	if strings.Contains(log, "CONSOLE") {
		t.Errorf("the page complains: %s", log)
	}
}

// TestPage looks at the page in a browser: two pictures are the same or different, one has its nearest, and what
// is wrong is said.
func TestPage(t *testing.T) {
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}})
	for _, c := range []struct {
		name, script string
		want         []string
	}{
		{"empty", `say("-")`, []string{"First picture", `<p id="result" role="status" class="">-`}},
		{"same", `await hand("drop", places[0], await colour("red")); await hand("drop", places[1], await colour("#fe0000"));`,
			[]string{`class="same">Same: the distance is 0.`, "up to 0.1 counts as the same", `alt="the second picture" src="blob:`}},
		{"different", `await hand("paste", document, await colour("red")); await hand("paste", document, await colour("blue"));`,
			[]string{`class="different">Different: the distance is 2.828`}},
		{"nearest", `await hand("drop", places[0], await colour("blue"));`, []string{"Found: blue.png.", "The nearest of 2 pictures", "<td>red.png</td>"}},
		{"none", `await hand("drop", places[0], await colour("lime"));`, []string{"None of these: the nearest is beyond the threshold of 0.1."}},
		{"no picture", `await hand("drop", places[0], new File(["<b>hello</b>"], "a.txt"));`, []string{`class="wrong">the picture: not a`, "&lt;b&gt;hello"}},
		{"again", `await hand("drop", places[0], await colour("lime")); await settled(); $("again").click(); say("-");`, []string{`<div id="nearest"></div>`}},
	} {
		dom, log := opened(t, s, c.script)
		for _, want := range c.want {
			if !strings.Contains(dom, want) {
				t.Errorf("%s: the page lacks %q:\n%s", c.name, want, dom[strings.Index(dom, "<main>"):])
			}
		}
		for line := range strings.Lines(log) {
			if strings.Contains(line, "CONSOLE") && c.name != "no picture" { // which the browser logs as a failed request
				t.Errorf("%s: the page complains: %s", c.name, line)
			}
		}
	}
}

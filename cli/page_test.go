package cli

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/browser"
	"github.com/tfpair/tfpair/internal/sample"
)

// opened returns the page in a file as it is once its scripts have run, and what they complained about.
func opened(t *testing.T, page string) (dom, log string) {
	t.Helper()
	absolute, err := filepath.Abs(page)
	if err != nil {
		t.Fatal(err)
	}
	return browser.Open(t, "file://"+absolute, 5000)
}

// TestDuplicatesPage looks through the page of duplicates in a browser: its scripts run without a
// complaint, hide and show groups, and every picture has a text.
func TestDuplicatesPage(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := sample.Write("data", sample.Options{Train: 4, Test: 2}); err != nil {
		t.Fatal(err)
	}
	copyFile(t, "data/train/house/000.png", "data/train/house/again.png")
	copyFile(t, "data/train/house/001.png", "data/<b>&amp; other.png")
	var said strings.Builder
	args := []string{"tfpair", "duplicates", "data", "--copies", "same", "--cache", "off", "--page", "page.html"}
	if code := Run(t.Context(), args, IO{Out: &said, Err: &said, Getenv: os.Getenv}); code != exitDone {
		t.Fatalf("%s = %d:\n%s", strings.Join(args, " "), code, said.String())
	}
	dom, log := opened(t, "page.html")
	if strings.Contains(log, "CONSOLE") {
		t.Errorf("the page complains:\n%s", log)
	}
	if !strings.Contains(dom, "2 of 2 groups are shown") {
		t.Errorf("no count of groups:\n%s", dom)
	}
	pictures := regexp.MustCompile(`<img [^>]*>`).FindAllString(dom, -1)
	if len(pictures) != 4 {
		t.Errorf("%d pictures, want 4", len(pictures))
	}
	for _, p := range pictures {
		if !strings.Contains(p, `alt="`) || !strings.Contains(p, `src="data:image/jpeg;base64,`) {
			t.Errorf("picture %.80s", p)
		}
	}
	if strings.Contains(dom, "<b>&amp; other.png") || !strings.Contains(dom, "&lt;b&gt;") {
		t.Error("a name of a file is read as markup")
	}

	// The first box taken away, as a person would: no group is left.
	text, err := os.ReadFile("page.html")
	if err != nil {
		t.Fatal(err)
	}
	clicked := strings.Replace(string(text), "</body>", `<script>document.querySelector("input").click()</script></body>`, 1)
	if err := os.WriteFile("clicked.html", []byte(clicked), 0o600); err != nil {
		t.Fatal(err)
	}
	if dom, _ := opened(t, "clicked.html"); !strings.Contains(dom, "0 of 2 groups are shown") {
		t.Errorf("a box hides nothing:\n%s", dom)
	}

	// One group is left out, the other keeps its second picture, and the list says so.
	chosen := strings.Replace(string(text), "</body>", `<script>
document.querySelector(".stays").click();
document.querySelectorAll("section")[1].querySelectorAll("input[type=radio]")[1].click();
let saved = "";
HTMLAnchorElement.prototype.click = function () { saved = this.download; }; // a download would keep this browser open
document.getElementById("save").click();
document.body.append(Object.assign(document.createElement("pre"), {textContent: list()}), saved);
</script></body>`, 1)
	if err := os.WriteFile("chosen.html", []byte(chosen), 0o600); err != nil {
		t.Fatal(err)
	}
	dom, log = opened(t, "chosen.html")
	if strings.Contains(log, "CONSOLE") || !strings.Contains(dom, "</pre>groups.csv") {
		t.Errorf("saving:\n%s\n%s", log, dom)
	}
	_, list, _ := strings.Cut(dom, "<pre>group,path,best,sha256\n")
	list, _, _ = strings.Cut(list, "</pre>")
	if rows := strings.Split(strings.TrimSpace(list), "\n"); len(rows) != 2 || !strings.Contains(rows[0], ",false,") ||
		!strings.Contains(rows[1], ",true,") || rows[0][:2] != rows[1][:2] {
		t.Errorf("the list is\n%s", list)
	}
}

// copyFile copies a picture.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

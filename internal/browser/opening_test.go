package browser

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTime opens a page whose script takes 300 ms: its text is there after that, and the page's thread was busy for as long.
func TestTime(t *testing.T) {
	if _, err := Path(); err != nil {
		t.Skip(err)
	}
	file := filepath.Join(t.TempDir(), "page.html")
	const page = `<!doctype html><html><head><meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'"></head>
<body><p>text</p><script>const began = performance.now(); while (performance.now() < began + 300);</script></body></html>`
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := Time(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if o.Complete < 300 || o.Shown < o.Complete || o.Busy < 300 || o.Paint < 0 {
		t.Errorf("%+v", o)
	}
	if err := os.WriteFile(file, []byte("no page"), 0o600); err != nil {
		t.Fatal(err)
	}
	if o, err := Time(t.Context(), file); err == nil {
		t.Errorf("no page: %+v", o)
	}
}

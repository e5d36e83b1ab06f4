package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/aside"
)

// TestManual: a page for each command that is not hidden, with its flags and examples.
func TestManual(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "man1")
	app := newApp(silent)
	if err := runManual(manualOptions{folder}, app); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if pages := visiblePages(rootPage(app)); len(files) != len(pages) || len(pages) < 20 {
		t.Errorf("%d files for %d pages, want one each, and 20 at least", len(files), len(pages))
	}
	text, err := os.ReadFile(filepath.Join(folder, "tfpair-train.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`.TH TFPAIR-TRAIN 1`, ".SH NAME\ntfpair-train - train a network on labelled images",
		".SH REQUIRED FLAGS", `\fB--data PATH\fP`, "train.unseen_classes=true",
		"tfpair train --data demo/pictures --out run", "tfpair(1)"} {
		if !strings.Contains(strings.ReplaceAll(string(text), `\-`, "-"), want) {
			t.Errorf("tfpair-train.1 lacks %q:\n%s", want, text)
		}
	}
	if err := runManual(manualOptions{folder}, app); !isA[*aside.ExistsError](err) {
		t.Errorf("manual over another = %v, want an *aside.ExistsError", err)
	}
	var wrong *usageError
	if err := runManual(manualOptions{}, app); !errors.As(err, &wrong) {
		t.Errorf("manual without a folder = %v, want a usageError", err)
	}
}

// TestPlainMarkdown: what stands in a text comes out of the Markdown as it is.
func TestPlainMarkdown(t *testing.T) {
	p := page{name: "x", command: newHelpCommand(silent)}
	p.command.Usage = "a*b* _c_ [d](e) <f> `g` #h a|b \\i"
	want := "a*b* _c_ [d](e) <f> `g` #h a|b \\\\i" // troff doubles the backslash
	if got := strings.ReplaceAll(string(p.manual()), `\-`, "-"); !strings.Contains(strings.ReplaceAll(got, `\&`, ""), want) {
		t.Errorf("manual of %q is\n%s", p.command.Usage, got)
	}
}

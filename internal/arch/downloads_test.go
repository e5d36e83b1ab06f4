package arch

import (
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"
)

// downloads is what fetches something in a script or a Go file of ours.
var downloads = regexp.MustCompile(`apt-get|debootstrap --|\bcurl |\bwget |pip\.Download\(|venv\.Make\(|` +
	`\binstall [a-z./-]+@|\brun [a-z./-]+@|go mod tidy`)

// TestDownloadsAreListed: SECURITY.md names the file or the folder of all that downloads.
func TestDownloadsAreListed(t *testing.T) {
	table, err := os.ReadFile("../../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	list := exec.Command("git", "ls-files", ".ci", "Makefile", "Dockerfile", "*.go", "*.sh")
	list.Dir = "../.."
	files, err := list.Output()
	if err != nil {
		t.Skipf("this is no checkout: %v", err)
	}
	found := 0
	for name := range strings.Lines(string(files)) {
		name = strings.TrimSpace(name)
		text, err := os.ReadFile(path.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !downloads.Match(text) || strings.HasPrefix(name, "internal/arch/") ||
			strings.HasPrefix(name, "internal/pip/") || strings.HasPrefix(name, "internal/venv/") {
			continue
		}
		found++
		folder := path.Dir(name)
		if !strings.Contains(string(table), "`"+name+"`") && (folder == "." || folder == ".ci" || !strings.Contains(string(table), "`"+folder+"`")) {
			t.Errorf("%s downloads something: add it to the table of SECURITY.md, with what pins it", name)
		}
	}
	if found < 8 {
		t.Errorf("only %d files download something: the pattern misses some", found)
	}
}

package cli

import (
	"os/exec"
	"strings"
	"testing"
)

// TestShellWord: a shell reads the words that were written, and a terminal shows them as they are.
func TestShellWord(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash to read the words")
	}
	for _, word := range []string{"data", "a b", "Anna's", `"`, "$HOME", "*", "~", "=ls", "", "a\nb", "tab\t'", `\`, "\x1b[31m",
		"\xff1", "\u202eabc", "{a,b}", "!x", "#x", "größe", "a;b", "`id`", "a&b", "left=a,right=b"} {
		quoted := commandLine{"printf", "%s", word}.String()
		out, err := exec.Command("bash", "-c", quoted).Output()
		if err != nil || string(out) != word {
			t.Errorf("bash reads %s as %q, %v; want %q", quoted, out, err, word)
		}
		if shown := visible(quoted); shown != quoted || strings.Contains(shown, "\n") {
			t.Errorf("%q is shown as %q", quoted, shown)
		}
	}
}

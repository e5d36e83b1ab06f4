package cli

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestSeveral: a variable has what a flag that is repeated has, and a comma in a path or a URL ends nothing.
func TestSeveral(t *testing.T) {
	for _, c := range []struct {
		variable string
		want     []string
	}{
		{"/models/photos", []string{"/models/photos"}},
		{"a=/models/a,b=/models/b", []string{"a=/models/a", "b=/models/b"}},
		{"/models/a, b=/models/b", []string{"/models/a", "b=/models/b"}},
		{"/models/a,b", []string{"/models/a,b"}},
		{"a=postgres://one,two/photos,b=x.index", []string{"a=postgres://one,two/photos", "b=x.index"}},
	} {
		if got := several([]string{c.variable}, c.variable+" ", nextPath); !slices.Equal(got, c.want) {
			t.Errorf("%q is %q, want %q", c.variable, got, c.want)
		}
		if got := several([]string{c.variable}, "", nextPath); !slices.Equal(got, []string{c.variable}) {
			t.Errorf("%q of a flag is %q", c.variable, got)
		}
	}
}

// TestServeSeveral: the command reads several models, and several names, from a variable.
func TestServeSeveral(t *testing.T) {
	for _, c := range []struct{ models, background, want string }{
		{"one=absent,one=absent", "", `two models have the name "one"`},
		{"one=absent,two=absent", "two,other", `--background "other" is no model`},
		{"one=absent,two=absent", "two, one", `model "absent"`},
	} {
		t.Setenv("TFPAIR_SERVE_MODEL", c.models)
		t.Setenv("TFPAIR_SERVE_BACKGROUND", c.background)
		var said bytes.Buffer
		if code := Run(t.Context(), []string{"tfpair", "serve"}, IO{Out: io.Discard, Err: &said, Getenv: os.Getenv}); code == exitDone || !strings.Contains(said.String(), c.want) {
			t.Errorf("%+v: exit code %d and %q", c, code, &said)
		}
	}
}

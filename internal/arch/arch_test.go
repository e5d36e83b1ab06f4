package arch

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// listed is what go list says about a package.
type listed struct {
	ImportPath string
	Imports    []string // direct, tests left out
	Deps       []string // direct and indirect
}

// packages lists the packages of this module as a build with cgo sees them; go list compiles
// nothing.
func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,Deps", Module+"/...")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		all = append(all, p)
	}
}

func TestDependencies(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, Module+"/")
		rule, ok := Rules[name]
		if !ok {
			t.Errorf("package %s has no row in arch.Rules: say there what it may import", name)
			continue
		}
		for _, problem := range rule.check(p) {
			t.Errorf("%s %s: %s", name, problem, rule.Why)
		}
	}
}

// check returns what is wrong with the imports of one package.
func (r Rule) check(p listed) []string {
	var problems []string
	for _, imported := range p.Imports {
		if ours, ok := strings.CutPrefix(imported, Module+"/"); ok {
			if !matches(slices.Concat(Everyone, r.Ours), ours) {
				problems = append(problems, "imports "+ours+", which its row does not allow")
			}
		}
		if isCgo(imported) && !r.Door {
			problems = append(problems, "imports "+imported+", and is no door to TensorFlow")
		}
	}
	for _, dep := range p.Deps {
		if r.Pure && (isCgo(dep) || dep == Module+"/internal/libtensorflow/load") {
			problems = append(problems, "depends on "+dep+", and has to be pure Go")
		}
	}
	return problems
}

// matches says whether a pattern of the list covers a package of ours.
func matches(patterns []string, name string) bool {
	for _, pattern := range patterns {
		root, below := strings.CutSuffix(pattern, "/...")
		if name == root || below && strings.HasPrefix(name, root+"/") {
			return true
		}
	}
	return false
}

// isCgo says whether a package is of the binding or its front, and needs cgo. What
// else the binding holds is generated protocol buffers.
func isCgo(path string) bool {
	return path == Binding || path == Binding+"/op" ||
		path == Front || strings.HasPrefix(path, Front+"/")
}

// The rules do catch what they are for.
func TestCheck(t *testing.T) {
	named, metric := Module+"/internal/named", Module+"/runner/metric"
	proto := Binding + "/core/framework/tensor_go_proto"
	tests := []struct {
		name string
		rule Rule
		in   listed
		want string // part of the only problem, "" for none
	}{
		{"leaf", Rule{}, listed{Imports: []string{"fmt", named}}, ""},
		{"not in row", Rule{}, listed{Imports: []string{metric}}, "imports runner/metric"},
		{"in row", Rule{Ours: []string{"runner/..."}}, listed{Imports: []string{metric}}, ""},
		{"prefix is not below", Rule{Ours: []string{"run/..."}}, listed{Imports: []string{metric}},
			"imports runner/metric"},
		{"door", Rule{Door: true}, listed{Imports: []string{Binding + "/op"}}, ""},
		{"no door", Rule{}, listed{Imports: []string{Front}}, "is no door"},
		{"proto", Rule{Pure: true}, listed{Imports: []string{proto}, Deps: []string{proto}}, ""},
		{"indirect", Rule{Pure: true}, listed{Deps: []string{Binding}}, "has to be pure Go"},
	}
	for _, tt := range tests {
		got := strings.Join(tt.rule.check(tt.in), "; ")
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: check = %q, want %q in it", tt.name, got, tt.want)
		}
	}
}

// Patterns name packages that have a row, so that a renamed package leaves no dead rule.
func TestPatternsAreRows(t *testing.T) {
	for name, rule := range Rules {
		if rule.Why == "" {
			t.Errorf("%s has no reason", name)
		}
		for _, pattern := range rule.Ours {
			root := strings.TrimSuffix(pattern, "/...")
			covered := false
			for row := range Rules {
				covered = covered || matches([]string{pattern}, row)
			}
			if !covered {
				t.Errorf("%s may import %s, which no row describes", name, root)
			}
		}
	}
}

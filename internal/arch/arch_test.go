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
	ImportPath   string
	Imports      []string // direct, tests left out
	TestImports  []string // of tests in the package
	XTestImports []string // of tests beside the package
	Deps         []string // direct and indirect
	CgoFiles     []string // that import "C"
}

// fields of listed that go list is asked for.
const fields = "ImportPath,Imports,TestImports,XTestImports,Deps,CgoFiles"

// packages lists the packages of this module as a build with cgo and the tags sees them;
// go list compiles nothing.
func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-tags", Tag+","+HDF5Tag, "-json="+fields, Module+"/...")
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
	seen := map[string]bool{}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, Module+"/")
		seen[name] = true
		rule, ok := Rules[name]
		if !ok {
			t.Errorf("package %s has no row in arch.Rules: say there what it may import", name)
			continue
		}
		for _, problem := range rule.check(p) {
			t.Errorf("%s %s: %s", name, problem, rule.Why)
		}
	}
	for name := range Rules {
		if !seen[name] {
			t.Errorf("arch.Rules has a row for %s, and there is no such package: take the row out", name)
		}
	}
}

// floor returns the number of the floor of a package of ours, and its top-level folder.
func floor(t *testing.T, name string) (number int, top string) {
	t.Helper()
	top, _, _ = strings.Cut(name, "/")
	for i, tops := range Floors {
		if slices.Contains(tops, top) {
			return i, top
		}
	}
	t.Fatalf("package %s is in no folder of arch.Floors", name)
	return 0, ""
}

// runsUp says whether an import leads to another top-level folder that is not on a lower floor.
func runsUp(t *testing.T, from, to string) bool {
	a, topA := floor(t, from)
	b, topB := floor(t, to)
	return topA != topB && b >= a
}

// TestNoCycleOfFolders: imports between top-level folders go down, so that they have no
// cycle. Those of tests that run up are listed, each with its reason, and no others.
func TestNoCycleOfFolders(t *testing.T) {
	used := map[[2]string]bool{}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, Module+"/")
		for _, imported := range p.Imports {
			if ours, ok := strings.CutPrefix(imported, Module+"/"); ok && runsUp(t, name, ours) {
				t.Errorf("%s imports %s, which is not on a lower floor", name, ours)
			}
		}
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			ours, ok := strings.CutPrefix(imported, Module+"/")
			if !ok || !runsUp(t, name, ours) {
				continue
			}
			used[[2]string{name, ours}] = true
			if UpInTests[[2]string{name, ours}] == "" {
				t.Errorf("a test of %s imports %s, which is not on a lower floor, and arch.UpInTests has no reason for it", name, ours)
			}
		}
	}
	for arrow := range UpInTests {
		if !used[arrow] {
			t.Errorf("arch.UpInTests lists %s → %s, and no test has that import: take it out", arrow[0], arrow[1])
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
		if imported == HDF5 && !r.HDF5 {
			problems = append(problems, "imports "+imported+", and is no door to HDF5")
		}
	}
	if len(p.CgoFiles) > 0 && !r.Door && !r.HDF5 && !r.C {
		problems = append(problems, "imports C, and is no door")
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
		{"HDF5", Rule{HDF5: true, Pure: true}, listed{Imports: []string{HDF5}, CgoFiles: []string{"a.go"}}, ""},
		{"no HDF5", Rule{Door: true}, listed{Imports: []string{HDF5}}, "no door to HDF5"},
		{"C", Rule{}, listed{CgoFiles: []string{"a.go"}}, "is no door"},
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

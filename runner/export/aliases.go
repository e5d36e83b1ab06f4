package export

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/seen"
)

// What has aliases. The number of an alias follows its kind.
const (
	classAlias  = "class"
	coarseAlias = "coarse"
	imageAlias  = "image"
)

// maxAliases is the largest file of aliases that is read, in bytes: some ten million names.
const maxAliases = 1 << 30

var aliasKinds = []string{classAlias, coarseAlias, imageAlias}

// AliasesError says why a file holds no aliases.
type AliasesError struct{ Path, Reason string }

func (e *AliasesError) Error() string { return fmt.Sprintf("aliases %q: %s", e.Path, e.Reason) }

// aliases stand for names in what a model carries. A name keeps its alias in all exports of a
// run. New names are numbered at random: the order of aliases tells nothing of that of names,
// which whoever knows who is in the data could count off. The file is CSV, alias and name.
type aliases struct {
	path string
	text []byte     // of the file as it was read
	rows [][]string // alias, name; in the order in which they were given
	of   map[[2]string]string
}

// readAliases returns the aliases in the file at path, none where there is no file. The error
// is an *AliasesError.
func readAliases(path string) (*aliases, error) {
	a := &aliases{path: path, of: map[[2]string]string{}}
	text, err := regular.ReadFile(path, maxAliases)
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return nil, &AliasesError{path, err.Error()}
	}
	a.text = text
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = 2
	rows, err := r.ReadAll()
	if err != nil {
		return nil, &AliasesError{path, err.Error()}
	}
	for i, row := range rows {
		if i == 0 {
			continue // the header
		}
		kind, _, _ := strings.Cut(row[0], "-")
		if !slices.Contains(aliasKinds, kind) {
			return nil, &AliasesError{path, fmt.Sprintf("line %d: %q is no alias", i+1, row[0])}
		}
		a.rows = append(a.rows, row)
		a.of[[2]string{kind, row[1]}] = row[0]
	}
	return a, nil
}

// aliasOf returns the n-th alias of a kind.
func aliasOf(kind string, n int) string { return fmt.Sprintf("%s-%04d", kind, n) }

// add gives aliases to those of names that have none.
func (a *aliases) add(kind string, names []string) {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	names = slices.DeleteFunc(names, func(name string) bool {
		_, known := a.of[[2]string{kind, name}]
		return known || name == ""
	})
	rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	n := 0
	for key := range a.of {
		if key[0] == kind {
			n++
		}
	}
	for i, name := range names {
		alias := aliasOf(kind, n+i+1)
		a.rows = append(a.rows, []string{alias, name})
		a.of[[2]string{kind, name}] = alias
	}
}

// all returns the aliases of names, sorted.
func (a *aliases) all(kind string, names []string) []string {
	a.add(kind, names)
	var list []string
	for _, name := range names {
		list = append(list, a.of[[2]string{kind, name}])
	}
	slices.Sort(list)
	return list
}

// store writes the file, unless another export has changed it since it was read.
func (a *aliases) store() error {
	now, err := regular.ReadFile(a.path, maxAliases)
	if err != nil && !errors.Is(err, fs.ErrNotExist) || !bytes.Equal(now, a.text) {
		return &AliasesError{a.path, "another export has changed it meanwhile: give the command again"}
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.WriteAll(append([][]string{{"alias", "name"}}, a.rows...)); err != nil {
		return err
	}
	if err := aside.WriteFile(a.path, b.Bytes()); err != nil {
		return fmt.Errorf("write aliases: %w", err)
	}
	return nil
}

// manifest puts aliases into m.
func (a *aliases) manifest(m *models.Manifest) {
	m.Classes, m.Seen = a.all(classAlias, m.Classes), a.all(classAlias, m.Seen)
	m.Data.Skipped = a.all(imageAlias, m.Data.Skipped)
	m.Data.GroupBy = "" // an expression may name people
	m.Aliased = true
}

// images returns l with aliases in the place of its paths.
func (a *aliases) images(l seen.List) seen.List {
	var paths []string
	for _, i := range l {
		paths = append(paths, i.Path)
	}
	a.add(imageAlias, paths)
	l = slices.Clone(l)
	for i := range l {
		l[i].Path = a.of[[2]string{imageAlias, l[i].Path}]
	}
	l.Sort()
	return l
}

// gallery returns x, which is searched by own, with aliases in the place of its classes, paths
// and ids, in the order of these.
func (a *aliases) gallery(x *index.Index, own index.Own) (*index.Index, error) {
	items := make([]index.Item, x.Len())
	names := map[string][]string{}
	for row := range items {
		item := x.Item(row)
		names[classAlias] = append(names[classAlias], item.Class)
		names[coarseAlias] = append(names[coarseAlias], item.Coarse)
		names[imageAlias] = append(names[imageAlias], item.Path)
	}
	for _, kind := range aliasKinds {
		a.add(kind, names[kind])
	}
	rows := make([]int, len(items))
	for row := range items {
		item := x.Item(row)
		image := a.of[[2]string{imageAlias, item.Path}]
		items[row] = index.Item{ID: image, Path: image, SHA256: item.SHA256,
			Class: a.of[[2]string{classAlias, item.Class}], Coarse: a.of[[2]string{coarseAlias, item.Coarse}]}
		rows[row] = row
	}
	slices.SortFunc(rows, func(i, j int) int { return strings.Compare(items[i].ID, items[j].ID) })
	about := x.About()
	about.Root = ""
	sorted, data := make([]index.Item, 0, len(items)), make([]float32, 0, len(items)*about.Dim)
	for _, row := range rows {
		sorted, data = append(sorted, items[row]), append(data, x.Vector(row)...)
	}
	return own.New(about, sorted, data)
}

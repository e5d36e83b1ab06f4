package dataset

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Columns maps the roles of a list's columns to the names in its header, or to numbers from
// 1. Roles that are not in it keep the format's own names. A list without a header is read by
// numbers alone.
type Columns map[string]string

// ParseColumns reads "left=a,right=b,same=label". The error is an *OptionsError.
func ParseColumns(text string) (Columns, error) {
	columns := Columns{}
	for part := range strings.SplitSeq(text, ",") {
		role, name, ok := strings.Cut(part, "=")
		switch {
		case !ok || role == "" || name == "":
			return nil, &OptionsError{fmt.Sprintf("columns %q: %q is not role=name", text, part)}
		case columns[role] != "":
			return nil, &OptionsError{fmt.Sprintf("columns %q: %q is given twice", text, role)}
		}
		columns[role] = name
	}
	return columns, nil
}

// role is what a column of a list is for.
type role struct {
	name     string // also the column's own name
	opposite string // another role that may be declared in its place, "" if there is none
	optional bool
}

// find returns the column of each role. The error is an *OptionsError if declared
// does not fit the roles, else a *ListError.
func (l *list) find(roles []role, declared Columns) (map[string]int, error) {
	if err := checkRoles(roles, declared); err != nil {
		return nil, err
	}
	found := map[string]int{}
	for _, r := range roles {
		name, declaredName := r.name, declared[r.name]
		if r.opposite != "" && declared[r.opposite] != "" {
			name, declaredName = r.opposite, declared[r.opposite]
		} else if r.opposite != "" && declaredName == "" && !l.has(name) && l.has(r.opposite) {
			name = r.opposite
		}
		column := name
		if declaredName != "" {
			column = declaredName
		}
		at, twice := l.column(column)
		switch {
		case at < 0 && r.optional && declaredName == "":
			continue
		case at < 0:
			return nil, l.missing(column)
		case twice:
			return nil, l.refuse("header names column %q twice", column)
		}
		for other, taken := range found {
			if taken == at {
				return nil, &OptionsError{fmt.Sprintf("column %q is declared as %s and as %s",
					column, other, name)}
			}
		}
		found[name] = at
	}
	return found, l.checkHeader(roles, declared)
}

// column returns the index of the column with a name, in any case, or with a number from 1
// where no column has that name; -1 if there is none. Twice tells that two have the name.
func (l *list) column(name string) (at int, twice bool) {
	at = slices.Index(l.header, name)
	if at >= 0 {
		return at, slices.Contains(l.header[at+1:], name)
	}
	fold := func(h string) bool { return strings.EqualFold(h, name) }
	if at = slices.IndexFunc(l.header, fold); at >= 0 {
		return at, slices.ContainsFunc(l.header[at+1:], fold)
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(l.header) {
		return n - 1, false
	}
	return -1, false
}

// checkHeader refuses a first row that holds an image and was not declared by numbers: it
// would be lost. By numbers it is read as a row.
func (l *list) checkHeader(roles []role, declared Columns) error {
	if !l.headless {
		return nil
	}
	for _, r := range roles {
		if name := declared[r.name]; name != "" && !slices.Contains(l.header, name) {
			return nil
		}
	}
	return l.missing(roles[0].name)
}

// likeness counts the roles that the header or the declaration names.
func (l *list) likeness(roles []role, declared Columns) int {
	n := 0
	for _, r := range roles {
		for _, name := range []string{r.name, r.opposite} {
			if name != "" && (declared[name] != "" || l.has(name)) {
				n++
			}
		}
	}
	return n
}

// has tells whether the header names a column.
func (l *list) has(name string) bool {
	at, _ := l.column(name)
	return at >= 0
}

func checkRoles(roles []role, declared Columns) error {
	var known []string
	for _, r := range roles {
		known = append(known, r.name)
		if r.opposite == "" {
			continue
		}
		known = append(known, r.opposite)
		if declared[r.name] != "" && declared[r.opposite] != "" {
			return &OptionsError{fmt.Sprintf("columns declare both %s=%s and %s=%s; want one",
				r.name, declared[r.name], r.opposite, declared[r.opposite])}
		}
	}
	for _, d := range slices.Sorted(maps.Keys(declared)) {
		if !slices.Contains(known, d) {
			return &OptionsError{fmt.Sprintf("columns: unknown role %q (known: %s)",
				d, strings.Join(known, ", "))}
		}
	}
	return nil
}

// missing says which column is not there.
func (l *list) missing(column string) error {
	if l.headless {
		return l.refuse("the first row is no header, it holds an image")
	}
	return l.refuse("no column %q in the header (%s)", column, quoted(l.header))
}

// advise adds to an error of find what the columns hold, and how to declare them. Nothing
// can be read behind it.
func (l *list) advise(err error, roles []role) error {
	if e := (*ListError)(nil); errors.As(err, &e) {
		if g := l.guess(roles); g.example != nil || !strings.Contains(e.Faults[0].Reason, "twice") {
			e.Hint = g.advice()
		}
	}
	return err
}

// unused returns the names of the columns that no role reads.
func (l *list) unused(found map[string]int) []string {
	var names []string
	used := slices.Collect(maps.Values(found))
	for i := range l.header {
		if !slices.Contains(used, i) {
			names = append(names, l.name(i))
		}
	}
	return names
}

package dataset

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Columns maps the roles of a list's columns to the names in its header. Roles that
// are not in it keep the format's own names.
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
		}
		column := name
		if declaredName != "" {
			column = declaredName
		}
		at := slices.Index(l.header, column)
		switch {
		case at < 0 && r.optional && declaredName == "":
			continue
		case at < 0:
			return nil, l.missing(roles, column)
		case slices.Contains(l.header[at+1:], column):
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
	return found, nil
}

// likeness counts the roles that the header or the declaration names.
func (l *list) likeness(roles []role, declared Columns) int {
	n := 0
	for _, r := range roles {
		for _, name := range []string{r.name, r.opposite} {
			if name != "" && (declared[name] != "" || slices.Contains(l.header, name)) {
				n++
			}
		}
	}
	return n
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

// missing says which column is not there and how to declare the columns.
func (l *list) missing(roles []role, column string) error {
	var wanted []string
	var opposites string
	for _, r := range roles {
		if !r.optional {
			wanted = append(wanted, r.name+"=NAME")
		}
		if r.opposite != "" {
			opposites += fmt.Sprintf("; %s=NAME in place of %s=NAME where 1 means %s",
				r.opposite, r.name, r.opposite)
		}
	}
	semicolons := ""
	if len(l.header) == 1 && strings.Contains(l.header[0], ";") {
		semicolons = "; separate columns by commas or tabs, not semicolons"
	}
	return l.refuse("no column %q in the header (%s)%s; "+
		"say which columns are which with --columns %s%s",
		column, quoted(l.header), semicolons, strings.Join(wanted, ","), opposites)
}

// unused returns the names of the columns that no role reads.
func (l *list) unused(found map[string]int) []string {
	var names []string
	used := slices.Collect(maps.Values(found))
	for i, name := range l.header {
		if !slices.Contains(used, i) {
			names = append(names, name)
		}
	}
	return names
}

package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// sampled is how many rows a guess looks at.
const sampled = 100

// content is what the fields of a column look like.
type content string

const (
	imageContent content = "images"
	labelContent content = "same or different"
	splitContent content = "splits"
	otherContent content = "something else"
)

// guess is what the columns of a list seem to hold.
type guess struct {
	list    *list
	content []content
	example []string // of each column, from the first row
	roles   []role   // of the format that was looked for
}

// guess looks at the next rows. Nothing can be read behind it.
func (l *list) guess(roles []role) guess {
	g := guess{list: l, roles: roles, content: make([]content, len(l.header))}
	var sample [][]string
	for len(sample) < sampled {
		row, err := l.next()
		if err != nil {
			break
		}
		sample = append(sample, row)
	}
	if len(sample) > 0 {
		g.example = sample[0]
	}
	for column := range g.content {
		g.content[column] = contentOf(sample, column)
	}
	return g
}

// contentOf returns what nine of ten fields of a column look like.
func contentOf(sample [][]string, column int) content {
	count := map[content]int{}
	for _, row := range sample {
		_, label := answer(row[column], true)
		switch {
		case isImage(row[column]):
			count[imageContent]++
		case label:
			count[labelContent]++
		case splitOf(row[column]) != Unsplit:
			count[splitContent]++
		}
	}
	for c, n := range count {
		if 10*n >= 9*len(sample) && n > 0 {
			return c
		}
	}
	return otherContent
}

// advice says what the columns seem to hold, and the flag to type.
func (g guess) advice() string {
	if g.example == nil {
		return "the list has no other rows; want a header of column names and rows below it"
	}
	var seem []string
	for i, c := range g.content {
		text := fmt.Sprintf("%s %s", g.list.name(i), c)
		if c == otherContent {
			text = fmt.Sprintf("%s something else (%q)", g.list.name(i), g.example[i])
		}
		seem = append(seem, text)
	}
	declare := g.columns()
	if g.unlabelled() {
		return fmt.Sprintf("the columns seem to hold: %s; none says which pairs are the same: add a column same, 1 or 0 in each row", few(seem))
	}
	if declare == "" {
		return fmt.Sprintf("the columns seem to hold: %s; say which are which with --columns %s", few(seem), templates(g.roles))
	}
	advice := fmt.Sprintf("the columns seem to hold: %s; if so, add --columns %s", few(seem), declare)
	if strings.Contains(declare, "same=") {
		advice += ", or different= in place of same= where 1 means different"
	}
	return advice
}

// unlabelled reports whether the list is of pairs by its names, and no column is of labels.
func (g guess) unlabelled() bool {
	return g.list.has("left") && g.list.has("right") && !slices.Contains(g.content, labelContent)
}

// columns returns what --columns would be, "" where too little is known.
func (g guess) columns() string {
	at := map[content][]int{}
	for i, c := range g.content {
		at[c] = append(at[c], i)
	}
	images, labels := at[imageContent], at[labelContent]
	var roles []string
	switch {
	case len(images) == 3:
		roles = []string{"anchor", "positive", "negative"}
	case len(images) == 2 && len(labels) == 1:
		roles, images = []string{"left", "right", "same"}, append(slices.Clone(images), labels[0])
	case len(images) == 2 && len(labels) == 0:
		roles = []string{"image", "label_image"}
	case len(images) == 1 && len(g.roles) == 1:
		roles = []string{"image"}
	case len(images) == 1 && len(at[otherContent]) == 1 && len(labels) == 0:
		roles, images = []string{"image", "class"}, append(slices.Clone(images), at[otherContent][0])
	default:
		return ""
	}
	var parts []string
	for i, r := range roles {
		parts = append(parts, r+"="+g.list.reference(images[i]))
	}
	if splits := at[splitContent]; len(splits) == 1 {
		parts = append(parts, "split="+g.list.reference(splits[0]))
	}
	return strings.Join(parts, ",")
}

// templates returns --columns of the roles with NAME for the columns.
func templates(roles []role) string {
	var wanted []string
	for _, r := range roles {
		if !r.optional {
			wanted = append(wanted, r.name+"=NAME")
		}
	}
	return strings.Join(wanted, ",")
}

// name returns the name of a column, or its number where the list has no header.
func (l *list) name(column int) string {
	if l.headless {
		return strconv.Itoa(column + 1)
	}
	return fmt.Sprintf("%q", l.header[column])
}

// reference returns what --columns calls a column.
func (l *list) reference(column int) string {
	name := l.header[column]
	if at, twice := l.column(name); l.headless || name == "" || twice || at != column ||
		strings.ContainsAny(name, ",= '\"$\\`?*[](){}<>&|;!#~") { // a shell would take it apart
		return strconv.Itoa(column + 1)
	}
	return name
}

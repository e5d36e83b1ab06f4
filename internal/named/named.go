// Package named holds tables of things that users pick by name: losses,
// backbones, samplers and so on.
//
//	YAML section → Choice{name, options} → Table.New → the thing, or an error that lists the known names
//
// A table is an explicit literal beside the things it lists. Each thing decodes
// its own options with Options, which is strict to the last nested key and
// writes the options, defaults included, back to the Choice, so that a resolved
// spec says all that was used. It knows nothing about what the tables hold.
package named

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Table maps the names users write to the constructors they select. It is
// immutable after program start and safe for concurrent use.
type Table[T any] struct {
	Kind string            // singular noun used in messages: "loss"
	Rows map[string]Row[T] // key: the name users write
}

// Row is one entry of a Table.
type Row[T any] struct {
	Brief string               // one line, shown by `tfpair list`
	Paper string               // citation, "" if there is none
	New   func(Raw) (T, error) // decodes its own options strictly, then validates them
}

// Raw is the options of one Choice as the user wrote them. Only Options reads it.
type Raw struct{ choice *Choice }

// Choice is a name and its options: `triplet` or `{triplet: {margin: 0.2}}` in
// YAML. The zero value chooses nothing.
type Choice struct {
	Name    string
	options *yaml.Node // nil when there are none
}

// UnknownError says that a name is in no row of a table.
type UnknownError struct {
	Kind, Name string
	Known      []string // sorted
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("unknown %s %q (known: %s)%s", e.Kind, e.Name, strings.Join(e.Known, ", "), meant(e.Name, e.Known))
}

// With returns t with rows of a program's own beside those that it has. t is not changed. A
// name that is taken is an error, and so is a row without New.
func (t Table[T]) With(own map[string]Row[T]) (Table[T], error) {
	if len(own) == 0 {
		return t, nil
	}
	all := maps.Clone(t.Rows)
	for _, name := range slices.Sorted(maps.Keys(own)) {
		switch {
		case name == "":
			return t, fmt.Errorf("a %s of your own has no name: want the word that specs choose it by", t.Kind)
		case own[name].New == nil:
			return t, fmt.Errorf("%s %q of your own has no New: want the function that makes it of its options", t.Kind, name)
		}
		if _, taken := all[name]; taken {
			return t, fmt.Errorf("%s %q is there already: give your own another name", t.Kind, name)
		}
		all[name] = own[name]
	}
	return Table[T]{Kind: t.Kind, Rows: all}, nil
}

// Into decodes r strictly over the defaults in *options, a struct whose fields have yaml tags:
// see Options.
func (r Raw) Into(options any) error { return Options(r, options) }

// Names returns the names of the rows, sorted.
func (t Table[T]) Names() []string { return slices.Sorted(maps.Keys(t.Rows)) }

// New makes what c names. Errors are *UnknownError, or name the kind and the row.
// On success c holds every option with its default filled in.
func (t Table[T]) New(c *Choice) (T, error) {
	var zero T
	row, ok := t.Rows[c.Name]
	if !ok {
		return zero, &UnknownError{Kind: t.Kind, Name: c.Name, Known: t.Names()}
	}
	v, err := row.New(Raw{c})
	if err != nil {
		return zero, fmt.Errorf("%s %q: %w", t.Kind, c.Name, err)
	}
	return v, nil
}

// Options decodes raw strictly over the defaults in *options and writes the
// result back to the Choice it came from. A field that *options lacks is an
// error that lists the known ones.
func Options(raw Raw, options any) error {
	if raw.choice == nil {
		return nil
	}
	if raw.choice.options != nil {
		if err := Strict(raw.choice.options, options); err != nil {
			return err
		}
	}
	return Keep(raw, options)
}

// Keep writes options back to the Choice that raw came from. Options does; what
// fills in more of them later, such as those of a Choice among them, calls it again.
func Keep(raw Raw, options any) error {
	if raw.choice == nil {
		return nil
	}
	var resolved yaml.Node
	if err := resolved.Encode(options); err != nil {
		return err
	}
	raw.choice.options = &resolved
	return nil
}

// Strict decodes node over *dst. What Check finds is an error, and so is a value of another
// type; those that can say so are *LineError.
func Strict(node *yaml.Node, dst any) error {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		return nil
	}
	if errs := Check(node, dst, "field"); errs != nil {
		return join(errs)
	}
	err := node.Decode(dst)
	var te *yaml.TypeError
	if !errors.As(err, &te) {
		return err
	}
	var errs []*LineError
	for _, m := range te.Errors { // "line N: what"
		place, what, _ := strings.Cut(m, ": ")
		line, _ := strconv.Atoi(strings.TrimPrefix(place, "line "))
		errs = append(errs, &LineError{Line: line, What: what})
	}
	return join(errs)
}

// join returns one error that has the texts of all and the line of the first.
func join(errs []*LineError) error {
	joined := &LineError{Line: errs[0].Line}
	var texts []string
	for _, err := range errs {
		texts = append(texts, err.What)
	}
	joined.What = strings.Join(texts, "; ")
	return joined
}

// Fields returns the YAML names of the fields of the struct that v points to,
// inlined structs included, in the order of declaration.
func Fields(v any) []string {
	t := reflect.TypeOf(v)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for f := range fieldsOf(t) {
		name, flags, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case flags == "inline":
			names = append(names, Fields(reflect.New(f.Type).Interface())...)
		case name != "" && name != "-":
			names = append(names, name)
		}
	}
	return names
}

func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// Options returns a copy of the options of c as a YAML mapping, empty where there are none.
func (c Choice) Options() (*yaml.Node, error) {
	if c.options == nil || c.options.Kind != yaml.MappingNode {
		return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}, nil
	}
	return clone(c.options), nil
}

// clone copies a tree of nodes with the places that they were read at.
func clone(node *yaml.Node) *yaml.Node {
	if node == nil {
		return nil
	}
	copied := *node
	copied.Content = make([]*yaml.Node, len(node.Content))
	for i, child := range node.Content {
		copied.Content[i] = clone(child)
	}
	return &copied
}

// Choose returns the Choice of name with options, which may be nil, as YAML encodes them.
func Choose(name string, options any) (Choice, error) {
	if options == nil {
		return Choice{Name: name}, nil
	}
	if node, ok := options.(*yaml.Node); ok {
		return Choice{Name: name, options: clone(node)}, nil
	}
	var node yaml.Node
	if err := node.Encode(options); err != nil {
		return Choice{}, err
	}
	return Choice{Name: name, options: &node}, nil
}

// UnmarshalYAML reads `name` or `{name: {option: value}}`.
func (c *Choice) UnmarshalYAML(node *yaml.Node) error {
	switch {
	case node.Kind == yaml.ScalarNode && node.Tag == "!!str":
		*c = Choice{Name: node.Value}
		return nil
	case node.Kind == yaml.MappingNode && len(node.Content) == 2:
		*c = Choice{Name: node.Content[0].Value, options: node.Content[1]}
		if k := c.options.Kind; k != yaml.MappingNode && c.options.Tag != "!!null" {
			return fmt.Errorf("line %d: options of %q must be a mapping", c.options.Line, c.Name)
		}
		return nil
	}
	return fmt.Errorf("line %d: want one name, `name` or `{name: {option: value}}`, got %s", node.Line, got(node))
}

// MarshalYAML writes `{name: {option: value}}`, with `{}` where there are no options.
func (c Choice) MarshalYAML() (any, error) {
	if c.Name == "" {
		return nil, nil
	}
	options := c.options
	if options == nil {
		options = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: c.Name}
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{key, options}}, nil
}

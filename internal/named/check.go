package named

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// LineError says what is wrong with one value of a YAML text.
type LineError struct {
	Line int // in the text, from 1; 0 where it is not known
	What string
}

func (e *LineError) Error() string { return e.What }

// Check compares node with the type of dst, before it is decoded: a key that a struct lacks is
// an error, at any depth, and so is a number that YAML would read as another one than it seems
// to be. Whole numbers have no fraction, no exponent and no leading zero, which would make them
// octal; other numbers are decimal and finite. What is infinite or no number is refused as every value
// and key, whatever the type. noun is what messages call a key.
func Check(node *yaml.Node, dst any, noun string) []*LineError {
	c := checker{noun: noun}
	c.check("", node, reflect.TypeOf(dst))
	if len(c.errs) == 0 {
		return Finite(node)
	}
	return c.errs
}

// Finite says which values and keys below node are .inf or .nan.
func Finite(node *yaml.Node) []*LineError {
	var c checker
	c.finite("", node)
	return c.errs
}

var infinite = regexp.MustCompile(`^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)

func (c *checker) finite(key string, node *yaml.Node) {
	if node.Kind == yaml.ScalarNode && node.ShortTag() == "!!float" && infinite.MatchString(node.Value) {
		c.add(key, node, "want a finite value, got %s", node.Value)
	}
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 1 {
			c.finite(strings.TrimPrefix(key+"."+node.Content[i-1].Value, "."), child)
		} else {
			c.finite(key, child)
		}
	}
}

// checker collects what is wrong.
type checker struct {
	noun string
	errs []*LineError
}

func (c *checker) add(key string, node *yaml.Node, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	if key != "" {
		what = key + ": " + what
	}
	c.errs = append(c.errs, &LineError{Line: node.Line, What: what})
}

var decodes = reflect.TypeFor[yaml.Unmarshaler]()

// check compares one node, which key names, with t.
func (c *checker) check(key string, node *yaml.Node, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if reflect.PointerTo(t).Implements(decodes) {
		return // it reads its own nodes
	}
	switch node.Kind {
	case yaml.DocumentNode:
		c.check(key, node.Content[0], t)
	case yaml.AliasNode:
		c.check(key, node.Alias, t)
	case yaml.ScalarNode:
		c.checkScalar(key, node, t)
	case yaml.SequenceNode:
		if t.Kind() == reflect.Slice || t.Kind() == reflect.Array {
			for _, item := range node.Content {
				c.check(key, item, t.Elem())
			}
		}
	case yaml.MappingNode:
		c.checkMapping(key, node, t)
	}
}

func (c *checker) checkMapping(key string, node *yaml.Node, t reflect.Type) {
	var fields map[string]reflect.Type
	if t.Kind() == reflect.Struct {
		fields = map[string]reflect.Type{}
		fieldTypes(t, fields)
	}
	for i := 0; i < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		below := strings.TrimPrefix(key+"."+name.Value, ".")
		field, ok := fields[name.Value]
		switch {
		case name.Tag == "!!merge":
			c.check(key, value, t)
		case ok:
			c.check(below, value, field)
		case fields != nil:
			known := Fields(reflect.New(t).Interface())
			c.add("", name, "unknown %s %q (known: %s)%s", c.noun, name.Value, strings.Join(known, ", "),
				meant(name.Value, known))
		case t.Kind() == reflect.Map:
			c.check(below, value, t.Elem())
		}
	}
}

// fieldTypes adds the types of t's fields by their YAML names, inlined structs included.
func fieldTypes(t reflect.Type, to map[string]reflect.Type) {
	for f := range fieldsOf(t) {
		name, flags, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case flags == "inline":
			fieldTypes(f.Type, to)
		case name != "" && name != "-":
			to[name] = f.Type
		}
	}
}

var (
	whole   = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)
	octal   = regexp.MustCompile(`^[-+]?0[0-9_]+$`)
	decimal = regexp.MustCompile(`^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$`)
)

// checkScalar looks at numbers only: what is none is refused when it is decoded.
func (c *checker) checkScalar(key string, node *yaml.Node, t reflect.Type) {
	if tag := node.ShortTag(); tag != "!!int" && tag != "!!float" {
		return
	}
	text := node.Value
	switch {
	case isWhole(t.Kind()) && octal.MatchString(text):
		c.add(key, node, "want a whole number without leading zeros, got %s", text)
	case isWhole(t.Kind()) && !whole.MatchString(text):
		c.add(key, node, "want a whole number, got %s", text)
	case isFloat(t.Kind()) && (octal.MatchString(text) || !decimal.MatchString(text)):
		c.add(key, node, "want a finite decimal number, got %s", text)
	case isFloat(t.Kind()):
		if _, err := strconv.ParseFloat(text, t.Bits()); errors.Is(err, strconv.ErrRange) {
			c.add(key, node, "want a number that fits %d bits, got %s", t.Bits(), text)
		}
	}
}

func isWhole(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Uint64 }

func isFloat(k reflect.Kind) bool { return k == reflect.Float32 || k == reflect.Float64 }

package named

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"slices"
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

// Check compares node with the type of dst, before it is decoded: a key that a struct lacks or
// that is there twice is an error, at any depth, and so is a value of another type, or a number
// that YAML would read as another one than it seems to be. Whole numbers have no fraction, no exponent and no leading zero, which would make them
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
		c.checkOwn(key, node, t)
		return
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
		} else if t.Kind() != reflect.Interface {
			c.add(key, node, "want %s, got a list", wanted(t))
		}
	case yaml.MappingNode:
		c.checkMapping(key, node, t)
	}
}

// checkOwn lets a type that reads its own nodes read this one.
func (c *checker) checkOwn(key string, node *yaml.Node, t reflect.Type) {
	before := len(c.errs)
	c.finite(key, node)
	err := reflect.New(t).Interface().(yaml.Unmarshaler).UnmarshalYAML(node)
	if err == nil || len(c.errs) > before {
		return
	}
	what, line := err.Error(), node.Line
	if place, rest, ok := strings.Cut(what, ": "); ok {
		if n, err := strconv.Atoi(strings.TrimPrefix(place, "line ")); err == nil {
			what, line = rest, n
		}
	}
	if !strings.Contains(what, key) {
		what = key + ": " + what
	}
	c.errs = append(c.errs, &LineError{Line: line, What: what})
}

func (c *checker) checkMapping(key string, node *yaml.Node, t reflect.Type) {
	var fields map[string]reflect.Type
	if t.Kind() == reflect.Struct {
		fields = map[string]reflect.Type{}
		fieldTypes(t, fields)
	} else if t.Kind() != reflect.Map && t.Kind() != reflect.Interface {
		c.add(key, node, "want %s, got keys and values", wanted(t))
		return
	}
	first := map[string]int{} // line of a key
	for i := 0; i < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		below := strings.TrimPrefix(key+"."+name.Value, ".")
		field, ok := fields[name.Value]
		line, twice := first[name.Value]
		first[name.Value] = name.Line
		switch {
		case twice && name.Tag != "!!merge":
			c.add(below, name, "is there twice, first in line %d", line)
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

// checkScalar compares one value with t.
func (c *checker) checkScalar(key string, node *yaml.Node, t reflect.Type) {
	tag, text := node.ShortTag(), node.Value
	number := tag == "!!int" || tag == "!!float"
	switch {
	case tag == "!!null":
	case isWhole(t.Kind()) && number && octal.MatchString(text):
		c.add(key, node, "want a whole number without leading zeros, got %s", text)
	case isWhole(t.Kind()):
		if !number || !whole.MatchString(text) {
			c.add(key, node, "want a whole number, got %s", got(node))
		} else if low, high := limits(t); outside(text, low, high) {
			c.add(key, node, "want a whole number from %d to %d, got %s", low, high, text)
		}
	case isFloat(t.Kind()):
		if !number || octal.MatchString(text) || !decimal.MatchString(text) {
			c.add(key, node, "want a finite decimal number, got %s", got(node))
		} else if _, err := strconv.ParseFloat(text, t.Bits()); errors.Is(err, strconv.ErrRange) {
			c.add(key, node, "want a number that fits %d bits, got %s", t.Bits(), text)
		}
	case t.Kind() == reflect.Bool && tag != "!!bool" && !slices.Contains(truths, strings.ToLower(text)),
		t.Kind() == reflect.Slice, t.Kind() == reflect.Map, t.Kind() == reflect.Struct:
		c.add(key, node, "want %s, got %s", wanted(t), got(node))
	}
}

// truths are words for true and false that YAML 1.1 has besides; the library reads them.
var truths = []string{"y", "yes", "on", "n", "no", "off"}

// limits returns the range of a type of whole numbers.
func limits(t reflect.Type) (low, high *big.Int) {
	one := big.NewInt(1)
	if t.Kind() >= reflect.Uint {
		high = new(big.Int).Lsh(one, uint(t.Bits()))
		return new(big.Int), high.Sub(high, one)
	}
	high = new(big.Int).Lsh(one, uint(t.Bits()-1))
	return new(big.Int).Neg(high), high.Sub(high, one)
}

// outside tells whether a whole number is out of a range.
func outside(text string, low, high *big.Int) bool {
	n, ok := new(big.Int).SetString(text, 10)
	return !ok || n.Cmp(low) < 0 || n.Cmp(high) > 0
}

// wanted says what a value of type t looks like.
func wanted(t reflect.Type) string {
	switch k := t.Kind(); {
	case isWhole(k):
		return "a whole number"
	case isFloat(k):
		return "a finite decimal number"
	case k == reflect.Bool:
		return "true or false"
	case k == reflect.Slice || k == reflect.Array:
		return "a list"
	case k == reflect.Struct || k == reflect.Map:
		return "keys and values"
	}
	return "a word"
}

// got shows what was written instead.
func got(node *yaml.Node) string {
	const most = 60 // bytes of a value that a message quotes
	switch tag := node.ShortTag(); {
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case node.Kind == yaml.MappingNode:
		return "keys and values"
	case tag == "!!int" || tag == "!!float" || tag == "!!bool":
		return node.Value
	case tag == "!!null":
		return "nothing"
	case len(node.Value) > most:
		return strconv.Quote(strings.ToValidUTF8(node.Value[:most], "")) + "…"
	}
	return strconv.Quote(node.Value)
}

func isWhole(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Uint64 }

func isFloat(k reflect.Kind) bool { return k == reflect.Float32 || k == reflect.Float64 }

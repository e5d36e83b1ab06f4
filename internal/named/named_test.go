package named

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// shape is what the table of this test holds.
type shape struct {
	Sides int     `yaml:"sides"`
	Scale float64 `yaml:"scale"`
	Paint paint   `yaml:"paint"`
}

type paint struct {
	Colours []string `yaml:"colours,flow"`
}

var shapes = Table[shape]{Kind: "shape", Rows: map[string]Row[shape]{
	"square": {New: func(raw Raw) (shape, error) {
		s := shape{Sides: 4, Scale: 1}
		if err := Options(raw, &s); err != nil {
			return shape{}, err
		}
		if s.Scale <= 0 {
			return shape{}, fmt.Errorf("scale must be positive, got %g", s.Scale)
		}
		return s, nil
	}},
	"circle": {New: func(raw Raw) (shape, error) { return shape{}, Options(raw, &struct{}{}) }},
}}

// section is a part of a spec that holds one choice.
type section struct {
	Shape Choice `yaml:"shape"`
}

func parse(t *testing.T, text string) (section, error) {
	t.Helper()
	var s section
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	return s, d.Decode(&s)
}

// TestNew: what a user writes, and what the section says once defaults are filled in.
func TestNew(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"shape: square", "shape: {square: {sides: 4, scale: 1, paint: {colours: []}}}"},
		{"shape: {square: {}}", "shape: {square: {sides: 4, scale: 1, paint: {colours: []}}}"},
		{"shape: {square: }", "shape: {square: {sides: 4, scale: 1, paint: {colours: []}}}"},
		{"shape: {square: {scale: 2.5, paint: {colours: [red]}}}",
			"shape: {square: {sides: 4, scale: 2.5, paint: {colours: [red]}}}"},
		{"shape: circle", "shape: {circle: {}}"},
	} {
		s, err := parse(t, c.in)
		if err != nil {
			t.Fatalf("%s: %v", c.in, err)
		}
		for range 2 { // a resolved choice resolves to itself
			if _, err := shapes.New(&s.Shape); err != nil {
				t.Fatalf("%s: %v", c.in, err)
			}
			got, err := yaml.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			if flat(t, string(got)) != flat(t, c.want) {
				t.Errorf("%s resolves to\n%s, want\n%s", c.in, got, c.want)
			}
		}
	}
}

// flat is text as YAML in one form, whatever its style.
func flat(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(v)
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"shape: sqare", `unknown shape "sqare" (known: circle, square)`},
		{"shape: {square: {sides: 4, sacle: 2}}",
			`shape "square": unknown field "sacle" (known: sides, scale, paint)`},
		{"shape: {square: {paint: {colors: [red]}}}", `shape "square": unknown field "colors"`},
		{"shape: {circle: {sides: 1}}", `shape "circle": unknown field "sides"`},
		{"shape: {square: {scale: -1}}", `shape "square": scale must be positive, got -1`},
		{"shape: {square: {sides: 4.0}}", `shape "square": sides: want a whole number, got 4.0`},
		{"shape: {square: {sides: 04, scale: .inf}}", "sides: want a whole number without leading zeros, got 04; " +
			"scale: want a finite decimal number, got .inf"},
		{"shape: {square: {paint: {colours: [red, .NaN]}}}", "paint.colours: want a finite value, got .NaN"},
		{"shape: {square: {scale: -.inf}}", "scale: want a finite decimal number, got -.inf"},
		{"shape: {square: {scale: 0x10}}", "scale: want a finite decimal number, got 0x10"},
		{"shape: {square: {sides: many}}", `sides: want a whole number, got "many"`},
	} {
		s, err := parse(t, c.in)
		if err != nil {
			t.Fatalf("%s: %v", c.in, err)
		}
		if _, err = shapes.New(&s.Shape); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.in, err, c.want)
		}
	}
	var unknown *UnknownError
	if _, err := shapes.New(&Choice{}); !errors.As(err, &unknown) {
		t.Errorf("no name: %v, want *UnknownError", err)
	}
}

// TestLineError: a wrong option is found in the text, below another choice, too.
func TestLineError(t *testing.T) {
	for _, c := range []struct {
		text string
		line int
	}{
		{"shape:\n  square:\n    scale: 1\n    sides: 0.5\n", 4},
		{"shape:\n  square:\n    paint:\n      colors: []\n", 4},
		{"shape:\n  square:\n    scale: 2\n\n    sides: many\n", 5},
	} {
		s, err := parse(t, c.text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = shapes.New(&s.Shape)
		var at *LineError
		if !errors.As(err, &at) || at.Line != c.line {
			t.Errorf("%s: %v at %+v, want line %d", c.text, err, at, c.line)
		}
	}
}

// TestCheck: places in lists, maps, aliases and merged mappings; a float32 has its own range.
func TestCheck(t *testing.T) {
	var dst struct {
		Sides   []int             `yaml:"sides"`
		Weights map[string]uint8  `yaml:"weights"`
		Scale   float32           `yaml:"scale"`
		Names   map[string]string `yaml:"names"`
		Shape   Choice            `yaml:"shape"`
	}
	text := `names: {a: 010, b: .nan}
sides: [1, &half 0.5]
weights: {<<: {a: 1e1}, b: *half}
scale: 1e39
shape: {square: {sides: 0.5}}
`
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(text), &node); err != nil {
		t.Fatal(err)
	}
	want := []string{"2 sides: want a whole number, got 0.5", "3 weights.a: want a whole number, got 1e1",
		"2 weights.b: want a whole number, got 0.5", "4 scale: want a number that fits 32 bits, got 1e39"}
	var got []string
	for _, e := range Check(&node, &dst, "field") {
		got = append(got, fmt.Sprintf("%d %s", e.Line, e.What))
	}
	if !slices.Equal(got, want) {
		t.Errorf("Check =\n%q, want\n%q", got, want)
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"shape: {square: {}, circle: {}}", "line 1: want one name"},
		{"shape: [square]", "line 1: want one name"},
		{"shape:\n  square: 4", `line 2: options of "square" must be a mapping`},
		{"shape: 7", "line 1: want one name"},
	} {
		if _, err := parse(t, c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.in, err, c.want)
		}
	}
}

func TestChoose(t *testing.T) {
	c, err := Choose("square", map[string]any{"sides": 5})
	if err != nil {
		t.Fatal(err)
	}
	s, err := shapes.New(&c)
	if err != nil || s.Sides != 5 || s.Scale != 1 {
		t.Errorf("New(square with 5 sides) = %+v, %v", s, err)
	}
	copied, err := c.Options()
	if err != nil {
		t.Fatal(err)
	}
	copied.Content = nil // the choice keeps its own
	if s, err = shapes.New(&c); err != nil || s.Sides != 5 {
		t.Errorf("after changing a copy of its options, New = %+v, %v", s, err)
	}
	if c, err = Choose("circle", nil); err != nil || c.Name != "circle" {
		t.Errorf("Choose(circle) = %+v, %v", c, err)
	}
}

func TestNames(t *testing.T) {
	if got, want := shapes.Names(), []string{"circle", "square"}; !slices.Equal(got, want) {
		t.Errorf("Names() = %v, want %v", got, want)
	}
	type outer struct {
		paint `yaml:",inline"`
		Sides int `yaml:"sides"`
	}
	if got, want := Fields(&outer{}), []string{"colours", "sides"}; !slices.Equal(got, want) {
		t.Errorf("Fields() = %v, want %v", got, want)
	}
}

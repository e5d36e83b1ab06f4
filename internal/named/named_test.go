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
		{"shape: {square: {sides: many}}", "cannot unmarshal !!str `many` into int"},
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

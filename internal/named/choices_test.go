package named

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// parseChoices reads Choices from one line of YAML.
func parseChoices(t *testing.T, text string) Choices {
	t.Helper()
	var c Choices
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		t.Fatalf("Unmarshal(%q): %v", text, err)
	}
	return c
}

// flow writes Choices as one line of YAML.
func flow(t *testing.T, c Choices) string {
	t.Helper()
	var node yaml.Node
	if err := node.Encode(c); err != nil {
		t.Fatal(err)
	}
	node.Style = yaml.FlowStyle
	text, err := yaml.Marshal(&node)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func TestChoicesForms(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"glyph", "{preset: glyph}"},
		{"{}", "{}"},
		{"[]", "{}"},
		{"[flip, {rotate: {degrees: 5}}]", "{flip: {}, rotate: {degrees: 5}}"},
		{"{rotate: {degrees: 5}, flip: {}}", "{rotate: {degrees: 5}, flip: {}}"},
		{"{rotate: {degrees: 5}, preset: glyph}", "{preset: glyph, rotate: {degrees: 5}}"},
	} {
		if got := flow(t, parseChoices(t, c.in)); got != c.want {
			t.Errorf("%s is written as %s, want %s", c.in, got, c.want)
		}
		if again := flow(t, parseChoices(t, c.want)); again != c.want {
			t.Errorf("%s is written as %s", c.want, again)
		}
	}
}

func TestChoicesErrors(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"5", "line 1: want the name of a preset"},
		{"{flip: 5}", `line 1: options of "flip" must be a mapping`},
		{"{preset: {}}", "line 1: preset must be a name"},
		{"{preset: 5}", "line 1: preset must be a name"},
		{"[flip, flip]", `line 1: "flip" is there twice`},
		{"[{flip: {}, rotate: {}}]", "line 1: want one name"},
	} {
		var got Choices
		err := yaml.Unmarshal([]byte(c.in), &got)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Unmarshal(%q) = %v, want %q", c.in, err, c.want)
		}
	}
}

func TestChoicesOver(t *testing.T) {
	base := parseChoices(t, "{rotate: {degrees: 5, border: edge}, flip: {}}")
	c := parseChoices(t, "{preset: x, blur: {}, rotate: {degrees: 9, probability: 1}, "+
		"flip: {probability: 1}}")
	const want = "{rotate: {degrees: 9, border: edge, probability: 1}, flip: {probability: 1}, " +
		"blur: {}}"
	if got := flow(t, c.Over(base)); got != want {
		t.Errorf("Over = %s, want %s", got, want)
	}
	if got := flow(t, base); got != "{rotate: {degrees: 5, border: edge}, flip: {}}" {
		t.Errorf("Over changed its base to %s", got)
	}
	if got := flow(t, Choices{}.Over(base)); got != flow(t, base) {
		t.Errorf("nothing over base = %s", got)
	}
}

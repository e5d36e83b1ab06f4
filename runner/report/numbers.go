package report

import (
	"encoding/json"
	"fmt"
	"html/template"
	"strconv"
	"strings"
)

// numbers is the JSON of an evaluation. What the page says is looked up in it, and says where it is from.
type numbers struct{ tree any }

func parseNumbers(text []byte) (n numbers, err error) {
	return n, json.Unmarshal(text, &n.tree)
}

// look returns what is at a path such as "metrics.0.value", nil where nothing is.
func (n numbers) look(path string) any {
	at := n.tree
	for key := range strings.SplitSeq(path, ".") {
		switch of := at.(type) {
		case map[string]any:
			at = of[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(of) {
				return nil
			}
			at = of[i]
		default:
			return nil
		}
	}
	return at
}

// has reports whether something is at a path.
func (n numbers) has(path string) bool { return n.look(path) != nil }

// written returns a number of the JSON as its text, and with its exact value and path for programs.
func (n numbers) written(path string, text func(v float64) string) (template.HTML, error) {
	v, ok := n.look(path).(float64)
	if !ok {
		return "", fmt.Errorf("the evaluation has no number %q", path)
	}
	return template.HTML(fmt.Sprintf(`<data value="%s" data-json="%s">%s</data>`, strconv.FormatFloat(v, 'g', -1, 64), //nolint:gosec // escaped
		template.HTMLEscapeString(path), template.HTMLEscapeString(text(v)))), nil
}

// at writes the number at a path in a format of package fmt.
func (n numbers) at(format, path string) (template.HTML, error) {
	return n.written(path, func(v float64) string {
		if format == "%d" {
			return commas(int64(v))
		}
		return fmt.Sprintf(format, v)
	})
}

// percent writes the share at a path.
func (n numbers) percent(path string) (template.HTML, error) {
	return n.written(path, func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) })
}

// between writes the ends of an interval of shares at a path.
func (n numbers) between(path string) (template.HTML, error) {
	low, err := n.percent(path + ".low")
	if err != nil {
		return "", err
	}
	high, err := n.percent(path + ".high")
	return low + " to " + high, err
}

// commas writes a number with a comma between thousands.
func commas(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", commas(n/1000), n%1000)
}

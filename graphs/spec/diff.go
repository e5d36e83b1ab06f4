package spec

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Difference is a key that two specs give different values.
type Difference struct {
	Key  string // "optimizer.adam.lr"
	A, B string // the values as YAML, "nothing" where a spec lacks the key
}

// Absent is the value of a key that a spec lacks.
const Absent = "nothing"

// Diff returns the keys in which a and b differ, in order of the keys. Compare
// specs whose defaults have been filled in.
func Diff(a, b *Spec) ([]Difference, error) {
	x, err := a.Values()
	if err != nil {
		return nil, err
	}
	y, err := b.Values()
	if err != nil {
		return nil, err
	}
	keys := append(sorted(x), sorted(y)...)
	slices.Sort(keys)
	var differences []Difference
	for _, key := range slices.Compact(keys) {
		if d := (Difference{key, or(x, key), or(y, key)}); d.A != d.B {
			differences = append(differences, d)
		}
	}
	return differences, nil
}

func or(values map[string]string, key string) string {
	if v, ok := values[key]; ok {
		return v
	}
	return Absent
}

// Values returns the values of s as YAML on one line, by dotted key; items of a list that have keys are numbered from 1.
func (s *Spec) Values() (map[string]string, error) {
	var node yaml.Node
	if err := node.Encode(s); err != nil {
		return nil, err
	}
	values := map[string]string{}
	return values, flatten(values, nil, &node)
}

func flatten(values map[string]string, path []string, node *yaml.Node) error {
	if node.Kind == yaml.MappingNode && (len(node.Content) > 0 || len(path) == 0) {
		for i := 0; i < len(node.Content); i += 2 {
			below := append(slices.Clone(path), node.Content[i].Value)
			if err := flatten(values, below, node.Content[i+1]); err != nil {
				return err
			}
		}
		return nil
	}
	if node.Kind == yaml.SequenceNode && len(node.Content) > 0 && node.Content[0].Kind == yaml.MappingNode {
		for i, item := range node.Content {
			if err := flatten(values, append(slices.Clone(path), strconv.Itoa(i+1)), item); err != nil {
				return err
			}
		}
		return nil
	}
	node.Style |= yaml.FlowStyle // on one line
	text, err := yaml.Marshal(node)
	values[strings.Join(path, ".")] = strings.TrimSpace(string(text))
	return err
}

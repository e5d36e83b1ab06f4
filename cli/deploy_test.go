package cli

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/internal/cluster"
)

// configs returns each TF_CONFIG of a file of manifests: the value of the key of that name, or of an
// environment variable of a container.
func configs(t *testing.T, path string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var walk func(any)
	walk = func(node any) {
		switch n := node.(type) {
		case []any:
			for _, x := range n {
				walk(x)
			}
		case map[string]any:
			if n["name"] == cluster.Variable {
				list = append(list, n["value"].(string))
			}
			if config, ok := n[cluster.Variable].(string); ok {
				list = append(list, config)
			}
			for _, x := range n {
				walk(x)
			}
		}
	}
	documents := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var document any
		if err := documents.Decode(&document); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		walk(document)
	}
}

// TestDeployedClusters: the processes of the manifests for training read one cluster, and each is another of its tasks.
func TestDeployedClusters(t *testing.T) {
	for path, processes := range map[string]int{"../deploy/compose.yaml": 2, "../deploy/train.yaml": 3} {
		var given []string
		for _, config := range configs(t, path) {
			if !strings.Contains(config, "$(RANK)") {
				given = append(given, config)
				continue
			}
			for rank := range processes { // as Kubernetes fills it in
				given = append(given, strings.ReplaceAll(config, "$(RANK)", strconv.Itoa(rank)))
			}
		}
		ranks := map[int]bool{}
		for _, config := range given {
			c, err := cluster.Parse(config)
			if err != nil || c == nil || len(c.Tasks) != processes {
				t.Errorf("%s: %s: %+v, %v", path, config, c, err)
				continue
			}
			ranks[c.Self] = true
		}
		if len(given) != processes || len(ranks) != processes {
			t.Errorf("%s: %d values of %s for %d processes", path, len(given), cluster.Variable, len(ranks))
		}
	}
}

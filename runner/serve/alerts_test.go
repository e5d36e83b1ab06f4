package serve

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/models/modelstest"
)

// TestAlerts: the rules speak of metrics and labels that there are.
func TestAlerts(t *testing.T) {
	text, err := os.ReadFile("../../deploy/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}})
	descriptions := make(chan *prometheus.Desc, 100)
	for _, c := range s.metrics.all() {
		c.Describe(descriptions)
	}
	close(descriptions)
	known := map[string]bool{}
	for d := range descriptions {
		known[regexp.MustCompile(`fqName: "(\w+)"`).FindStringSubmatch(d.String())[1]] = true
	}
	// increase() of anybody's own rule sees no first error of a series that begins with it.
	if text := ask(s, "GET", "/metrics", "", nil).Body.String(); !strings.Contains(text, `tfpair_model_loads_total{model="photos",result="error"} 0`) {
		t.Errorf("no count of bad versions before the first:\n%s", text)
	}
	probes := regexp.MustCompile(`^(?:/livez|/readyz|/startupz|/metrics|/v2/health/.*)$`) // as Prometheus matches
	for _, rt := range s.table() {
		if rt.probe != probes.MatchString(rt.path) && rt.path != "/{$}" && rt.path != "/openapi.json" {
			t.Errorf("alerts count %s as if it were asked by clients: %v", rt.path, !probes.MatchString(rt.path))
		}
	}
	for _, rule := range file.Groups[0].Rules {
		for _, not := range regexp.MustCompile(`route!~"(.*?)"`).FindAllStringSubmatch(rule.Expr, -1) {
			if "^(?:"+not[1]+")$" != probes.String() {
				t.Errorf("%s leaves out %s, want %s", rule.Alert, not[1], probes)
			}
		}
		names := regexp.MustCompile(`tfpair_\w+`).FindAllString(rule.Expr, -1)
		if len(names) == 0 {
			t.Errorf("%s speaks of no metric", rule.Alert)
		}
		for _, name := range names {
			if !known[name] {
				t.Errorf("%s speaks of %s, which there is not", rule.Alert, name)
			}
		}
	}
}

package serve

import (
	"image/color"
	"math/rand/v2"
	"regexp"
	"strconv"
	"testing"

	"github.com/tfpair/tfpair/models/drift"
	"github.com/tfpair/tfpair/models/modelstest"
)

// TestDrift: 200 requests with darker pictures pass the limit of brightness, and those before do not.
func TestDrift(t *testing.T) {
	r := rand.New(rand.NewPCG(18, 3))
	grey := func(factor float64) color.NRGBA {
		y := uint8(factor * (100 + 100*r.Float64()))
		return color.NRGBA{y, y, y, 255}
	}
	s := drift.Sample{}
	for range 300 {
		c := grey(1)
		s.Pixels([]uint8{c.R, c.G, c.B}, 1)
		s.Size(40, 30) // as picture makes them
		s.Nearest(0, true)
	}
	service := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{Reference: s.Reference()})}})
	send := func(n int, path string, factor float64) {
		for range n {
			if w := ask(service, "POST", path, "image/png", picture(t, grey(factor))); w.Code != 200 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
		}
	}
	crossed := func(feature string) bool {
		t.Helper()
		text := ask(service, "GET", "/metrics", "", nil).Body.String()
		value := func(name string) float64 {
			found := regexp.MustCompile(name + `\{feature="` + feature + `",model="photos"\} (\S+)`).FindStringSubmatch(text)
			if found == nil {
				t.Fatalf("no %s of %s in\n%s", name, feature, text)
			}
			x, err := strconv.ParseFloat(found[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			return x
		}
		return value("tfpair_drift") > value("tfpair_drift_limit")
	}
	send(300, "/v1/embed", 1)
	if crossed("brightness") || crossed("size") {
		t.Error("pictures like those of validation have drifted")
	}
	send(200, "/v1/search?threshold=9", 0.5)
	for feature, want := range map[string]bool{"brightness": true, "size": false, "nearest": true, "accepted": true} {
		if crossed(feature) != want {
			t.Errorf("%s of darker pictures is beyond its limit: %t, want %t", feature, !want, want)
		}
	}
}

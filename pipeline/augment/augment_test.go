package augment

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/internal/named"
)

// choices reads the steps of a spec.
func choices(t testing.TB, text string) named.Choices {
	t.Helper()
	var c named.Choices
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// augmenter returns the Augmenter of steps in YAML.
func augmenter(t testing.TB, text string, seed uint64) *Augmenter {
	t.Helper()
	c := choices(t, text)
	a, err := New(&c, seed)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// picture returns smooth colours with noise on them, [S,S,3].
func picture(size int, seed uint64) []uint8 {
	r := rand.New(rand.NewPCG(seed, 0))
	pixels := make([]uint8, 0, size*size*3)
	for y := range size {
		for x := range size {
			for _, v := range []int{120 + 100*x/size, 30 + 150*y/size, 200 - 100*(x+y)/(2*size)} {
				pixels = append(pixels, uint8(v+r.IntN(30)))
			}
		}
	}
	return pixels
}

// applied returns what a makes of a copy of pixels.
func applied(a *Augmenter, pixels []uint8, size int, d Draw) []uint8 {
	pixels = slices.Clone(pixels)
	a.Apply(pixels, size, d)
	return pixels
}

// TestSuite holds every step, and every preset, to what Augmenter promises.
func TestSuite(t *testing.T) {
	all := map[string]string{}
	for _, name := range Table.Names() {
		all[name] = "{" + name + ": {}}"
	}
	for _, name := range Presets.Names() {
		all["preset "+name] = name
	}
	for name, text := range all {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{1, 2, 7, 28} {
				suite(t, text, size, name == "preset none")
			}
		})
	}
}

func suite(t *testing.T, text string, size int, none bool) {
	a, pixels := augmenter(t, text, 3), picture(size, 1)
	differ := func(seed uint64, one, other Draw) bool {
		b := augmenter(t, text, seed)
		return !bytes.Equal(applied(a, pixels, size, one), applied(b, pixels, size, other))
	}
	changed := map[string]int{}
	for i := range 20 {
		d := Draw{Epoch: i, Image: int32(i * i), Turn: i % a.Classes()}
		if differ(3, d, d) {
			t.Fatalf("size %d, %+v: two draws of the same differ", size, d)
		}
		for what, is := range map[string]bool{
			"the image": !bytes.Equal(pixels, applied(a, pixels, size, d)),
			"seeds":     differ(4, d, d),
			"epochs":    differ(3, d, Draw{Epoch: i + 1, Image: d.Image, Turn: d.Turn}),
			"images":    differ(3, d, Draw{Epoch: i, Image: d.Image + 1, Turn: d.Turn}),
			"turns":     a.Classes() > 1 && differ(3, d, Draw{Epoch: i, Image: d.Image}),
		} {
			if is {
				changed[what]++
			}
		}
	}
	if size < 28 {
		return
	}
	want := []string{"the image", "seeds", "epochs", "images"}
	if a.Classes() > 1 {
		want = []string{"the image", "turns"}
	}
	for _, what := range want {
		if none != (changed[what] == 0) {
			t.Errorf("in %d of 20 draws there is a difference between %s, want none: %v",
				changed[what], what, none)
		}
	}
}

// TestWorkers: many goroutines at once make what one makes.
func TestWorkers(t *testing.T) {
	const size = 16
	a := augmenter(t, "{preset: strong, jpeg: {}, noise: {}, turns: {}, affine: {}}", 1)
	pixels := picture(size, 2)
	want := make([][]uint8, 64)
	draw := func(i int) Draw { return Draw{Epoch: i / 8, Image: int32(i % 8), Turn: i % 4} }
	for i := range want {
		want[i] = applied(a, pixels, size, draw(i))
	}
	var g sync.WaitGroup
	for w := range 8 {
		g.Go(func() {
			for k := range want {
				i := (k + 8*w) % len(want)
				if !bytes.Equal(applied(a, pixels, size, draw(i)), want[i]) {
					t.Errorf("worker %d makes another image of %+v", w, draw(i))
				}
			}
		})
	}
	g.Wait()
}

// TestOwnStreams: what a step draws does not depend on the other steps, nor on the
// order in which they are written.
func TestOwnStreams(t *testing.T) {
	const size = 9
	pixels := picture(size, 3)
	for i := range 10 {
		d := Draw{Epoch: i, Image: 5}
		rotated := applied(augmenter(t, "{rotate: {}}", 7), pixels, size, d)
		want := applied(augmenter(t, "{erase: {fill: gray}}", 7), rotated, size, d)
		for _, text := range []string{"{rotate: {}, erase: {fill: gray}}",
			"[{erase: {fill: gray}}, rotate]", "{rotate: {}, blur: {probability: 0}, erase: {fill: gray}}"} {
			if !bytes.Equal(applied(augmenter(t, text, 7), pixels, size, d), want) {
				t.Errorf("draw %d: %s makes another image", i, text)
			}
		}
	}
}

// TestResolved: New writes the steps in the order of application, with every option.
func TestResolved(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"none", "{}"},
		{"{erase: {fill: white}, hue: {}, flip: {}}",
			"{flip: {probability: 0.5}, hue: {degrees: 36, probability: 1}, erase: {area: [0.02, 0.4], " +
				"ratio: [0.3, 3.3333333333333335], fill: white, probability: 0.5}}"},
		{"{preset: glyph, affine: {degrees: 20}}",
			"{affine: {degrees: 20, shear: 0.3, scale: [0.8, 1.2], shift: 0.01904761904761905, " +
				"each: 0.5, border: ground}, translate: {shift: 0.05, border: ground, probability: 1}}"},
	} {
		got := choices(t, c.in)
		if _, err := New(&got, 0); err != nil {
			t.Errorf("New(%s): %v", c.in, err)
		}
		if want := choices(t, c.want); text(t, got) != text(t, want) {
			t.Errorf("New(%s) resolves to\n%s\nwant\n%s", c.in, text(t, got), text(t, want))
		}
		again := got
		if _, err := New(&again, 0); err != nil || text(t, again) != text(t, got) {
			t.Errorf("New of %s resolved: %s, %v", c.in, text(t, again), err)
		}
	}
}

// text writes c in one style, however it was written.
func text(t *testing.T, c named.Choices) string {
	t.Helper()
	var node yaml.Node
	if err := node.Encode(c); err != nil {
		t.Fatal(err)
	}
	plain(&node)
	b, err := yaml.Marshal(&node)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func plain(node *yaml.Node) {
	node.Style = 0
	for _, n := range node.Content {
		plain(n)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"glph", `unknown augmentation preset "glph" (known: glyph, light, none, strong)`},
		{"{rotat: {}}", `unknown augmentation "rotat" (known: affine, blur,`},
		{"{rotate: {degree: 5}}",
			`augmentation "rotate": unknown field "degree" (known: degrees, border, probability)`},
		{"{rotate: {degrees: 181}}",
			`augmentation "rotate": degrees must be within 0 and 180, got 181`},
		{"{rotate: {degrees: .nan}}", "degrees: want a finite decimal number, got .nan"},
		{"{rotate: {border: pink}}",
			`border must be edge, ground, black, gray, white or "#rrggbb", got "pink"`},
		{"{rotate: {border: '#ffff'}}", `got "#ffff"`},
		{"{erase: {fill: edge}}",
			`fill must be noise, black, gray, white or "#rrggbb", got "edge"`},
		{"{crop: {area: [0.5, 0.2]}}", "area must be [low, high] within 0.01 and 1, got [0.5, 0.2]"},
		{"{crop: {area: [0.5]}}", "invalid array"},
		{"{affine: {scale: [0.1, 1]}}", "scale must be [low, high] within 0.5 and 2"},
		{"{affine: {shear: 1}}", "shear must be within 0 and 0.9, got 1"},
		{"{flip: {probability: 2}}", "probability must be within 0 and 1, got 2"},
		{"{turns: {classes: 3}}", `unknown field "classes"`},
		{"{blur: {sigma: [0, 1]}}", "sigma must be [low, high] within 0.1 and 8"},
		{"{jpeg: {quality: [0, 10]}}", "quality must be"},
		{"{noise: {std: [-1, 0]}}", "std must be"},
	} {
		got := choices(t, c.in)
		before := text(t, got)
		if _, err := New(&got, 0); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("New(%s) = %v, want %q", c.in, err, c.want)
		}
		if text(t, got) != before {
			t.Errorf("New(%s) failed and left %s", c.in, text(t, got))
		}
	}
}

// TestNothing: an Augmenter without steps, the zero value too, leaves pixels alone.
func TestNothing(t *testing.T) {
	pixels := picture(5, 1)
	for _, a := range []*Augmenter{{}, augmenter(t, "none", 1)} {
		if !a.None() || a.Classes() != 1 {
			t.Errorf("None() = %v, Classes() = %d", a.None(), a.Classes())
		}
		if !bytes.Equal(applied(a, pixels, 5, Draw{}), pixels) {
			t.Error("no steps change an image")
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("Apply takes pixels of another size")
		}
	}()
	augmenter(t, "glyph", 1).Apply(pixels, 6, Draw{})
}

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/disintegration/imaging"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/pipeline/decode"
)

// copyEvery is how many grocery photos stand behind one that TestCopies takes; with
// TFPAIR_COPIES=all it takes all of them.
const copyEvery = 16

// TestCopies: of test photos, a fifth of which are copies of trained ones, an evaluation leaves
// out all that are the same file, names 99 % of those that were encoded anew or resized, and
// at most 0.1 % of the strangers.
func TestCopies(t *testing.T) {
	runtime, err := libtensorflow.Find(os.Getenv, libtensorflow.Auto)
	if err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	grocery := filepath.Join(os.Getenv("TFPAIR_DATA"), "grocery")
	if _, err := os.Stat(grocery); os.Getenv("TFPAIR_DATA") == "" || err != nil {
		t.Skip("grocery photos are not here: TFPAIR_DATA names the folder that holds them")
	}
	t.Setenv("TFPAIR_RUNTIME", runtime)
	t.Chdir(t.TempDir())
	every := copyEvery
	if os.Getenv("TFPAIR_COPIES") == "all" {
		every = 1
	}
	trained, strangers := groceryPhotos(t, grocery, "train", every), groceryPhotos(t, grocery, "test", every)
	for i, photo := range trained {
		link(t, photo, filepath.Join("seen", classOf(photo), fmt.Sprint(i, ".jpg")))
	}
	for i, photo := range strangers {
		link(t, photo, filepath.Join("asked", classOf(photo), fmt.Sprintf("stranger-%d.jpg", i)))
	}
	made := map[string]int{}
	for i := range len(strangers) / 4 {
		photo := trained[i*len(trained)/(len(strangers)/4)]
		kind := []string{"exact", "encoded", "half"}[i%3]
		copyPhoto(t, photo, filepath.Join("asked", classOf(photo), fmt.Sprintf("%s-%d.jpg", kind, i)), kind, i)
		made[kind]++
	}
	tfpair(t, "train", "--data", "seen", "--out", "run", "--quiet", "--set", "input.size=16", "--set", "train.steps=1",
		"--set", "train.batch_size=8", "--set", "train.test=0", "--set", "backbone={smallconv: {filters: [4, 4], dense: 8}}")
	var report struct {
		Exposure struct {
			Images, Seen, Drawings int
			Copies                 []struct{ Path, Of string }
		}
	}
	if err := json.Unmarshal(tfpair(t, "evaluate", "--model", "run", "--data", "asked", "--json", "--quiet"), &report); err != nil {
		t.Fatal(err)
	}
	if every > 1 { // of all of them a few may be too plain, or alike
		checkSeen(t)
	}
	named := map[string]int{}
	for _, c := range report.Exposure.Copies {
		kind, _, _ := strings.Cut(filepath.Base(c.Path), "-")
		named[kind]++
	}
	t.Logf("%d photos trained on; of %d asked %d are the same files, %v were made; left out %d, named %v, without a hash %d",
		len(trained), report.Exposure.Images, made["exact"], made, report.Exposure.Seen, named, report.Exposure.Drawings)
	if report.Exposure.Seen != made["exact"] {
		t.Errorf("%d of %d exact copies are left out, want all", report.Exposure.Seen, made["exact"])
	}
	if n, of := named["encoded"]+named["half"], made["encoded"]+made["half"]; 100*n < 99*of {
		t.Errorf("%d of %d copies are named, want 99 %%", n, of)
	}
	if n := named["stranger"]; 1000*n > len(strangers) {
		t.Errorf("%d of %d strangers are named, want at most 0.1 %%", n, len(strangers))
	}
}

// checkSeen asks the run of the current folder for all photos: it holds every copy, and no stranger.
func checkSeen(t *testing.T) {
	t.Helper()
	pictures := 0
	for line := range bytes.Lines(tfpair(t, "seen", "--in", "run", "--json", "--quiet", "asked")) {
		var p struct {
			Event, Image string
			Held         []struct{ Exact bool }
		}
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatal(err)
		}
		if p.Event != "picture" {
			continue
		}
		kind, _, _ := strings.Cut(filepath.Base(p.Image), "-")
		held := len(p.Held) > 0
		if held != (kind != "stranger") || held && p.Held[0].Exact != (kind == "exact") {
			t.Errorf("%s: held as %+v", p.Image, p.Held)
		}
		pictures++
	}
	t.Logf("seen was asked for %d photos", pictures)
}

// groceryPhotos returns every n-th photo of a part.
func groceryPhotos(t *testing.T, grocery, part string, n int) (list []string) {
	t.Helper()
	for _, pattern := range []string{"*/*/*.jpg", "*/*/*/*.jpg"} {
		found, err := filepath.Glob(filepath.Join(grocery, part, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, found...)
	}
	slices.Sort(list)
	for i := 0; i*n < len(list); i++ {
		list[i] = list[i*n]
	}
	return list[:(len(list)+n-1)/n]
}

// classOf returns the folder that a photo lies in.
func classOf(photo string) string { return filepath.Base(filepath.Dir(photo)) }

func link(t *testing.T, photo, as string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(as), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(photo, as); err != nil {
		t.Fatal(err)
	}
}

// copyPhoto writes a copy: the same file, one encoded as JPEG of a quality from 50 to 95, or one
// of half the size.
func copyPhoto(t *testing.T, photo, as, kind string, i int) {
	t.Helper()
	file, err := os.ReadFile(photo)
	if err != nil {
		t.Fatal(err)
	}
	if kind != "exact" {
		img, err := decode.Decode(file, decode.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		quality := 50 + 5*(i/3%10)
		if kind == "half" {
			img, quality = imaging.Resize(img, img.Rect.Dx()/2, img.Rect.Dy()/2, imaging.Lanczos), 90
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
			t.Fatal(err)
		}
		file = b.Bytes()
	}
	if err := os.MkdirAll(filepath.Dir(as), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(as, file, 0o644); err != nil {
		t.Fatal(err)
	}
}

package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// at returns a checkpoint of a step with contents of its own.
func at(step int) *Checkpoint {
	x := float32(step)
	return &Checkpoint{
		Step: step,
		Variables: []Tensor{
			{Name: "a/bias", Shape: []int64{2}, Data: []float32{x, -x}},
			{Name: "b/kernel", Shape: []int64{1, 3}, Data: []float32{1, 2, x}},
		},
		Optimizer: []Tensor{{Name: "m", Shape: []int64{1}, Data: []float32{x / 3}}},
		Gallery:   []Tensor{{Name: "gallery", Shape: []int64{2, 1}, Data: []float32{x, 2}}},
		Meta:      json.RawMessage(fmt.Sprintf(`{"threshold": %d.5}`, step)),
	}
}

func mustSave(t *testing.T, dir string, c *Checkpoint) string {
	t.Helper()
	path, err := Save(dir, c)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// same compares checkpoints by what their files hold.
func same(t *testing.T, got, want *Checkpoint) {
	t.Helper()
	if got == nil || !equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestBits: NaN payloads, both zeros, infinities and subnormals come back as they were.
func TestBits(t *testing.T) {
	bits := []uint32{0, 1 << 31, 0x7fc00001, 0xffc12345, 0x7f800001, 0x7f800000, 0xff800000, 1, 0x3f800000}
	data := make([]float32, len(bits))
	for i, b := range bits {
		data[i] = math.Float32frombits(b)
	}
	dir := t.TempDir()
	c := &Checkpoint{Step: 1, Variables: []Tensor{{Name: "x", Shape: []int64{9}, Data: data},
		{Name: "empty", Shape: []int64{0, 3}}}}
	got, err := Load(mustSave(t, dir, c))
	if err != nil {
		t.Fatal(err)
	}
	for _, tensor := range got.Variables {
		if tensor.Name != "x" {
			continue
		}
		for i, x := range tensor.Data {
			if math.Float32bits(x) != bits[i] {
				t.Errorf("element %d = %08x, want %08x", i, math.Float32bits(x), bits[i])
			}
		}
	}
	same(t, got, c)
}

// TestFlippedBytes flips each bit of each byte of a checkpoint: none loads.
func TestFlippedBytes(t *testing.T) {
	path := mustSave(t, t.TempDir(), at(7))
	names, err := osDisk{}.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		file := filepath.Join(path, name)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := range data {
			flipped := append([]byte{}, data...)
			flipped[i] ^= 1 << (i % 8)
			if err := os.WriteFile(file, flipped, 0o644); err != nil {
				t.Fatal(err)
			}
			var corrupt *CorruptError
			if _, err := Load(path); !errors.As(err, &corrupt) {
				t.Fatalf("byte %d of %s flipped: Load = %v, want *CorruptError", i, name, err)
			}
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load(path); err != nil {
		t.Error(err)
	}
}

// TestNoGallery: a training without label images has no file for them.
func TestNoGallery(t *testing.T) {
	c := at(1)
	c.Gallery = nil
	path := mustSave(t, t.TempDir(), c)
	if _, err := os.Stat(filepath.Join(path, galleryName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: %v, want that it is not there", galleryName, err)
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, c)
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(Path(dir, 3)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v, want fs.ErrNotExist", err)
	}
	path := mustSave(t, dir, at(3))
	if err := os.Rename(path, Path(dir, 4)); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(Path(dir, 4)); err == nil || !strings.Contains(err.Error(), "it is of step 3") {
		t.Errorf("under another step's name: %v", err)
	}
	manifest := filepath.Join(Path(dir, 4), manifestName)
	if err := os.WriteFile(manifest, []byte(`{"format": 99}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(Path(dir, 4)); err == nil || !strings.Contains(err.Error(), "format 99, this program reads 1") {
		t.Errorf("a newer format: %v", err)
	}
}

func TestSaveAgain(t *testing.T) {
	dir := t.TempDir()
	path := mustSave(t, dir, at(5))
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	mustSave(t, dir, at(5))
	after, err := os.Stat(path)
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("an equal checkpoint was written again, %v", err)
	}
	other := at(5)
	other.Meta = json.RawMessage(`{"threshold": 9}`)
	mustSave(t, dir, other)
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, other)
	if err := os.Truncate(filepath.Join(path, variablesName), 3); err != nil {
		t.Fatal(err)
	}
	mustSave(t, dir, at(5))
	if got, err = Load(path); err != nil {
		t.Fatal(err)
	}
	same(t, got, at(5))
}

func TestLatestAndPrune(t *testing.T) {
	dir := t.TempDir()
	none := func(path string, err error) { t.Errorf("corrupt %s: %v", path, err) }
	if _, err := Latest(dir, none); !errors.Is(err, ErrNone) {
		t.Errorf("Latest of nothing = %v, want ErrNone", err)
	}
	if list, err := Steps(filepath.Join(dir, "missing")); err != nil || len(list) != 0 {
		t.Errorf("Steps of a missing folder = %v, %v", list, err)
	}
	for _, step := range []int{1, 2, 10, 20, 100} {
		mustSave(t, dir, at(step))
	}
	if err := os.Truncate(filepath.Join(Path(dir, 100), optimizerName), 0); err != nil {
		t.Fatal(err)
	}
	var corrupt []string
	c, err := Latest(dir, func(path string, _ error) { corrupt = append(corrupt, filepath.Base(path)) })
	if err != nil || c.Step != 20 {
		t.Errorf("Latest = %+v, %v; want step 20", c, err)
	}
	if diff := cmp.Diff([]string{"step-00000100"}, corrupt); diff != "" {
		t.Error(diff)
	}
	if err := Prune(dir, 2, 1); err != nil {
		t.Fatal(err)
	}
	list, err := Steps(dir)
	if diff := cmp.Diff([]int{1, 20, 100}, list); diff != "" || err != nil {
		t.Errorf("after Prune(2, pinned 1) %s, %v", diff, err)
	}
}

// failing fails the operation that it counts down to, and all that change the
// disk after it: what a kill, a full disk or a pulled plug leaves.
type failing struct {
	osDisk
	left *int
}

var errInjected = errors.New("injected")

func (f failing) fail() error {
	if *f.left--; *f.left < 0 {
		return errInjected
	}
	return nil
}

func (f failing) MkdirAll(p string) error {
	return errors.Join(f.fail(), ifNil(*f.left, func() error { return f.osDisk.MkdirAll(p) }))
}
func (f failing) Mkdir(p string) error {
	return errors.Join(f.fail(), ifNil(*f.left, func() error { return f.osDisk.Mkdir(p) }))
}
func (f failing) SyncDir(p string) error {
	return errors.Join(f.fail(), ifNil(*f.left, func() error { return f.osDisk.SyncDir(p) }))
}
func (f failing) Rename(a, b string) error {
	return errors.Join(f.fail(), ifNil(*f.left, func() error { return f.osDisk.Rename(a, b) }))
}
func (f failing) RemoveAll(p string) error {
	return errors.Join(f.fail(), ifNil(*f.left, func() error { return f.osDisk.RemoveAll(p) }))
}

// WriteFile leaves half of the file where it fails.
func (f failing) WriteFile(p string, data []byte) error {
	if err := f.fail(); err != nil {
		if *f.left == -1 {
			return errors.Join(err, os.WriteFile(p, data[:len(data)/2], 0o644))
		}
		return err
	}
	return f.osDisk.WriteFile(p, data)
}

func ifNil(left int, do func() error) error {
	if left < 0 {
		return nil
	}
	return do()
}

// TestFaults stops Save and Prune at each operation: whatever stands under a
// step's name verifies, the older checkpoint is there, and the next Save works.
func TestFaults(t *testing.T) {
	for name, do := range map[string]func(disk, string) error{
		"save":    func(d disk, dir string) error { _, err := save(d, dir, at(2)); return err },
		"prune":   func(d disk, dir string) error { return prune(d, dir, 1) },
		"replace": func(d disk, dir string) error { c := at(1); c.Meta = nil; _, err := save(d, dir, c); return err },
	} {
		t.Run(name, func(t *testing.T) {
			for n := 0; ; n++ {
				dir := t.TempDir()
				mustSave(t, dir, at(0))
				mustSave(t, dir, at(1))
				left := n
				err := do(failing{left: &left}, dir)
				list, stepsErr := Steps(dir)
				if stepsErr != nil {
					t.Fatal(stepsErr)
				}
				for _, step := range list {
					if _, err := Load(Path(dir, step)); err != nil {
						t.Errorf("stopped at operation %d: step %d: %v", n, step, err)
					}
				}
				if name == "save" && len(list) < 2 || len(list) < 1 {
					t.Errorf("stopped at operation %d: only %v are left", n, list)
				}
				mustSave(t, dir, at(3))
				names, readErr := osDisk{}.ReadDir(dir)
				if readErr != nil || strings.Contains(strings.Join(names, " "), asidePrefix) {
					t.Errorf("stopped at operation %d: %v is left, %v", n, names, readErr)
				}
				if err == nil {
					if n == 0 {
						t.Fatal("no operation was stopped")
					}
					return
				}
				if !errors.Is(err, errInjected) {
					t.Fatalf("stopped at operation %d: %v", n, err)
				}
			}
		})
	}
}

package run

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDamagedSpec: a spec with any bit flipped or any end cut off is refused, or read as it was.
func TestDamagedSpec(t *testing.T) {
	const text = "input:\n  size: 16\n"
	f, err := OpenOrCreate(filepath.Join(t.TempDir(), "run"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	whole, err := os.ReadFile(f.SpecPath())
	if err != nil {
		t.Fatal(err)
	}
	reads := func(damaged []byte) (string, error) {
		if err := os.WriteFile(f.SpecPath(), damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := f.Spec()
		return string(got), err
	}
	for at := range whole {
		if got, err := reads(whole[:at]); err == nil {
			t.Errorf("cut to %d bytes it reads as %q", at, got)
		}
		for bit := range 8 {
			damaged := append([]byte(nil), whole...)
			damaged[at] ^= 1 << bit
			if got, err := reads(damaged); err == nil && !strings.HasSuffix(got, "\n"+text) {
				t.Errorf("with bit %d of byte %d flipped it reads as %q", bit, at, got)
			}
		}
	}
	_, err = reads(append(whole[:len(whole):len(whole)], '\n'))
	if err == nil || !strings.Contains(err.Error(), "remove its first line") {
		t.Errorf("Spec of a longer file = %v", err)
	}
	if got, err := reads([]byte(text)); err != nil || got != text { // as earlier versions stored it
		t.Errorf("Spec without a checksum = %q, %v", got, err)
	}
}

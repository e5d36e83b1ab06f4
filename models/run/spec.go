package run

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/tfpair/tfpair/internal/regular"
)

// sealHead begins the first line of a stored spec, which is a comment in YAML. The checksum of all that
// follows stands behind it. It is the first line, so that a cut does not take it away.
const sealHead = "# sha256 of what follows: "

// SpecError says that the stored spec of a run is damaged.
type SpecError struct{ Path string }

func (e *SpecError) Error() string {
	return fmt.Sprintf("%q is not as it was written: its checksum differs; take it from a copy of the run, "+
		"or remove its first line if it was changed on purpose", e.Path)
}

// Spec returns the stored spec, as it lies in the folder, after comparing its checksum. A spec that an
// earlier version stored has none. The error is a *SpecError where the checksum differs.
func (f *Folder) Spec() ([]byte, error) {
	text, err := regular.ReadFileIn(f.path, specName, maxText)
	if err != nil {
		return nil, fmt.Errorf("read spec of run: %w", err)
	}
	line, rest, _ := bytes.Cut(text, []byte("\n"))
	cut := bytes.HasPrefix([]byte(sealHead), text) // before the checksum
	if cut || bytes.HasPrefix(line, []byte(sealHead)) && !bytes.Equal(seal(rest), text) {
		return nil, &SpecError{f.SpecPath()}
	}
	return text, nil
}

// SetSpec replaces the stored spec, whole or not at all.
func (f *Folder) SetSpec(text []byte) error {
	if err := f.write(specName, seal(text)); err != nil {
		return fmt.Errorf("store spec of run: %w", err)
	}
	return nil
}

// seal puts the checksum of a spec before it.
func seal(text []byte) []byte {
	sum := sha256.Sum256(text)
	return append([]byte(sealHead+hex.EncodeToString(sum[:])+"\n"), text...)
}

package train

import (
	"strings"

	"github.com/tfpair/tfpair/runner/check"
)

// check notes the worst that is found of the images that were read. What more there is, tfpair check tells.
func (l *loop) check() error {
	found, err := check.Quick(l.Data, l.store.Identity)
	if err != nil {
		return err
	}
	for _, f := range found {
		text := f.Text
		if f.Mend != "" {
			text += "; " + strings.ReplaceAll(f.Mend, "with --write-splits", "with tfpair check --write-splits")
		}
		l.found = append(l.found, text)
	}
	return nil
}

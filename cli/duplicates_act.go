package cli

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// act moves or links copies, or says what it would do.
func (o duplicatesOptions) act(out output, g *gathered, groups []copies.Group, r *duplicatesFound) error {
	if !o.acts() {
		return nil
	}
	info, err := os.Stat(o.photos)
	if err != nil {
		return err
	}
	if !info.IsDir() || o.against != "" { // folders that overlap would lose their only copies
		return usagef("--move-to and --link are for a folder; %q is none, or it is compared --against another", o.photos)
	}
	root, err := filepath.Abs(o.photos)
	if err != nil {
		return err
	}
	to, err := filepath.Abs(cmp.Or(o.moveTo, "."))
	if err != nil {
		return err
	}
	if inside, err := filepath.Rel(root, to); o.moveTo != "" && err == nil && inside != ".." && !strings.HasPrefix(inside, ".."+string(filepath.Separator)) {
		return usagef("--move-to %s lies in %s, where the next search finds the same copies again; name a folder outside", o.moveTo, o.photos)
	}
	plain := make([]copies.Print, len(g.prints))
	for i := range plain {
		plain[i] = g.prints[i]
		plain[i].Path = g.inside[i]
	}
	act := copies.Move
	if o.link {
		act = copies.Link
	}
	steps := copies.Plan(plain, groups, act, root, to, func(print int) bool { return print < g.own })
	r.Planned = len(steps)
	var bytes int64
	for _, s := range steps {
		bytes += s.Size
	}
	verb := map[copies.Act]string{copies.Move: "moved to " + o.moveTo, copies.Link: "made links"}[act]
	if !o.apply {
		out.print("would be %s: %s, %s; nothing was done: add --apply to do it", verb, count(len(steps), "file"), megabytes(bytes))
		return nil
	}
	if len(steps) == 0 {
		return nil
	}
	r.UndoList = o.undoFile()
	if r.Done, err = copies.Do(steps, r.UndoList); err != nil {
		return fmt.Errorf("%s of %s were %s, and %s takes it back: %w", commas(r.Done), plural.Count(len(steps), "file"), verb,
			commandLine{"tfpair", "duplicates", "--undo", r.UndoList}, err)
	}
	out.print("%s: %s, %s", verb, count(r.Done, "file"), megabytes(bytes))
	out.say("to take it back: %s", commandLine{"tfpair", "duplicates", "--undo", r.UndoList})
	return nil
}

// runUndo takes back what a list says.
func runUndo(out output, list string) error {
	done, err := copies.Undo(list)
	if err != nil {
		return &dataset.Error{Role: "undo list", Path: list, Err: err}
	}
	out.print("taken back: %s", count(done, "file"))
	return out.emit("undo", struct {
		Done int `json:"done"`
	}{done})
}

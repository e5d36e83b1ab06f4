package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// act moves or links copies, or says what it would do.
func (o duplicatesOptions) act(ctx context.Context, out output, g *gathered, groups []copies.Group, r *duplicatesFound) error {
	if !o.acts() {
		return nil
	}
	root, to, err := o.places()
	if err != nil {
		return err
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
	steps := copies.Plan(plain, groups, act, root, to)
	r.Planned = len(steps)
	var bytes int64
	for _, s := range steps {
		bytes += s.Size
	}
	verb := map[copies.Act]string{copies.Move: "moved to " + o.moveTo, copies.Link: "made links"}[act]
	if err := inTheWay(copies.Ready(steps)); err != nil {
		return err
	}
	if !o.apply {
		out.print("would be %s: %s, %s; nothing was done: add --apply to do it", verb, count(len(steps), "file"), megabytes(bytes))
		return nil
	}
	if len(steps) == 0 {
		return nil
	}
	r.UndoList = o.undoFile()
	if r.Done, err = copies.Do(ctx, steps, r.UndoList); err != nil && r.Done == 0 {
		return fmt.Errorf("nothing was done: %w", stopped(ctx, inTheWay(err)))
	} else if err != nil {
		return fmt.Errorf("%s of %s were %s, and %s takes it back: %w", commas(r.Done), plural.Count(len(steps), "file"), verb,
			commandLine{"tfpair", "duplicates", "--undo", r.UndoList}, stopped(ctx, inTheWay(err)))
	}
	out.print("%s: %s, %s", verb, count(r.Done, "file"), megabytes(bytes))
	out.say("to take it back: %s", commandLine{"tfpair", "duplicates", "--undo", r.UndoList})
	return nil
}

// inTheWay says of what is at a place to move to what helps.
func inTheWay(err error) error {
	if there := (*aside.ExistsError)(nil); errors.As(err, &there) {
		return usagef("%q is there already; move it away, or name another folder with --move-to", there.Path)
	}
	return err
}

// places returns the folder that copies lie in, and the one that they are moved to.
func (o duplicatesOptions) places() (root, to string, err error) {
	info, err := os.Stat(o.photos)
	if err != nil {
		return "", "", err
	}
	if !info.IsDir() || dataset.HoldsArchives(o.photos) {
		return "", "", usagef("--move-to and --link are for a folder; %q is none", o.photos)
	}
	if root, err = resolved(o.photos); err != nil || o.moveTo == "" {
		return root, "", err
	}
	if to, err = resolved(o.moveTo); err != nil {
		return "", "", err
	}
	if liesIn(root, to) {
		return "", "", usagef("--move-to %s lies in %s, where the next search finds the same copies again; name a folder outside", o.moveTo, o.photos)
	}
	return root, to, nil
}

// liesIn reports whether a path is a folder or lies in it.
func liesIn(folder, path string) bool {
	inside, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(inside)
}

// resolved returns the absolute path without links of what is at a path, or is going to be.
func resolved(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) || filepath.Dir(path) == path {
		return real, err
	}
	folder, err := resolved(filepath.Dir(path))
	return filepath.Join(folder, filepath.Base(path)), err
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

package cli

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/runner/export"
)

// exported is the result of tfpair export.
type exported struct {
	Model      string  `json:"model"` // folder of the version
	Version    int     `json:"version"`
	Step       int     `json:"step"`
	Space      string  `json:"embedding_space"`
	Threshold  float64 `json:"threshold"`
	Difference float64 `json:"difference"` // largest, of reloaded embeddings from trained ones
	Tolerance  float64 `json:"tolerance"`

	Gallery int      `json:"gallery,omitempty"` // images that it carries
	Skipped []string `json:"skipped,omitempty"` // bad images of the gallery
}

func newExportCommand(streams IO) *cli.Command {
	return &cli.Command{
		Name:  "export",
		Usage: "write a run as a SavedModel that any TensorFlow tool and any Go service loads",
		Description: "The model is written aside, loaded again, and compared with the run on stored images\n" +
			"before it appears as OUT/VERSION.",
		Flags: append(append([]cli.Flag{
			&cli.StringFlag{Name: "run", Usage: "run `FOLDER`"},
			&cli.StringFlag{Name: "out", Usage: "`FOLDER` of the model's versions: made, or given one more"},
			&cli.IntFlag{Name: "version", Usage: "number of the version, else one more than the highest there"},
			checkpointFlag(new(string)),
			&cli.StringFlag{Name: "gallery", Usage: "`PATH` of images that the model is to carry, for tfpair search: a folder, a .zip or a list"},
			&cli.StringFlag{Name: "images", Usage: "folder or .zip that a list's paths are relative to, else the list's folder"},
		}, append(badFlags(), machineFlags()...)...), outputFlags()...),
		Action: func(c *cli.Context) error { return runExport(c, newOutput(c, streams)) },
	}
}

func runExport(c *cli.Context, out output) error {
	if err := need(c, "run", "out"); err != nil {
		return err
	}
	if c.IsSet("version") && c.Int("version") < 1 {
		return usagef("--version must be 1 or more, got %d", c.Int("version"))
	}
	o, err := sessionOptions(c)
	if err != nil {
		return err
	}
	config := export.Config{Run: c.String("run"), Checkpoint: cmp.Or(c.String("checkpoint"), bestCheckpoint),
		Out: c.String("out"), Version: c.Int("version"), Session: o,
		Tool: "tfpair " + programVersion(), Runtime: "TensorFlow " + libtensorflow.Version}
	g := &collection{embedder: &embedder{}}
	if path := c.String("gallery"); path != "" {
		if g, err = openCollection(c, path); err != nil {
			return err
		}
		defer g.data.Close() // read only
		config.Gallery = func(_ context.Context, e *models.Model) (*index.Index, error) {
			m, err := useExported(e, c.String("out"))
			if err != nil {
				return nil, err
			}
			return g.index(c, out, m, "flat")
		}
	}
	r, err := export.Run(c.Context, config)
	if err != nil {
		return stopped(c.Context, err)
	}
	return showExported(out, r, g.bad)
}

// showExported says what was written.
func showExported(out output, r *export.Result, bad []pipeline.BadImage) error {
	m := r.Manifest
	var scores []string
	for _, of := range m.Metrics {
		scores = append(scores, fmt.Sprintf("%s %.4f", strings.ReplaceAll(of.Name, "_", " "), of.Value))
	}
	out.print("wrote %s (step %d; on validation %s)", r.Path, m.Step, strings.Join(scores, ", "))
	out.print("same where distance <= %.4g (from %s)", m.Threshold.Value, m.Threshold.Source)
	out.print("loaded again: embeddings differ by %.2g, %.2g is allowed", r.Difference, r.Tolerance)
	summary := exported{Model: r.Path, Version: r.Version, Step: m.Step, Space: m.Space,
		Threshold: m.Threshold.Value, Difference: r.Difference, Tolerance: r.Tolerance,
		Skipped: sayBad(out, bad)}
	if m.Gallery != nil {
		summary.Gallery = m.Gallery.Images
		out.print("gallery: %s in %s", count(m.Gallery.Images, "image"), count(m.Gallery.Classes, "class"))
		out.say("next: tfpair search --model %s --image FILE", r.Path)
	}
	if err := out.emit("summary", summary); err != nil {
		return err
	}
	if len(bad) > 0 {
		return &skippedError{len(bad)}
	}
	return nil
}

// programVersion returns the version of this program, as the Go toolchain stamped it.
func programVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

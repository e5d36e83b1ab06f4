package cli

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

func newRuntimeCommand(streams IO) *cli.Command {
	gpu := &cli.BoolFlag{Name: "gpu", Usage: "the GPU build and its CUDA packages, about 5 GB (untested on a GPU)"}
	return &cli.Command{
		Name:  "runtime",
		Usage: "install the TensorFlow runtime, or say what is installed",
		Subcommands: []*cli.Command{{
			Name:  "install",
			Usage: "fetch TensorFlow " + libtensorflow.Version + " with pip into the user's cache, or TFPAIR_RUNTIME",
			Flags: append([]cli.Flag{gpu, &cli.StringFlag{Name: "from",
				Usage: "a wheel `FILE` that was fetched before, for a machine without network"}}, outputFlags()...),
			Action: func(c *cli.Context) error { return runRuntimeInstall(c, newOutput(c, streams)) },
		}, {
			Name:   "status",
			Usage:  "verify the installed runtime's checksums",
			Flags:  append([]cli.Flag{gpu}, outputFlags()...),
			Action: func(c *cli.Context) error { return runRuntimeStatus(c, newOutput(c, streams)) },
		}},
	}
}

func runRuntimeInstall(c *cli.Context, out output) error {
	device := libtensorflow.CPU
	if c.Bool("gpu") {
		device = libtensorflow.GPU
	}
	folder, err := libtensorflow.Folder(out.Getenv, device)
	if err != nil {
		return err
	}
	err = libtensorflow.Install(c.Context, libtensorflow.Options{From: c.String("from"), Dir: folder,
		GPU: c.Bool("gpu"), Progress: func(line string) { out.say("%s", line) }})
	if err != nil {
		return stopped(c.Context, err)
	}
	out.print("runtime %s for %s is in %s", libtensorflow.Version, device, folder)
	if device == libtensorflow.GPU {
		out.say("the GPU path is untested by the project; tfpair doctor says what it finds")
	}
	return out.emit("installed", map[string]any{"folder": folder, "device": device, "version": libtensorflow.Version})
}

// runtimeStatus is what is known about an installed runtime.
type runtimeStatus struct {
	Folder   string   `json:"folder"`
	Version  string   `json:"version"`
	Device   string   `json:"device"`
	Bytes    int64    `json:"bytes"`
	Stripped bool     `json:"stripped"`
	Damaged  []string `json:"damaged,omitempty"`
}

// status finds and verifies the runtime of a device.
func status(getenv libtensorflow.Getenv, device libtensorflow.Device) (runtimeStatus, error) {
	folder, err := libtensorflow.Find(getenv, device)
	if err != nil {
		return runtimeStatus{}, err
	}
	r, err := libtensorflow.Status(folder)
	if err != nil {
		return runtimeStatus{Folder: folder}, err
	}
	s := runtimeStatus{Folder: r.Dir, Version: r.Manifest.Version, Device: string(r.Manifest.Device),
		Bytes: r.Bytes, Stripped: r.Manifest.Stripped}
	for _, d := range r.Damaged {
		s.Damaged = append(s.Damaged, d.Error())
	}
	return s, nil
}

func runRuntimeStatus(c *cli.Context, out output) error {
	device := libtensorflow.Auto
	if c.Bool("gpu") {
		device = libtensorflow.GPU
	}
	s, err := status(out.Getenv, device)
	if err != nil {
		return err
	}
	out.print("runtime %s for %s in %s, %d MB", s.Version, s.Device, s.Folder, s.Bytes>>20)
	if err := out.emit("runtime", s); err != nil {
		return err
	}
	if len(s.Damaged) == 0 {
		out.print("all checksums are right")
		return nil
	}
	var errs []error
	for _, d := range s.Damaged {
		errs = append(errs, errors.New(d))
	}
	return fmt.Errorf("the runtime in %q is damaged, replace it with %s: %w", s.Folder,
		libtensorflow.InstallCommand, errors.Join(errs...))
}

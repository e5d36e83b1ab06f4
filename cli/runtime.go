package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

// runtimeOptions are the options of tfpair runtime install and of tfpair runtime status.
type runtimeOptions struct {
	gpu    bool   // the GPU build instead of the CPU build
	from   string // of install: a wheel; "": it is downloaded
	output outputOptions
}

func newRuntimeCommand(streams IO) *cli.Command {
	return &cli.Command{
		Name:  "runtime",
		Usage: "install the TensorFlow runtime, or check the one that is installed",
		Subcommands: []*cli.Command{
			newRuntimeInstallCommand(streams),
			newRuntimeStatusCommand(streams),
		},
	}
}

func newRuntimeInstallCommand(streams IO) *cli.Command {
	var o runtimeOptions
	c := &cli.Command{
		Name:  "install",
		Usage: "fetch the TensorFlow runtime and install it for this user",
		Description: "Downloads TensorFlow " + libtensorflow.Version + ` (273 MB) with the pip of this machine, checks its pinned
checksum, and keeps the C libraries (635 MB on disk). Installs into the user's
cache, or into the folder that TFPAIR_RUNTIME names.

` + examplesHead + "  tfpair runtime install",
		Flags: []cli.Flag{&cli.StringFlag{Name: "from", Destination: &o.from,
			Usage: "install the wheel `FILE` that was downloaded before; for a machine without network"}},
		Action: func(c *cli.Context) error { return runRuntimeInstall(c.Context, o, streams) },
	}
	o.addFlags(c)
	return c
}

func newRuntimeStatusCommand(streams IO) *cli.Command {
	var o runtimeOptions
	c := &cli.Command{
		Name:  "status",
		Usage: "check the files of the installed runtime against their checksums",
		Description: `Reads all files. Other commands do so by themselves when a file has changed since;
TFPAIR_VERIFY=off in the environment has them load the runtime as it is.

` + examplesHead + "  tfpair runtime status",
		Action: func(*cli.Context) error { return runRuntimeStatus(o, streams) },
	}
	o.addFlags(c)
	return c
}

func (o *runtimeOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags, &cli.BoolFlag{Name: "gpu", Destination: &o.gpu,
		Usage: "take the GPU build and its CUDA packages, about 5 GB; untested on a GPU"})
	o.output.addFlags(c)
}

// device is the build that is meant, where gpu does not say so the other one.
func (o runtimeOptions) device(other libtensorflow.Device) libtensorflow.Device {
	if o.gpu {
		return libtensorflow.GPU
	}
	return other
}

func runRuntimeInstall(ctx context.Context, o runtimeOptions, streams IO) error {
	out, device := o.output.on(streams), o.device(libtensorflow.CPU)
	folder, err := libtensorflow.Folder(out.Getenv, device)
	if err != nil {
		return err
	}
	err = libtensorflow.Install(ctx, libtensorflow.Options{From: o.from, Dir: folder,
		GPU: o.gpu, Progress: func(line string) { out.say("%s", line) }})
	if err != nil {
		return stopped(ctx, err)
	}
	out.print("runtime %s for %s is in %s", libtensorflow.Version, device, folder)
	if device == libtensorflow.GPU {
		out.say("note      the project has never run the GPU build on a GPU; tfpair doctor says what it finds")
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

// install is the command that installs the same build again.
func (s runtimeStatus) install() string {
	if s.Device == string(libtensorflow.GPU) {
		return libtensorflow.InstallCommand + " --gpu"
	}
	return libtensorflow.InstallCommand
}

// status finds and verifies the runtime of a device.
func status(getenv libtensorflow.Getenv, device libtensorflow.Device) (runtimeStatus, error) {
	folder, err := libtensorflow.Find(getenv, device)
	if err != nil {
		return runtimeStatus{}, err
	}
	r, err := libtensorflow.Status(folder, getenv)
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

func runRuntimeStatus(o runtimeOptions, streams IO) error {
	out := o.output.on(streams)
	s, err := status(out.Getenv, o.device(libtensorflow.Auto))
	if err != nil {
		return err
	}
	out.print("runtime %s for %s in %s, %d MB", s.Version, s.Device, s.Folder, (s.Bytes+1<<19)>>20)
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
	return fmt.Errorf("the runtime in %q is damaged, replace it with %s: %w", s.Folder, s.install(), errors.Join(errs...))
}

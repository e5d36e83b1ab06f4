package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/libtensorflow/load"
	"github.com/tfpair/tfpair/internal/session"
)

// finding is one line of the doctor's report.
type finding struct {
	What   string `json:"what"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`

	err error // of a check that must work; nil for what is only told
}

// doctorOptions are the options of tfpair doctor.
type doctorOptions struct {
	machine machineOptions
	output  outputOptions
}

func newDoctorCommand(streams IO) *cli.Command {
	var o doctorOptions
	c := &cli.Command{
		Name:  "doctor",
		Usage: "check the TensorFlow runtime and this machine, and run a graph",
		Description: `Prints one line for each check. Ends with 4 if the runtime is missing or damaged,
or if no graph runs.

` + examplesHead + "  tfpair doctor",
		Action: func(*cli.Context) error { return runDoctor(o, streams) },
	}
	o.machine.addFlags(c)
	o.output.addFlags(c)
	return c
}

func (o doctorOptions) validate() error { return o.machine.validate() }

func runDoctor(options doctorOptions, streams IO) error {
	if err := options.validate(); err != nil {
		return err
	}
	out, o := options.output.on(streams), options.machine.session()
	findings := []finding{
		checkRuntime(out.Getenv, libtensorflow.Device(o.Device)),
		{What: "cpu", OK: true, Detail: session.Processor()},
		{What: "cores", OK: true, Detail: count(runtime.NumCPU(), "core") + " visible, " +
			count(runtime.GOMAXPROCS(0), "thread") + " used"},
		checkDisk("temporary files", os.TempDir()),
	}
	if cache, err := os.UserCacheDir(); err == nil {
		findings = append(findings, checkDisk("cache", cache))
	}
	findings = append(findings, checkGraph(o))
	if folder, ok := gpuBuild(out.Getenv); ok || o.Device == session.GPU {
		findings = append(findings, checkCUDA(folder, out.Getenv)...)
	}
	findings = append(findings, finding{What: "gpu", OK: true,
		Detail: "the GPU path uses the same graphs and was never run on a GPU by the project"})
	var failed error
	for _, f := range findings {
		mark := "ok     "
		if !f.OK {
			mark = "MISSING"
		}
		out.print("%s  %-16s %s", mark, f.What, f.Detail)
		if err := out.emit("finding", f); err != nil {
			return err
		}
		if failed == nil {
			failed = f.err
		}
	}
	return failed
}

func checkRuntime(getenv libtensorflow.Getenv, device libtensorflow.Device) finding {
	f := finding{What: "runtime"}
	s, err := status(getenv, device)
	switch {
	case errors.Is(err, fs.ErrNotExist) && s.Folder != "" && getenv(load.VerifyVariable) == "off":
		f.OK, f.Detail = true, s.Folder+" has no manifest; it is loaded as it is, "+load.VerifyVariable+"=off"
	case err != nil:
		f.Detail, f.err = err.Error(), err
	case len(s.Damaged) > 0:
		f.Detail = s.Folder + " is damaged: " + strings.Join(s.Damaged, "; ") +
			"; replace it with " + s.install()
	default:
		f.OK, f.Detail = true, "TensorFlow "+s.Version+" for "+s.Device+" in "+s.Folder+", verified"
	}
	return f
}

func checkGraph(o session.Options) finding {
	f := finding{What: "graph"}
	devices, err := session.Probe(o)
	if err != nil {
		f.Detail, f.err = err.Error(), err
		return f
	}
	f.OK, f.Detail = true, "2 + 3 = 5 on "+strings.Join(devices, ", ")
	return f
}

// checkDisk tells the free space where path is, or would be.
func checkDisk(what, path string) finding {
	at := path
	for {
		var s unix.Statfs_t
		if err := unix.Statfs(at, &s); err == nil {
			free := s.Bavail * uint64(s.Bsize) >> 20
			return finding{What: what, OK: true, Detail: commas(int(free)) + " MB free at " + path}
		} else if parent := filepath.Dir(at); parent != at {
			at = parent
			continue
		} else {
			return finding{What: what, Detail: path + ": " + err.Error()}
		}
	}
}

// gpuBuild returns the folder of the GPU build, if one is installed. TFPAIR_RUNTIME may
// name a CPU build.
func gpuBuild(getenv libtensorflow.Getenv) (string, bool) {
	folder, err := libtensorflow.Find(getenv, libtensorflow.GPU)
	if err != nil {
		return "", false
	}
	m, err := libtensorflow.ReadManifest(folder)
	return folder, err != nil || m.Device == libtensorflow.GPU
}

// checkCUDA names each library that the GPU build opens.
func checkCUDA(folder string, getenv libtensorflow.Getenv) []finding {
	var list []finding
	for _, l := range libtensorflow.CUDALibraries(folder, getenv) {
		f := finding{What: l.Name, OK: l.Path != "", Detail: l.Path}
		if !f.OK {
			f.Detail = "not found"
		}
		list = append(list, f)
	}
	return list
}

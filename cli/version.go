package cli

import (
	"runtime"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

// versions is what a bug report needs.
type versions struct {
	Version    string `json:"version"`
	Go         string `json:"go"`
	TensorFlow string `json:"tensorflow"` // the release that the program is made for
	Platform   string `json:"platform"`
}

func newVersionCommand(streams IO) *cli.Command {
	var o outputOptions
	c := &cli.Command{
		Name:  "version",
		Usage: "print the version",
		Description: examplesHead +
			"  tfpair version\n" +
			"  tfpair version --json",
		Action: func(*cli.Context) error { return runVersion(o.on(streams)) },
	}
	o.addFlags(c)
	return c
}

func runVersion(out output) error {
	v := versions{Version: programVersion(), Go: runtime.Version(), TensorFlow: libtensorflow.Version,
		Platform: runtime.GOOS + "/" + runtime.GOARCH}
	out.print("tfpair %s (%s, TensorFlow %s, %s)", v.Version, v.Go, v.TensorFlow, v.Platform)
	return out.emit("version", v)
}

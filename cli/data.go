package cli

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// dataFlags say what the data is.
func dataFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "data",
			Usage: "`PATH` of a folder with a folder per class, a .zip of one, or a list of pairs, triplets or photos (CSV, TSV)"},
		&cli.StringFlag{Name: "val", Usage: "another `LIST` of photos and label images, whose photos are for validation"},
		&cli.StringFlag{Name: "images", Usage: "folder or .zip that a list's paths are relative to, else the list's folder"},
		&cli.StringFlag{Name: "format", Usage: "how the data is laid out, else it is recognised: tfpair list"},
		&cli.StringFlag{Name: "columns", Usage: "names of a list's columns: left=a,right=b,same=label, or different=label where 1 means different"},
	}, badFlags()...)
}

// badFlags say how images are read, and what to do with bad ones.
func badFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "bad-images", Value: "stop", Usage: "what to do where images cannot be read: stop or skip"},
		&cli.Float64Flag{Name: "bad-budget", Value: 0.01, Usage: "largest share of images that may be skipped"},
		&cli.IntFlag{Name: "workers", Usage: "images decoded at once, else one per core"},
	}
}

// machineFlags say where graphs run.
func machineFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "device", Value: "auto", Usage: "auto, cpu or gpu (the GPU path is untested)"},
		&cli.IntFlag{Name: "threads", Usage: "threads of one operation, else one per core"},
	}
}

// need refuses a command line that lacks one of the flags.
func need(c *cli.Context, flags ...string) error {
	for _, flag := range flags {
		if c.String(flag) == "" {
			return usagef("%s needs --%s", c.Command.Name, strings.Join(flags, " and --"))
		}
	}
	return nil
}

// imagesOnly makes openData ask for images alone.
func imagesOnly(o *dataset.Options) { o.ImagesOnly = true }

// openData opens the data that the flags name.
func openData(c *cli.Context, more ...func(*dataset.Options)) (*dataset.Dataset, error) {
	o := dataset.Options{Data: c.String("data"), Images: c.String("images"), Format: c.String("format"),
		Val: c.String("val")}
	if text := c.String("columns"); text != "" {
		columns, err := dataset.ParseColumns(text)
		if err != nil {
			return nil, err
		}
		o.Columns = columns
	}
	for _, change := range more {
		change(&o)
	}
	return dataset.Open(o)
}

// skipShare returns the share of images that may be bad.
func skipShare(c *cli.Context) (float64, error) {
	switch policy, budget := c.String("bad-images"), c.Float64("bad-budget"); {
	case policy == "stop":
		return 0, nil
	case policy != "skip":
		return 0, usagef("--bad-images must be stop or skip, got %q", policy)
	case !(budget > 0 && budget <= 1):
		return 0, usagef("--bad-budget must be a share above 0 and up to 1, got %g", budget)
	default:
		return budget, nil
	}
}

func storeOptions(c *cli.Context) pipeline.StoreOptions {
	return pipeline.StoreOptions{Workers: c.Int("workers")}
}

func sessionOptions(c *cli.Context) (session.Options, error) {
	o := session.Options{Device: session.Device(c.String("device")), Threads: c.Int("threads")}
	switch o.Device {
	case session.Auto, session.CPU, session.GPU:
	default:
		return o, usagef("--device must be auto, cpu or gpu, got %q", o.Device)
	}
	if o.Threads < 0 || c.Int("workers") < 0 {
		return o, usagef("--threads and --workers must be 0 or more, got %d and %d", o.Threads, c.Int("workers"))
	}
	return o, nil
}

// count returns "1 image", "2 classes", "1,234 queries".
func count(n int, noun string) string {
	stem, y := strings.CutSuffix(noun, "y")
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "s"):
		noun += "es"
	case y:
		noun = stem + "ies"
	default:
		noun += "s"
	}
	return commas(n) + " " + noun
}

// commas writes n with a comma between thousands.
func commas(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", commas(n/1000), n%1000)
}

package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/kept"
	"github.com/tfpair/tfpair/runner/inference"
)

// dataOptions say what the data is, and how its images are read.
type dataOptions struct {
	path    string // of a folder, an archive or a list
	val     string // list of rows for validation
	test    string // list of rows for test
	groupBy string // takes the name of an image's group out of its path, or byLook or byNone; "": a column group, or what grouping finds
	fix     string // file of the mended list; "": none is written. runFix reads it
	layout  layoutOptions
	splits  string // folders at the top that are splits; "": their names say
	reading readingOptions
}

func (o *dataOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "data", Destination: &o.path,
			Usage: "`PATH` of the images: a folder with one folder per class, a .zip or .tar of one, a folder of such archives, or a list (CSV or TSV) of pairs, triplets or photos"},
		&cli.StringFlag{Name: "val", Destination: &o.val,
			Usage: "second `LIST` of the same kind, whose pairs, triplets or photos are for validation"},
		&cli.StringFlag{Name: "test", Destination: &o.test,
			Usage: "third `LIST` of the same kind, whose pairs, triplets or photos are for test"},
		&cli.StringFlag{Name: "fix", Destination: &o.fix,
			Usage: "new `FILE` for the usable rows of the list, mended; nothing else is done"})
	o.layout.addFlags(c)
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "splits", Destination: &o.splits,
		Usage: "`FOLDERS` at the top of the data that are splits, such as train=a,val=b,test=c, or none (default: known by their names)"})
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "group-by", Destination: &o.groupBy,
		Usage: "regular `EXPRESSION` whose parentheses take a group (a burst, a session, a seller) out of a path, such as '/(session[0-9]+)_'; " +
			"or look, which groups pictures of a class that look alike; or none; a group stays within one split " +
			"(default: look, where a training parts data of which pictures of a class come in bursts)"})
	o.reading.addFlags(c)
}

// repeated lets a flag of a string be given more than once.
func repeated(c *cli.Command, name string) {
	for i, f := range c.Flags {
		if of, ok := f.(*cli.StringFlag); ok && of.Name == name {
			c.Flags[i] = &cli.StringSliceFlag{Name: name, Usage: of.Usage + "; may be repeated"}
		}
	}
}

func (o dataOptions) validate() error {
	if _, err := o.options(); err != nil {
		return err
	}
	return o.reading.validate()
}

// options returns what dataset.Open is asked for.
func (o dataOptions) options() (dataset.Options, error) {
	options, err := o.layout.options(o.path)
	options.Val, options.Test = o.val, o.test
	if keep := o.reading.kept(); keep != nil {
		options.Known = kept.Known(*keep)
	}
	if err == nil && o.splits != "" {
		options.Splits, err = dataset.ParseSplitFolders(o.splits)
	}
	if err == nil && o.groupBy != "" && o.groupBy != byLook && o.groupBy != byNone {
		options.GroupBy, err = dataset.ParseGroupBy(o.groupBy)
	}
	return options, err
}

// collection opens the data as images that are to be searched.
func (o dataOptions) collection() (*inference.Collection, error) {
	options, err := o.options()
	if err != nil {
		return nil, err
	}
	return inference.OpenCollection(options)
}

// layoutOptions say how data is laid out.
type layoutOptions struct {
	images  string // what paths of a list are relative to; "": the list's folder
	format  string // "": recognised
	columns string // of a list; "": recognised
}

func (o *layoutOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "images", Destination: &o.images,
			Usage: "`PATH` of the folder or archive that the paths of a list start from (default: the list's folder)"},
		&cli.StringFlag{Name: "format", Destination: &o.format,
			Usage: "`NAME` of the data's layout, from tfpair list --kind format (default: recognised)"},
		&cli.StringFlag{Name: "columns", Destination: &o.columns,
			Usage: "`NAMES` of a list's columns, such as left=a,right=b,same=label; write different=label where 1 means different"})
}

func (o layoutOptions) validate() error {
	_, err := o.options("")
	return err
}

// options returns what dataset.Open is asked for, of the data at path.
func (o layoutOptions) options(path string) (dataset.Options, error) {
	options := dataset.Options{Data: path, Images: o.images, Format: o.format}
	var err error
	if o.columns != "" {
		options.Columns, err = dataset.ParseColumns(o.columns)
	}
	return options, err
}

// open opens the data.
func (o dataOptions) open(ctx context.Context, out output) (*dataset.Dataset, error) {
	return (&grouping{data: &o, out: out}).open(ctx)
}

// openImages opens the data as mere images: one image, a folder, an archive or a list.
func (o dataOptions) openImages() (*dataset.Dataset, error) { return imagesOf(o.options()) }

// openImages does the same with the data at path.
func (o layoutOptions) openImages(path string) (*dataset.Dataset, error) {
	return imagesOf(o.options(path))
}

func imagesOf(options dataset.Options, err error) (*dataset.Dataset, error) {
	if err != nil {
		return nil, err
	}
	options.ImagesOnly = true
	return dataset.Open(options)
}

// readingOptions say how images are read, and what is done with bad ones.
type readingOptions struct {
	bad     string  // policy: "stop" or "skip"
	budget  float64 // largest share of images that may be skipped
	workers int     // images decoded at once; 0: auto
	keep    float64 // GiB of resized pixels kept for the next command; 0: none
}

func (o *readingOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "bad-images", Destination: &o.bad, Value: "stop",
			Usage: "`POLICY` for images that cannot be read: stop or skip; images of a list that are not there are left out with --fix"},
		&cli.Float64Flag{Name: "bad-budget", Destination: &o.budget, Value: 0.01,
			Usage: "largest `SHARE` of the images that may be skipped, never rounded up"},
		workersFlag(&o.workers),
		&cli.Float64Flag{Name: "pixel-cache", Destination: &o.keep, Value: 2, EnvVars: []string{"TFPAIR_PIXEL_CACHE"},
			Usage: "keep up to `GIB` of resized pictures in your cache folder, so that the next command need not decode them; 0 keeps none"})
}

// workersFlag is the flag of how many images are decoded at once.
func workersFlag(to *int) cli.Flag {
	return autoFlag{&cli.IntFlag{Name: "workers", Destination: to, DefaultText: auto,
		Usage: "decode `N` images at once; auto: as many as the network needs, and one per core at most"}}
}

func (o readingOptions) validate() error {
	switch {
	case o.bad != "stop" && o.bad != "skip":
		return usagef("--bad-images must be stop or skip, got %q", o.bad)
	case o.bad == "skip" && !(o.budget > 0 && o.budget <= 1):
		return usagef("--bad-budget must be a share above 0 and up to 1, got %g", o.budget)
	case o.workers < 0:
		return usagef("--workers must be 0 or more, got %d", o.workers)
	case !(o.keep >= 0 && o.keep <= maxKeep):
		return usagef("--pixel-cache must be 0 to %d GiB, got %g", maxKeep, o.keep)
	}
	return nil
}

// skip returns the share of images that may be bad.
func (o readingOptions) skip() float64 {
	if o.bad == "skip" {
		return o.budget
	}
	return 0
}

// maxKeep is above any disk, in GiB.
const maxKeep = 1 << 20

func (o readingOptions) store() pipeline.StoreOptions {
	return pipeline.StoreOptions{Workers: o.workers, Kept: o.kept()}
}

// kept says where resized pictures are kept, nil where none are.
func (o readingOptions) kept() *kept.Options {
	folder, err := os.UserCacheDir()
	if o.keep == 0 || err != nil { // no home, as for a service
		return nil
	}
	return &kept.Options{Folder: filepath.Join(folder, "tfpair", "pixels"), MaxBytes: int64(o.keep * (1 << 30)), Now: time.Now}
}

// with returns how a model reads images, with its progress shown.
func (o readingOptions) with(progress func(done, total int)) inference.Reading {
	return inference.Reading{Store: o.store(), SkipBad: o.skip(), Progress: progress}
}

// machineOptions say where graphs run.
type machineOptions struct {
	device  string // "auto", "cpu" or "gpu"
	threads int    // of one operation; 0: one per core
}

func (o *machineOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "device", Destination: &o.device, Value: "auto",
			Usage: "`DEVICE` that computes: auto, cpu or gpu; gpu is untested"},
		&cli.IntFlag{Name: "threads", Destination: &o.threads, DefaultText: "one per core",
			Usage: "use `N` threads in one operation"})
}

func (o machineOptions) validate() error {
	switch session.Device(o.device) {
	case session.Auto, session.CPU, session.GPU:
	default:
		return usagef("--device must be auto, cpu or gpu, got %q", o.device)
	}
	if o.threads < 0 {
		return usagef("--threads must be 0 or more, got %d", o.threads)
	}
	return nil
}

func (o machineOptions) session() session.Options {
	return session.Options{Device: session.Device(o.device), Threads: o.threads}
}

// given is a flag and its value.
type given struct{ flag, value string }

// require refuses a command line that lacks one of the flags.
func require(command string, flags ...given) error {
	var names, missing []string
	for _, f := range flags {
		names = append(names, f.flag)
		if f.value == "" {
			missing = append(missing, f.flag)
		}
	}
	all := fmt.Sprintf("%s needs --%s", command, strings.Join(names, " and --"))
	switch len(missing) {
	case 0:
		return nil
	case len(names):
		return usagef("%s", all)
	}
	return usagef("%s; not given: --%s", all, strings.Join(missing, " and --"))
}

// count returns "1 image", "2 classes", "1,234 queries".
func count(n int, noun string) string { return commas(n) + " " + plural.Noun(n, noun) }

// commas writes n with a comma between thousands.
func commas(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", commas(n/1000), n%1000)
}

// Command bench measures tfpair side by side with Keras and PyTorch, on one machine, in one run:
//
//	go -C bench run . COMMAND        from the root of the repository
//	go -C bench run . all            what has peers, one command after another, and the tables of it
//	go -C bench run . table          what the stored results say; -write: into docs/speed.md
//	go -C bench run . compare A B    two folders of results
//
// README.md says what each command answers, what it needs and how long it takes. The peers are
// Python programs in peers. Their pinned packages are installed, once, into virtual environments
// in the user's cache. Finished rows are kept in results and skipped when the command is given
// again; -again measures them anew. Nothing else should run meanwhile.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

// options are what a person may choose; paths are relative to the folder bench.
type options struct {
	data     string // folder that holds mnist, omniglot and grocery
	python   string // the interpreter that virtual environments are made with
	results  string // folder of results
	again    bool   // measure finished rows anew
	peers    []string
	rows     []string
	seeds    int           // of row program1
	collapse int           // seeds of row collapse
	set      []string      // settings of tfpair's side of row contrastive
	steps    int           // of command memory
	photos   int           // of command photos
	load     time.Duration // of rows photos, overload and steady of command serve
	cores    int           // of command inference; 0: all
	runs     string        // of command int8: folder of its trainings; "": none are kept
	write    bool          // of command table
	out      io.Writer
	versions map[string]string // of what takes part, as far as it is known

	programs // built when a command starts
}

// command is one thing to measure.
type command struct {
	name  string
	brief string
	data  []string // folders of -data that it reads
	runs  []string // programs that it starts, besides the peers
	run   func(context.Context, options) error
}

var commands = []command{
	{"siamese", "accuracy, collapse and wall time of program 1 on mnist-small",
		[]string{"mnist"}, []string{"tfpair"}, siamese},
	{"step", "time of one training step of programs 1 and 2, and from process start to the first",
		nil, []string{"stepper"}, step},
	{"resnet", "the same of ResNet50, 8 images of 224×224, and its resident memory",
		nil, []string{"stepper"}, resNet},
	{"extract", "time of the features of 32 images by EfficientNet-Lite0",
		nil, []string{"stepper"}, extract},
	{"memory", "resident memory over 10,000 steps, and of batches of 1,024 photos",
		[]string{"mnist", "grocery"}, []string{"tfpair"}, memory},
	{"tuples", "all tuples of a batch against pairs: time to Keras' AUC, program 2",
		[]string{"mnist"}, []string{"tfpair"}, tuples},
	{"omniglot", "20-way one-shot error on Lake's runs",
		[]string{"omniglot"}, []string{"tfpair"}, omniglot},
	{"losses", "every loss with nine settings, on groceries of other classes; writes docs/losses.md",
		[]string{"grocery"}, []string{"tfpair"}, losses},
	{"grocery", "search among grocery classes never trained on",
		[]string{"grocery"}, []string{"tfpair"}, grocery},
	{"labels", "photos of groceries among product pictures, by pretrained weights",
		[]string{"grocery"}, []string{"tfpair"}, labels},
	{"finetune", "the same with half of the backbone trained within an hour",
		[]string{"grocery"}, []string{"tfpair"}, finetune},
	{"hausdorff", "error of the baseline of Omniglot's one-shot runs",
		[]string{"omniglot"}, nil, hausdorff},
	{"service", "an exported model under the load of a Go service",
		[]string{"mnist"}, []string{"tfpair", "embedder"}, service},
	{"serve", "tfpair serve under load, told to stop, with new versions and hostile bodies",
		[]string{"mnist", "grocery"}, []string{"tfpair", "embedder"}, serving},
	{"export", "an exported model in Go, Python and tfgo: first embedding, AUC",
		[]string{"mnist"}, []string{"tfpair", "embedder", "tfgo"}, exported},
	{"cache", "an epoch of a frozen tower, with the feature cache against one without",
		[]string{"grocery"}, []string{"tfpair"}, cache},
	{"thresholds", "a promised rate of false accepts, on other images than it was chosen on",
		[]string{"mnist", "grocery"}, []string{"tfpair"}, thresholds},
	{"openset", "a promised share of accepted strangers, on strangers of other classes",
		[]string{"mnist", "omniglot", "grocery"}, []string{"tfpair"}, openset},
	{"next", "what the command measures that a training prints, on data without splits",
		[]string{"grocery"}, []string{"tfpair"}, next},
	{"copies", "copies of trained photos that an evaluation leaves out or names",
		[]string{"grocery"}, []string{"tfpair"}, trainedCopies},
	{"duplicates", "altered copies of photos that are found, beside the package imagehash",
		[]string{"grocery"}, nil, duplicates},
	{"leaks", "what tfpair check names of copies across splits, of wrong labels and of inverted pairs",
		[]string{"grocery"}, []string{"tfpair"}, leaks},
	{"photos", "time and memory of duplicates and check for 100,000 generated photos, and once more",
		nil, []string{"tfpair"}, photos},
	{"rows", "first step and memory of trainings on lists of a million rows, and on 200,000 and 1,000,000 pictures",
		nil, []string{"tfpair"}, rows},
	{"workers", "steps of two workers on a core each, beside one of them alone, and one process on both",
		nil, []string{"tfpair"}, twoWorkers},
	{"asking", "300 answers that tfpair label asks for, against 300 about random pairs",
		[]string{"grocery"}, []string{"tfpair"}, asking},
	{"report", "how soon Chromium opens the page of 2,485 photos",
		[]string{"grocery"}, []string{"tfpair"}, opening},
	{"recipe", "what tfpair train comes to where data and weights alone are named",
		[]string{"mnist", "omniglot", "grocery"}, []string{"tfpair"}, recipes},
	{"inference", "exported networks as float32 and int8 beside OpenVINO, ONNX Runtime, Keras and PyTorch",
		nil, []string{"tfpair", "stepper"}, inference},
	{"layers", "where int8 ResNet50 spends its time, beside OpenVINO",
		nil, []string{"tfpair", "stepper"}, layers},
	{"int8", "what int8 costs trained networks on test",
		[]string{"mnist", "omniglot", "grocery"}, []string{"tfpair"}, int8Quality},
	{"decode", "JPEG files to a network's size beside Go's decoder, Pillow and simplejpeg",
		[]string{"grocery"}, []string{"stepper"}, decoding},
	{"index", "search in an index beside FAISS, additions, searches beside these, and a migration",
		[]string{"grocery", "omniglot"}, []string{"tfpair"}, indexes},
	{"vote", "photos of groceries that a vote of the nearest names right",
		[]string{"grocery"}, []string{"tfpair"}, vote},
	{"embed", "tfpair embed beside its parts, decoding and network, each alone",
		[]string{"mnist", "grocery"}, []string{"tfpair", "embedder"}, embed},
	{"second", "the first step of a training on photos that another one has seen",
		[]string{"grocery"}, []string{"tfpair"}, second},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var name string
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	if name == "compare" && len(args) == 2 {
		return compareResults(os.Stdout, args[0], args[1])
	}
	if name == "all" {
		return all(ctx, args)
	}
	o, err := parse(name, args)
	if err != nil {
		return err
	}
	if name == "table" {
		return tables(o)
	}
	c, err := find(name)
	if err != nil {
		return err
	}
	if err := o.checkData(c); err != nil {
		return err
	}
	if err := o.build(ctx, c.runs); err != nil {
		return err
	}
	return c.run(ctx, o)
}

// find returns a command. Where there is none, it says which there are.
func find(name string) (command, error) {
	i := slices.IndexFunc(commands, func(c command) bool { return c.name == name })
	if i >= 0 {
		return commands[i], nil
	}
	for _, c := range commands {
		fmt.Fprintf(os.Stderr, "  %-11s %s\n", c.name, c.brief)
	}
	for _, c := range [][2]string{{"all", "those that docs/speed.md has, one after another, and its tables"},
		{"table", "the tables of docs/speed.md, of stored results"}, {"compare A B", "what differs by more than a tenth between two folders of results"}} {
		fmt.Fprintf(os.Stderr, "  %-11s %s\n", c[0], c[1])
	}
	return command{}, fmt.Errorf("command %q is none of these: %w", name, flag.ErrHelp)
}

// all runs the commands that the tables show, each as by itself, and prints the tables.
func all(ctx context.Context, args []string) error {
	list := tabled()
	for i, c := range list { // before the first hour
		list[i] = append(c, args...)
		o, err := parse(c[0], list[i][1:])
		if err != nil {
			return err
		}
		known, err := find(c[0])
		if err != nil {
			return err
		}
		if err := o.checkData(known); err != nil {
			return err
		}
	}
	for i, c := range list {
		fmt.Printf("%d of %d: %s\n", i+1, len(list), c[0])
		if err := run(ctx, c); err != nil {
			return err
		}
	}
	return run(ctx, append([]string{"table"}, args...))
}

// parse reads the flags; all commands share them, and each reads those it needs.
func parse(name string, args []string) (options, error) {
	o := options{out: os.Stdout, set: contrastiveSettings, versions: map[string]string{"libtensorflow": libtensorflow.Version}}
	f := flag.NewFlagSet("bench "+name, flag.ContinueOnError)
	f.StringVar(&o.data, "data", os.Getenv("TFPAIR_DATA"),
		"`folder` that holds mnist, omniglot and grocery; default $TFPAIR_DATA")
	f.StringVar(&o.tfpair, "tfpair", "", "the `program` to measure; default built from this checkout")
	f.StringVar(&o.python, "python", "python3", "interpreter that runs the peers")
	f.StringVar(&o.results, "results", "results", "folder of results")
	f.BoolVar(&o.again, "again", false, "measure finished rows anew")
	f.IntVar(&o.seeds, "seeds", 3, "siamese, labels: seeds of row program1 and of the head, from 0")
	f.IntVar(&o.collapse, "collapse-seeds", 20, "siamese: seeds of row collapse, from 0")
	f.IntVar(&o.steps, "steps", 10000, "memory: steps of the training")
	f.IntVar(&o.photos, "photos", 100_000, "photos: how many")
	f.DurationVar(&o.load, "load", time.Minute, "serve: `time` of rows photos, overload and steady")
	f.StringVar(&o.runs, "runs", "", "int8: `folder` of trainings by row, which are kept and gone on with")
	f.BoolVar(&o.write, "write", false, "table: write into docs/speed.md")
	f.IntVar(&o.cores, "cores", 0, "inference, layers: cores that all sides run on; default all. On a busy machine take 1, and look at processor time")
	o.peers, o.rows = []string{"tfpair", "keras"}, rowNames()
	switch name {
	case "step", "resnet":
		o.peers = []string{"tfpair", "keras", "torch"}
	case "serve":
		o.rows = serveUsual
	case "extract":
		o.peers = []string{"tfpair", "torch"}
	case "index":
		o.rows = indexRows
	case "tuples":
		o.rows = tuplesRows
	case "export":
		o.rows = exportRows
	case "recipe":
		o.rows = recipeUsual()
	case "int8":
		o.rows = []string{"mnist", "omniglot", "grocery"}
	case "inference":
		o.peers, o.rows = []string{"tfpair", "openvino", "onnx", "keras", "torch"}, inferenceNames()
	}
	list(f, &o.peers, "peers", "who takes part")
	list(f, &o.rows, "rows", "siamese, tuples, export, int8, inference, recipe, serve, index: what to measure; steady is one more of serve; products at effort good, products at effort best and characters at effort best are of recipe")
	f.Func("set", "siamese: `key=value` of row contrastive, instead of its own; repeatable",
		replaced(&o.set))
	if err := f.Parse(args); err != nil {
		return o, flag.ErrHelp // f has said what and why
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("argument %q: none is expected", f.Arg(0))
	}
	return o, nil
}

// list adds a flag of comma-separated names.
func list(f *flag.FlagSet, to *[]string, name, usage string) {
	usage += fmt.Sprintf(" (`names`, default %s)", strings.Join(*to, ","))
	f.Func(name, usage, func(s string) error {
		*to = strings.Split(s, ",")
		return nil
	})
}

// replaced collects values, of which the first replaces what to held.
func replaced(to *[]string) func(string) error {
	var given []string
	return func(s string) error {
		given = append(given, s)
		*to = given
		return nil
	}
}

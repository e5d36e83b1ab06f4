package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/venv"
)

const (
	nextDraws    = 5   // of noise, and of what is kept of photos for test
	noiseClasses = 10  // of a folder, or label images of a list
	noiseImages  = 600 // of a folder or a list of photos; of a list of pairs twice as many
)

// noiseSettings are a network that learns noise by heart in some seconds.
var noiseSettings = []string{"input.size=16", "backbone={smallconv: {filters: [16, 32], dense: 64}}", "train.batch_size=30",
	"train.steps=150", "train.eval_every=50"}

// smallHeadSettings are those of command labels, on smaller pictures.
var smallHeadSettings = append([]string{"input.size=128"}, headSettings...)

// printed is what the command measures that a training prints.
type printed struct {
	Command string    `json:"command"`
	Test    measured  `json:"test"`
	Right   float64   `json:"right,omitempty"` // what it is in truth, of noise
	Own     *measured `json:"own,omitempty"`   // of the list of test photos
}

// nextRow is a kind of data without splits.
type nextRow struct {
	name, metric string
	right        float64                               // 0: what the list of test photos says
	write        func(r *rand.Rand, work string) error // the data
	train        []string
	settings     []string
	own          []string // an evaluation to compare with
}

// next measures what the command that a training prints comes to, on data without splits: of random pixels in random
// classes, and of photos that have a test list of their own.
func next(ctx context.Context, o options) error {
	r, err := openResults(o, "next")
	if err != nil {
		return err
	}
	weights, err := fetchWeights(ctx, o)
	if err != nil {
		return err
	}
	l := labelBench{folder: o.grocery()}
	for _, n := range []nextRow{
		{"noise folder", "auc", 0.5, noiseFolder, []string{"--data", "noise", "--preset", "siamese"},
			[]string{"loss=contrastive", "sampler={balanced: {images_per_class: 5}}"}, nil},
		{"noise pairs", "auc", 0.5, noisePairs, []string{"--data", "pairs.csv", "--images", "noise", "--preset", "siamese"},
			[]string{"loss=contrastive"}, nil},
		{"noise photos", "recall@1", 1. / noiseClasses, noisePhotos, []string{"--data", "photos.csv", "--images", "noise", "--preset", "image-label",
			"--weights", "none"}, []string{"loss=infonce", "target.side=shared"}, nil},
		{"grocery photos", "recall@1", 0, func(*rand.Rand, string) error { return nil },
			[]string{"--data", l.list("train"), "--preset", "image-label", "--weights", weights}, smallHeadSettings,
			[]string{"--data", l.list("test")}},
	} {
		if n.right > 0 {
			n.settings = slices.Concat(noiseSettings, n.settings)
		}
		var list []printed
		for draw := range nextDraws {
			x, err := row(o, r, fmt.Sprintf("%s/%d", n.name, draw), func() (printed, error) { return n.measure(ctx, o, draw) })
			if err != nil {
				return err
			}
			list = append(list, x)
		}
		n.say(o, list)
	}
	return nil
}

// say prints how the numbers of all draws are to what they should be.
func (n nextRow) say(o options, list []printed) {
	var values, own []float64
	holds := 0
	for _, x := range list {
		values = append(values, x.Test.Value)
		if x.Own != nil {
			own = append(own, x.Own.Value)
		}
		if x.Test.Interval.Low <= x.Right && x.Right <= x.Test.Interval.High {
			holds++
		}
	}
	q := spread(values)
	fmt.Fprintf(o.out, "%s: %s %.3f (%.3f to %.3f of %d)", n.name, n.metric, mean(values), q.Low, q.High, len(values))
	if n.right > 0 {
		fmt.Fprintf(o.out, "; %.1f is in %d of %d intervals\n", n.right, holds, len(list))
		return
	}
	fmt.Fprintf(o.out, "; the list of test photos %.3f, %+.1f points\n", mean(own), 100*(mean(values)-mean(own)))
}

var nextLine = regexp.MustCompile(`(?m)^next: (tfpair evaluate .*)$`)

// measure trains, and runs what is printed, as it is printed, in a shell.
func (n nextRow) measure(ctx context.Context, o options, draw int) (x printed, err error) {
	work, err := os.MkdirTemp("", "tfpair-next-")
	if err != nil {
		return x, err
	}
	defer os.RemoveAll(work)
	if err := n.write(rand.New(rand.NewPCG(uint64(draw), 0x6e657874)), work); err != nil { // "next"
		return x, err
	}
	argv := slices.Concat([]string{"train", "--out", "run", "--set", fmt.Sprintf("train.seed=%d", draw)}, n.train)
	for _, s := range n.settings {
		argv = append(argv, "--set", s)
	}
	cmd := exec.CommandContext(ctx, o.tfpair, argv...)
	var said bytes.Buffer
	cmd.Dir, cmd.Stderr = work, &said
	if err := cmd.Run(); err != nil {
		return x, fmt.Errorf("tfpair train: %w\n%s", err, venv.Tail(said.String()))
	}
	line := nextLine.FindStringSubmatch(said.String())
	if line == nil {
		return x, fmt.Errorf("tfpair train names no evaluation:\n%s", venv.Tail(said.String()))
	}
	x = printed{Command: strings.ReplaceAll(line[1], o.data, "DATA"), Right: n.right}
	script := `tfpair() { "$PROGRAM" "$@"; }; cd "$WORK" && ` + line[1] + " --json"
	if x.Test, err = n.evaluate(ctx, "env", "PROGRAM="+o.tfpair, "WORK="+work, "bash", "-c", script); err != nil || n.own == nil {
		return x, err
	}
	own, err := n.evaluate(ctx, slices.Concat([]string{o.tfpair, "evaluate", "--json", "--model", filepath.Join(work, "run")}, n.own)...)
	x.Own = &own
	return x, err
}

func (n nextRow) evaluate(ctx context.Context, argv ...string) (measured, error) {
	var r report
	if _, err := complete(ctx, "tfpair evaluate", argv, &r); err != nil {
		return measured{}, err
	}
	return r.find(n.metric)
}

// noiseFolder writes class folders of noise.
func noiseFolder(r *rand.Rand, work string) error {
	for i := range noiseImages {
		if err := noise(r, filepath.Join(work, "noise", fmt.Sprint("class", i%noiseClasses), fmt.Sprint(i, ".png"))); err != nil {
			return err
		}
	}
	return nil
}

// noisePairs writes a list of pairs of images of their own, same and different in turn.
func noisePairs(r *rand.Rand, work string) error {
	list := "left,right,same\n"
	for i := range 2 * noiseImages {
		if err := noise(r, filepath.Join(work, "noise", fmt.Sprint(i, ".png"))); err != nil {
			return err
		}
		if i%2 == 1 {
			list += fmt.Sprintf("%d.png,%d.png,%d\n", i-1, i, i/2%2)
		}
	}
	return os.WriteFile(filepath.Join(work, "pairs.csv"), []byte(list), 0o600)
}

// noisePhotos writes a list of photos and of label images.
func noisePhotos(r *rand.Rand, work string) error {
	list := "image,label_image\n"
	for i := range noiseImages {
		label := fmt.Sprint("label", i%noiseClasses, ".png")
		if i < noiseClasses {
			if err := noise(r, filepath.Join(work, "noise", label)); err != nil {
				return err
			}
		}
		if err := noise(r, filepath.Join(work, "noise", fmt.Sprint(i, ".png"))); err != nil {
			return err
		}
		list += fmt.Sprintf("%d.png,%s\n", i, label)
	}
	return os.WriteFile(filepath.Join(work, "photos.csv"), []byte(list), 0o600)
}

// noise writes a picture of random pixels.
func noise(r *rand.Rand, path string) error {
	img := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	for i := range img.Pix {
		if img.Pix[i] = uint8(r.IntN(256)); i%4 == 3 {
			img.Pix[i] = 255 // opaque
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}

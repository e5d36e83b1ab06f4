package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tfpair/tfpair/runner/metric"
)

// firstStarts is how often each side is started, in turns, after one start that does not count.
const firstStarts = 7

// firsts are seconds from process start to the first embedding of a picture in a file.
type firsts struct {
	TFPair     []float64 `json:"tfpair"`
	TensorFlow []float64 `json:"tensorflow"`
	Ratio      quantiles `json:"ratio"` // of tfpair to TensorFlow, start by start
}

// equality is the AUC on the test pairs of one trained network, through each of its readers.
type equality struct {
	Run        float64 `json:"run"`   // tfpair evaluate, on the run
	Model      float64 `json:"model"` // and on the export of it
	TensorFlow float64 `json:"tensorflow"`
	TFGo       float64 `json:"tfgo"`
}

// exportRows are what command export can measure.
var exportRows = []string{"first", "auc"}

// exported measures what program 1 trained on mnist-small and exported is to others.
func exported(ctx context.Context, o options) error {
	r, err := openResults(o, "export")
	if err != nil {
		return err
	}
	if slices.Contains(o.rows, "first") {
		f, err := row(o, r, "first", func() (firsts, error) {
			return withFolder(func(folder string) (firsts, error) { return firstsOf(ctx, o, folder) })
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(o.out, "first embedding after %.2f s, in Python after %.2f s: %.3f of it (%.3f to %.3f in %d starts)\n",
			spread(f.TFPair).Median, spread(f.TensorFlow).Median, f.Ratio.Median, f.Ratio.Low, f.Ratio.High, firstStarts)
	}
	if !slices.Contains(o.rows, "auc") {
		return nil
	}
	e, err := row(o, r, "auc", func() (equality, error) {
		return withFolder(func(folder string) (equality, error) { return equalityOf(ctx, o, folder) })
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "AUC of the run %.7f, of the model %.7f, in Python %.7f, through tfgo %.7f\n",
		e.Run, e.Model, e.TensorFlow, e.TFGo)
	return nil
}

// withFolder calls f with a folder that is removed afterwards.
func withFolder[T any](f func(folder string) (T, error)) (T, error) {
	folder, err := os.MkdirTemp("", "tfpair-bench-")
	if err != nil {
		var none T
		return none, err
	}
	defer os.RemoveAll(folder)
	return f(folder)
}

func firstsOf(ctx context.Context, o options, folder string) (f firsts, err error) {
	model, err := export(ctx, o, folder)
	if err != nil {
		return f, err
	}
	python, err := tensorflow(ctx, o)
	if err != nil {
		return f, err
	}
	picture := filepath.Join(folder, "picture.jpg")
	if err := drawPicture(picture); err != nil {
		return f, err
	}
	version := filepath.Join(model, "1")
	var ratios []float64
	for i := range firstStarts + 1 {
		ours, err := first(ctx, "embedder", []string{o.embedder, "first", model, picture})
		if err != nil {
			return f, err
		}
		theirs, err := first(ctx, "TensorFlow", slices.Concat(python, []string{"first", version, picture}))
		if err != nil {
			return f, err
		}
		if i > 0 {
			f.TFPair, f.TensorFlow = append(f.TFPair, ours), append(f.TensorFlow, theirs)
			ratios = append(ratios, ours/theirs)
		}
	}
	f.Ratio = spread(ratios)
	return f, nil
}

// tensorflow returns the command line of peers/tensorflow_export.py.
func tensorflow(ctx context.Context, o options) ([]string, error) {
	interpreter, err := environment(ctx, o, "keras")
	if err != nil {
		return nil, fmt.Errorf("install TensorFlow: %w", err)
	}
	return []string{interpreter, filepath.Join("peers", "tensorflow_export.py")}, nil
}

// first returns the seconds until argv prints its event "summary".
func first(ctx context.Context, name string, argv []string) (float64, error) {
	time.Sleep(pause)
	c, err := start(ctx, name, argv)
	if err != nil {
		return 0, err
	}
	if err := c.await("summary", &line{}); err != nil {
		return 0, err
	}
	seconds := time.Since(c.began).Seconds()
	return seconds, c.end()
}

// drawPicture writes a JPEG file of 256 pixels, of noise.
func drawPicture(path string) error {
	r := rand.New(rand.NewPCG(0, 0))
	img := image.NewGray(image.Rect(0, 0, 256, 256))
	for i := range img.Pix {
		img.Pix[i] = uint8(r.UintN(256))
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(jpeg.Encode(f, img, nil), f.Close())
}

func equalityOf(ctx context.Context, o options, folder string) (e equality, err error) {
	run, model := filepath.Join(folder, "run"), filepath.Join(folder, "model")
	if _, err := complete(ctx, "tfpair train", siameseArguments(o, run), &line{}); err != nil {
		return e, err
	}
	if _, err := complete(ctx, "tfpair export",
		[]string{o.tfpair, "export", "--json", "--run", run, "--out", model}, &line{}); err != nil {
		return e, err
	}
	if e.Run, err = evaluatedAUC(ctx, o, run); err != nil {
		return e, err
	}
	if e.Model, err = evaluatedAUC(ctx, o, model); err != nil {
		return e, err
	}
	version := filepath.Join(model, "1")
	files, same, err := writePixels(o, version, folder)
	if err != nil {
		return e, err
	}
	python, err := tensorflow(ctx, o)
	if err != nil {
		return e, err
	}
	pairs := append([]string{version}, files...)
	e.TensorFlow, err = comparedAUC(ctx, slices.Concat(python, []string{"pairs"}, pairs), same)
	if err != nil {
		return e, err
	}
	e.TFGo, err = comparedAUC(ctx, append([]string{o.tfgo}, pairs...), same)
	return e, err
}

// evaluatedAUC is what tfpair says of a run or a model on the test pairs.
func evaluatedAUC(ctx context.Context, o options, model string) (float64, error) {
	var r report
	_, err := complete(ctx, "tfpair evaluate", []string{o.tfpair, "evaluate", "--json", "--model", model,
		"--data", testPairs(o), "--images", archive(o)}, &r)
	if err != nil {
		return 0, err
	}
	m, err := r.find("auc")
	return m.Value, err
}

// comparedAUC is the AUC of the distances that argv prints, one object for each pair.
func comparedAUC(ctx context.Context, argv []string, same []bool) (float64, error) {
	c, err := start(ctx, filepath.Base(argv[0]), argv)
	if err != nil {
		return 0, err
	}
	var distances []float32
	for c.out.Scan() {
		var pair struct{ Distance *float32 }
		if json.Unmarshal(c.out.Bytes(), &pair) == nil && pair.Distance != nil {
			distances = append(distances, *pair.Distance)
		}
	}
	if err := c.end(); err != nil {
		return 0, err
	}
	if len(distances) != len(same) {
		return 0, fmt.Errorf("%s gives %d distances for %d pairs", c.name, len(distances), len(same))
	}
	s, err := metric.Score(distances, same, nil)
	if err != nil {
		return 0, err
	}
	return metric.AUC(s.Curve()), nil
}

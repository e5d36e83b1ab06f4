// Package spec holds the Spec: what a model is and how it is trained.
//
//	preset ← spec file ← --set key=value → Spec → (owners fill in defaults) → stored spec
//
// It is strict to the last key, but it does not know what the sections mean: the
// options of a backbone, a loss and so on are decoded by the package that owns them.
package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/internal/named"
)

// Spec describes a model and its training.
type Spec struct {
	Topology  string        `yaml:"topology"`         // shape of the graph: siamese, triplet, feature
	Input     Input         `yaml:"input"`            // what the network sees
	Backbone  named.Choice  `yaml:"backbone"`         // images → features
	Head      named.Choice  `yaml:"head"`             // features → embedding
	Embed     Embed         `yaml:"embed,omitempty"`  // of what the embedding of an image is made
	Distance  named.Choice  `yaml:"distance"`         // how far apart two embeddings are
	Miner     named.Choice  `yaml:"miner"`            // which triplets of a batch count
	Loss      named.Choice  `yaml:"loss"`             // what training makes small
	Optimizer named.Choice  `yaml:"optimizer"`        // how
	Schedule  named.Choice  `yaml:"schedule"`         // of the learning rate
	Sampler   named.Choice  `yaml:"sampler"`          // which images and tuples form a batch
	Augment   named.Choices `yaml:"augment"`          // how training images are changed at random
	Target    Target        `yaml:"target,omitempty"` // of topology feature alone
	Cache     Cache         `yaml:"cache,omitempty"`  // of backbones with a frozen part
	Train     Train         `yaml:"train"`
}

// Input says how images become pixels of the network's size.
type Input struct {
	Size   int    `yaml:"size"`   // side of the square, in pixels; 1 to 4096
	Resize string `yaml:"resize"` // squash, crop or pad
	Filter string `yaml:"filter"` // linear, lanczos, …: see package resize
}

// Embed says of what the embedding of an image is made.
type Embed struct {
	Views string `yaml:"views"` // Flip: of the image and its mirror image; "" or NoViews: of the image as it is
}

// What Embed.Views may be.
const (
	NoViews = "none"
	Flip    = "flip"
)

// Target says how label images become the targets of photos.
type Target struct {
	Side    string `yaml:"side"`    // FrozenTargets or SharedTargets
	Resize  string `yaml:"resize"`  // squash, crop or pad label images; "" as input.resize
	Augment bool   `yaml:"augment"` // label images are changed at random, too
}

// What embeds label images.
const (
	FrozenTargets = "frozen" // the network as it is before the first step, once
	SharedTargets = "shared" // the network in training, in each step
)

// LabelImages reports whether the labels of s, a spec with its defaults filled in, are images.
func (s *Spec) LabelImages() bool { return s.Target.Side != "" }

// Cache says whether what the frozen part of a backbone makes of images is kept.
type Cache struct {
	Type  string `yaml:"type"`  // Float16, Float32 or Off
	Views int    `yaml:"views"` // draws of each training image that are kept, where images are augmented; 0: nothing is, then
}

// What Cache.Type may be: how numbers are kept, or not at all.
const (
	Float16 = "float16"
	Float32 = "float32"
	Off     = "off"
)

// maxViews is more draws of an image than a training has epochs of use for.
const maxViews = 10_000

// Train says how long and on what a model is trained.
type Train struct {
	BatchSize   int       `yaml:"batch_size"`            // pairs, triplets or photos, or images for balanced samplers; > 0
	Steps       int       `yaml:"steps"`                 // updates in all; 0: the network is evaluated and saved as it starts
	Seed        int64     `yaml:"seed"`                  // of starting values, splits and batches; >= 0
	Val         float64   `yaml:"val"`                   // share held out for validation where the data names no such split; in (0,1)
	Test        float64   `yaml:"test"`                  // share kept for test where the data names no such split; in [0,1), 0: none
	Folds       int       `yaml:"folds,omitempty"`       // trainings that each hold out a fold, before one on all of it; 0: one training with val
	Fold        int       `yaml:"fold,omitempty"`        // the fold that this training holds out, 1 to folds; 0: all folds, then all of the data
	Unseen      bool      `yaml:"unseen_classes"`        // splits hold out whole classes: those of val and test are never trained on
	EvalEvery   int       `yaml:"eval_every"`            // updates between evaluations on validation; 0 is one epoch
	Threshold   Threshold `yaml:"threshold"`             // how each evaluation chooses the distance up to which two images are the same
	Select      string    `yaml:"select"`                // val.METRIC by which the best checkpoint is chosen
	Patience    int       `yaml:"patience"`              // evaluations without a better one before training stops; 0 is no limit
	Chunk       int       `yaml:"chunk,omitempty"`       // images of a batch that are embedded at once; 0: all
	Accumulate  int       `yaml:"accumulate,omitempty"`  // batches whose gradients make an update; 0 is 1
	Interpolate bool      `yaml:"interpolate,omitempty"` // the model may lie between start and end, where validation says so
	SyncBN      bool      `yaml:"sync_bn,omitempty"`     // batch norm sees the images of all processes of a step
	Precision   string    `yaml:"precision,omitempty"`   // in which the trained part of the backbone computes: float32 or bf16; "" is float32
	EMA         float64   `yaml:"ema"`                   // the model is the moving average of the weights, of which a step keeps this share; 0 is off, < 1
}

// What Train.Precision may be.
const (
	FullPrecision = "float32"
	BF16          = "bf16" // bfloat16: the range of float32, with 8 bits of precision in place of 24
)

// Threshold says by which rule a threshold is chosen on validation. At most one field is set; none
// is the rule of best accuracy.
type Threshold struct {
	Max          string  `yaml:"max,omitempty"`           // accuracy or f1: the threshold at which it is largest
	FalseAccepts float64 `yaml:"false_accepts,omitempty"` // in (0,1): at most this share of different pairs is called same
	FalseRejects float64 `yaml:"false_rejects,omitempty"` // in (0,1): at most this share of same pairs is called different
}

// ruleKey is how an error about a value of a Threshold begins.
var ruleKey = regexp.MustCompile(`^(max|false_accepts|false_rejects): `)

// UnmarshalYAML reads a rule, which takes the place of the one before.
func (t *Threshold) UnmarshalYAML(node *yaml.Node) error {
	type plain Threshold
	var p plain
	if wrong := named.Check(node, &p, "key of train.threshold"); wrong != nil {
		e := wrong[0]
		if ruleKey.MatchString(e.What) {
			e.What = "train.threshold." + e.What
		}
		return fmt.Errorf("line %d: %s", e.Line, e.What)
	}
	if err := node.Decode(&p); err != nil {
		return err
	}
	for i := 0; i+1 < len(node.Content); i += 2 { // 0 would mean what naming no share means
		key := node.Content[i]
		if key.Value == "false_accepts" && p.FalseAccepts == 0 || key.Value == "false_rejects" && p.FalseRejects == 0 {
			return fmt.Errorf("line %d: train.threshold.%s must be a share above 0 and below 1, got %s",
				key.Line, key.Value, node.Content[i+1].Value)
		}
	}
	*t = Threshold(p)
	return nil
}

// bestAccuracy is the rule of trainings that name none.
var bestAccuracy = Threshold{Max: "accuracy"}

// sections are the keys of a Spec that hold a named.Choice.
func (s *Spec) sections() map[string]*named.Choice {
	return map[string]*named.Choice{
		"backbone": &s.Backbone, "head": &s.Head, "distance": &s.Distance, "miner": &s.Miner,
		"loss": &s.Loss, "optimizer": &s.Optimizer, "schedule": &s.Schedule, "sampler": &s.Sampler,
	}
}

// Parse reads a spec file over base, which is not changed: a key that text lacks
// keeps its value. name is the file's, for messages. The result is validated as
// far as this package can.
func Parse(text []byte, name string, base *Spec) (*Spec, error) {
	s := *base
	d := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	switch err := d.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s: empty spec", name)
	case err != nil:
		return nil, locate(err, name)
	}
	if err := d.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: want one YAML document, got more", name)
	}
	var wrong []string
	for _, e := range named.Check(&document, &s, "key") {
		wrong = append(wrong, fmt.Sprintf("%s:%d: %s", name, e.Line, e.What))
	}
	if wrong != nil {
		return nil, errors.New(strings.Join(wrong, "\n"))
	}
	if err := document.Decode(&s); err != nil {
		return nil, locate(err, name)
	}
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &s, nil
}

// Stored reads a spec that was stored whole, by this version or an earlier one. A
// section that did not exist then stands for what was done then.
func Stored(text []byte, name string) (*Spec, error) {
	s, err := Parse(text, name, &Spec{Miner: choose("all"), Cache: Cache{Type: Off},
		Train: Train{Threshold: bestAccuracy}})
	if err == nil && s.Train.Unseen && !NamesTest(text) {
		s.Train.Test = earlierUnseen
	}
	return s, err
}

// earlierUnseen is the share of classes kept for test before there was a key train.test:
// Oh Song et al., 2016, arXiv:1511.06452, section 6, train on the first half of the classes
// and test on the other.
const earlierUnseen = 0.5

// NamesTest tells whether a stored spec has the key train.test, which earlier versions
// did not know.
func NamesTest(text []byte) bool {
	var s struct {
		Train struct{ Test *float64 }
	}
	return yaml.Unmarshal(text, &s) == nil && s.Train.Test != nil
}

// locate turns the YAML library's messages into file:line: what.
func locate(err error, name string) error {
	var te *yaml.TypeError
	if !errors.As(err, &te) {
		line, rest, ok := strings.Cut(strings.TrimPrefix(err.Error(), "yaml: "), ": ")
		if n, isLine := strings.CutPrefix(line, "line "); ok && isLine {
			return fmt.Errorf("%s:%s: %s", name, n, rest)
		}
		return fmt.Errorf("%s: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var messages []string
	for _, m := range te.Errors {
		line, rest, _ := strings.Cut(strings.TrimPrefix(m, "line "), ": ")
		messages = append(messages, fmt.Sprintf("%s:%s: %s", name, line, rest))
	}
	return errors.New(strings.Join(messages, "\n"))
}

const (
	maxBatch = 1 << 16    // more images than one step of any machine takes
	maxFolds = 100        // trainings
	maxSteps = 99_999_999 // names of checkpoints have eight digits
)

// Validate checks what this package knows the range of.
func (s *Spec) Validate() error {
	for _, c := range []struct {
		key  string
		ok   bool
		want string
		got  any
	}{
		{"topology", s.Topology != "", "a name", strconv.Quote(s.Topology)},
		{"input.size", s.Input.Size >= 1 && s.Input.Size <= 4096, "1 to 4096 pixels", s.Input.Size},
		{"target.side", s.Target.Side == "" || s.Target.Side == FrozenTargets || s.Target.Side == SharedTargets,
			FrozenTargets + " or " + SharedTargets, strconv.Quote(s.Target.Side)},
		{"embed.views", s.Embed.Views == "" || s.Embed.Views == NoViews || s.Embed.Views == Flip,
			NoViews + " or " + Flip, strconv.Quote(s.Embed.Views)},
		{"cache.type", s.Cache.Type == "" || s.Cache.Type == Float16 || s.Cache.Type == Float32 || s.Cache.Type == Off,
			Float16 + ", " + Float32 + " or " + Off, strconv.Quote(s.Cache.Type)},
		{"cache.views", s.Cache.Views >= 0 && s.Cache.Views <= maxViews, fmt.Sprintf("0 to %d", maxViews), s.Cache.Views},
		{"train.batch_size", s.Train.BatchSize >= 1 && s.Train.BatchSize <= maxBatch,
			fmt.Sprintf("1 to %d", maxBatch), s.Train.BatchSize},
		{"train.chunk", s.Train.Chunk >= 0, "0 (all) or images to embed at once", s.Train.Chunk},
		{"train.accumulate", s.Train.Accumulate >= 0 && s.Train.Accumulate <= maxBatch,
			fmt.Sprintf("0 (none) to %d batches", maxBatch), s.Train.Accumulate},
		{"train.accumulate", s.Train.Accumulate < 2 || s.Train.Chunk == 0,
			"0 (none) with train.chunk, which makes exact gradients of a larger batch", s.Train.Accumulate},
		{"train.steps", s.Train.Steps >= 0 && s.Train.Steps <= maxSteps,
			fmt.Sprintf("0 to %d", maxSteps), s.Train.Steps},
		{"train.seed", s.Train.Seed >= 0, "0 or more", s.Train.Seed},
		{"train.ema", s.Train.EMA >= 0 && s.Train.EMA < 1, "0 (off) or a share below 1", s.Train.EMA},
		{"train.precision", s.Train.Precision == "" || s.Train.Precision == FullPrecision || s.Train.Precision == BF16,
			FullPrecision + " or " + BF16, strconv.Quote(s.Train.Precision)},
		{"train.val", s.Train.Val > 0 && s.Train.Val < 1, "a share between 0 and 1", s.Train.Val},
		{"train.test", s.Train.Test >= 0 && s.Train.Val+s.Train.Test < 1,
			fmt.Sprintf("0 (none) or a share that leaves some for training beside train.val %g", s.Train.Val), s.Train.Test},
		{"train.folds", s.Train.Folds == 0 || s.Train.Folds >= 2 && s.Train.Folds <= maxFolds,
			fmt.Sprintf("0 (none) or 2 to %d", maxFolds), s.Train.Folds},
		{"train.fold", s.Train.Fold >= 0 && s.Train.Fold <= s.Train.Folds,
			fmt.Sprintf("0 (all) or 1 to train.folds (%d)", s.Train.Folds), s.Train.Fold},
		{"train.eval_every", s.Train.EvalEvery >= 0, "0 (one epoch) or more updates", s.Train.EvalEvery},
		{"train.patience", s.Train.Patience >= 0, "0 (no limit) or more evaluations", s.Train.Patience},
		{"train.patience", s.Train.Patience == 0 || s.Train.Folds == 0,
			"0 (no limit) with train.folds, whose last training has no validation to stop it", s.Train.Patience},
		{"train.steps", s.Train.Steps > 0 || s.Train.Folds == 0, "1 or more with train.folds", s.Train.Steps},
		{"train.interpolate", !s.Train.Interpolate || s.Train.Folds == 0,
			"false with train.folds, whose last training has no validation to choose by", s.Train.Interpolate},
	} {
		if !c.ok {
			return fmt.Errorf("%s must be %s, got %v", c.key, c.want, c.got)
		}
	}
	for _, key := range sorted(s.sections()) {
		if s.sections()[key].Name == "" {
			return fmt.Errorf("%s must name one, got nothing", key)
		}
	}
	return nil
}

// Marshal returns s as YAML. Equal specs give equal bytes, and Parse reads them back.
func (s *Spec) Marshal() ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := errors.Join(e.Encode(s), e.Close()); err != nil {
		return nil, fmt.Errorf("encode spec: %w", err)
	}
	return b.Bytes(), nil
}

// JSON returns s as a JSON object of the same keys, which Parse reads as well: JSON
// is YAML.
func (s *Spec) JSON() (json.RawMessage, error) {
	text, err := s.Marshal()
	if err != nil {
		return nil, err
	}
	var sections map[string]any
	if err := yaml.Unmarshal(text, &sections); err != nil {
		return nil, fmt.Errorf("encode spec: %w", err)
	}
	return json.Marshal(sections)
}

package train

import (
	"encoding/json"
	"time"

	"github.com/tfpair/tfpair/internal/jsonline"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/trained"
)

// Event is something that happened in a training, told to Config.Observe. All
// but Prepared, Extracted, Folded, Joined, Profiled and most Steps are kept in the run's events.jsonl. Their JSON
// fields are only ever added to.
type Event interface{ event() string }

// Prepared says how many images have been read and resized, before the first step.
type Prepared struct {
	Done  int `json:"done"`
	Total int `json:"total"`
}

// Extracted says how many images the frozen part of the backbone has seen, before the
// first step, where its features are kept.
type Extracted struct {
	Done  int `json:"done"`
	Made  int `json:"made"` // of those done: not kept from before
	Total int `json:"total"`
}

// Started says what is about to be trained on what.
type Started struct {
	Step          int      `json:"step"` // updates done already: above 0 when a run goes on
	Steps         int      `json:"steps"`
	StepsPerEpoch int      `json:"steps_per_epoch"`
	TrainImages   int      `json:"train_images"`
	ValImages     int      `json:"val_images"`
	ValPairs      int      `json:"val_pairs"`
	Folds         int      `json:"folds,omitempty"`    // that train.folds asks for
	Fold          int      `json:"fold,omitempty"`     // that this training holds out; 0: it has no validation of its own
	Networks      int      `json:"networks,omitempty"` // of an ensemble: trained before, it makes no step; 0: it is one network
	Classes       int      `json:"classes"`
	Parameters    int64    `json:"parameters"`
	Devices       []string `json:"devices"`
	Notes         []string `json:"notes,omitempty"`   // what a user should know about the data
	Skipped       []string `json:"skipped,omitempty"` // bad images that are left out
	Data          []string `json:"data,omitempty"`    // Config.Opened

	Pretrained *models.Pretrained `json:"pretrained,omitempty"` // what the backbone started from
}

// Folded says that the training begins, or goes on, that holds out a fold. The events that
// follow are its own.
type Folded struct {
	Fold  int `json:"fold"` // from 1
	Folds int `json:"folds"`
}

// Joined says that the training of a network of an ensemble begins, or goes on. The events that follow are its own; behind
// those of the last network come those of the ensemble, whose Started has Networks.
type Joined struct {
	Member  int    `json:"member"` // from 1
	Members int    `json:"members"`
	Network string `json:"network"` // name of its backbone
}

// Pooled says what all folds together say, each image measured by the network that has not seen
// it. The events that follow are those of the training on all of the data.
type Pooled struct {
	Folds  int             `json:"folds"`
	Scores evaluate.Scores `json:"scores"`
	// Suspects is how many labels the network contradicts that has not learnt from them; they are in
	// RUN/suspects.csv, the most doubtful first.
	Suspects int `json:"suspects"`
}

// Stepped is one update.
type Stepped struct {
	Step            int     `json:"step"`   // updates done, this one included
	Loss            float64 `json:"loss"`   // mean since the last Stepped that was recorded
	Active          float64 `json:"active"` // share of tuples that cost something, likewise
	LearningRate    float64 `json:"learning_rate"`
	ImagesPerSecond float64 `json:"images_per_second"` // since then
	Steps           int     `json:"steps"`
	// ReduceBytes is what this process sends in a step to the others that train with it, or writes to memory that they share, and
	// ReduceSeconds how long it adds up and shares in one, waiting for them included: means since then.
	ReduceBytes   int64   `json:"reduce_bytes,omitempty"`
	ReduceSeconds float64 `json:"reduce_seconds,omitempty"`

	recorded bool // goes into events.jsonl and resets the means
}

// Recorded reports whether the event is one of those kept in events.jsonl, one in ten.
func (s Stepped) Recorded() bool { return s.recorded }

// Evaluated is one look at the validation data.
type Evaluated struct {
	Step   int             `json:"step"`
	Scores evaluate.Scores `json:"scores"`
	Best   bool            `json:"best"` // the best so far by train.select
}

// Saved says where a checkpoint has been written.
type Saved struct {
	Step int    `json:"step"`
	Path string `json:"path"`
}

// Alarmed says that a training goes nowhere, and which knob to turn.
type Alarmed struct {
	Step   int    `json:"step"`
	Reason string `json:"reason"`
	Advice string `json:"advice"`
}

// Interpolated says which of the weights between start and end the model has, where
// train.interpolate asks for that.
type Interpolated struct {
	Step   int    `json:"step"`   // that the model is kept as
	Select string `json:"select"` // of which Tried has the values: train.select
	trained.Interpolated
	Scores *evaluate.Scores `json:"scores,omitempty"` // of the model; nil where none of Tried is better than what was there
}

// Ended is the last event of a training that was not cut off.
type Ended struct {
	Step    int     `json:"step"`
	Reason  string  `json:"reason"` // one of the Ended… constants
	Seconds float64 `json:"seconds"`
}

// Why a training ended.
const (
	EndedBudget      = "budget"      // train.steps updates are done
	EndedPatience    = "patience"    // train.patience evaluations brought nothing better
	EndedTime        = "time"        // Config.MaxTime is used: the same call goes on
	EndedInterrupted = "interrupted" // the context was cancelled
)

func (Prepared) event() string     { return "prepare" }
func (Extracted) event() string    { return "features" }
func (Started) event() string      { return "start" }
func (Folded) event() string       { return "fold" }
func (Joined) event() string       { return "network" }
func (Pooled) event() string       { return "pooled" }
func (Stepped) event() string      { return "step" }
func (Evaluated) event() string    { return "eval" }
func (Saved) event() string        { return "checkpoint" }
func (Alarmed) event() string      { return "alarm" }
func (Interpolated) event() string { return "interpolate" }
func (Ended) event() string        { return "end" }

// Encode returns e as one JSON object: its name, the time, then its fields. Numbers that are
// not finite are null.
func Encode(e Event, now time.Time) (json.RawMessage, error) {
	return jsonline.Marshal(e.event(), e, "time", now.UTC().Format(time.RFC3339Nano))
}

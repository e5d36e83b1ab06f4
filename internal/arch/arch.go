// Package arch holds the dependency rules of the project, one row per package; its
// test compares them with what go list says. Arrows go down only:
//
//	cli → runner → models, pipeline, graphs, runner/session → internal
//
// The linter's depguard rules repeat a part of this in the editor.
package arch

// Module is the path of this module.
const Module = "github.com/tfpair/tfpair"

// Binding is the Go binding of TensorFlow and Front its front; both need cgo, and so does
// Binding/op. The other packages below Binding are generated protocol buffers, pure Go.
const (
	Binding = "github.com/galeone/tensorflow/tensorflow/go"
	Front   = "github.com/galeone/tfgo"
)

// Rule says what one package may depend on.
type Rule struct {
	Ours []string // packages of ours it may import; "x/..." is x and all below it
	Door bool     // it may import the binding: it builds graphs, runs them or loads the library
	Pure bool     // it must not depend on cgo packages, however indirectly
	Why  string   // the reason, shown when the rule is broken
}

// Everyone is what every package may import: leaves without dependencies of their own.
var Everyone = []string{"internal/named", "internal/names"}

// Reasons that several rows share.
const (
	leaf    = "it is a leaf"
	noCgo   = "its tests run without TensorFlow"
	noBack  = "rooms of graphs do not know each other; graphs assembles them"
	ownRoom = "it is used below the command line and above the graphs"
)

// Rules has one row for each package, by its path in the module. A package without a
// row fails the test: whoever adds a package says what it may know.
var Rules = map[string]Rule{
	"internal/arch":    {Pure: true, Why: leaf},
	"internal/named":   {Pure: true, Why: leaf},
	"internal/names":   {Pure: true, Why: leaf},
	"internal/half":    {Pure: true, Why: leaf},
	"internal/sample":  {Pure: true, Why: leaf},
	"internal/aside":   {Pure: true, Why: leaf},
	"internal/tensor":  {Pure: true, Why: leaf},
	"internal/sheet":   {Ours: []string{"internal/aside"}, Pure: true, Why: "it knows nothing of what pictures mean"},
	"internal/venv":    {Pure: true, Why: leaf},
	"internal/pip":     {Pure: true, Why: leaf},
	"internal/libhdf5": {Pure: true, Why: "strangers run it before anything is built"},
	"internal/pretrained": {Ours: []string{"internal/aside", "internal/pip"}, Pure: true,
		Why: "it fetches files and does not read them"},
	"internal/libtensorflow": {Ours: []string{"internal/pip"}, Pure: true,
		Why: "strangers run it before anything is built"},
	"internal/libtensorflow/load": {Ours: []string{"internal/libtensorflow"}, Door: true,
		Why: "it is the only package that loads the library"},

	"graphs/variable":  {Door: true, Why: noBack},
	"graphs/layer":     {Ours: []string{"graphs/variable"}, Door: true, Why: noBack},
	"graphs/backbone":  {Ours: []string{"graphs/layer", "graphs/variable"}, Door: true, Why: noBack},
	"graphs/head":      {Ours: []string{"graphs/layer", "graphs/variable"}, Door: true, Why: noBack},
	"graphs/distance":  {Door: true, Why: noBack},
	"graphs/miner":     {Door: true, Why: noBack},
	"graphs/loss":      {Ours: []string{"graphs/layer", "graphs/variable"}, Door: true, Why: noBack},
	"graphs/optimizer": {Ours: []string{"graphs/variable"}, Door: true, Why: noBack},
	"graphs/graphtest": {Ours: []string{"graphs/...", "models/spec"}, Door: true,
		Why: "it runs what graphs builds, for tests, and knows nothing else"},
	"graphs": {Ours: []string{"graphs/...", "models/spec", "internal/..."}, Door: true,
		Why: "it describes a graph and runs nothing"},

	"pipeline":          {Ours: []string{"pipeline/..."}, Pure: true, Why: noCgo},
	"pipeline/dataset":  {Ours: []string{"pipeline/..."}, Pure: true, Why: noCgo},
	"pipeline/decode":   {Pure: true, Why: noCgo},
	"pipeline/features": {Ours: []string{"internal/half"}, Pure: true, Why: noCgo},
	"pipeline/resize":   {Pure: true, Why: noCgo},
	"pipeline/augment":  {Pure: true, Why: noCgo},
	"pipeline/sampler":  {Ours: []string{"pipeline/dataset"}, Pure: true, Why: noCgo},
	"models/spec":       {Pure: true, Why: noCgo},
	"models/checkpoint": {Ours: []string{"internal/tensor"}, Pure: true, Why: noCgo},
	"models/weights":    {Ours: []string{"internal/aside", "internal/half", "internal/tensor"}, Pure: true, Why: noCgo},
	"models/savedmodel": {Pure: true, Why: noCgo},
	"models/vectors":    {Ours: []string{"internal/aside"}, Pure: true, Why: noCgo},
	"models/run": {Ours: []string{"models/checkpoint", "models/spec"}, Pure: true,
		Why: "a run folder is read and written without TensorFlow"},
	"models": {Ours: []string{"models/savedmodel", "models/spec", "runner/session", "runner/index",
		"pipeline/decode", "pipeline/resize", "internal/..."},
		Why: "Go services import it without the code that trains"},

	"runner/session": {Ours: []string{"internal/libtensorflow/load"}, Door: true,
		Why: "it is the only package that opens a session, and knows nothing of what it runs"},
	"runner/metric":      {Pure: true, Why: noCgo},
	"runner/index":       {Ours: []string{"internal/aside"}, Pure: true, Why: noCgo},
	"runner/tensorboard": {Pure: true, Why: noCgo},
	"runner/network": {Ours: []string{"runner/session", "graphs/...", "pipeline/...",
		"models/..."}, Why: ownRoom},
	"runner/evaluate": {Ours: []string{"runner/metric", "pipeline/..."}, Pure: true,
		Why: "it is handed what embeds, and measures; its tests run without TensorFlow"},
	"runner/trained": {Ours: []string{"runner/evaluate", "runner/index", "runner/metric", "runner/network", "runner/session",
		"graphs/...", "pipeline/...", "models/..."}, Why: ownRoom},
	"runner/trained/trainedtest": {Ours: []string{"runner/trained", "runner/evaluate",
		"runner/network", "runner/session", "models/..."}, Why: ownRoom},
	"runner/train": {Ours: []string{"runner/trained", "runner/evaluate", "runner/metric",
		"runner/network", "runner/tensorboard", "runner/session", "graphs/...", "pipeline/...", "models/..."},
		Why: ownRoom},
	"runner/tune": {Ours: []string{"runner/train", "runner/metric", "runner/session", "graphs/...",
		"pipeline/...", "models/..."}, Why: ownRoom},
	"runner/export": {Ours: []string{"runner/trained", "runner/evaluate", "runner/metric",
		"runner/index", "runner/network", "runner/session", "graphs/...", "models/...",
		"pipeline/decode", "pipeline/resize", "internal/aside", "internal/sample"}, Why: ownRoom},
	"runner/serve": {Ours: []string{"models/...", "runner/index", "pipeline/decode",
		"pipeline/resize"}, Why: ownRoom},

	"cli": {Ours: []string{"runner/...", "models/...", "pipeline/...", "graphs/...",
		"internal/..."}, Why: "TensorFlow is behind runner/session and graphs"},
	"cli/tfpair": {Ours: []string{"cli"}, Why: "main only calls cli"},
	"bench": {Ours: []string{"internal/venv", "pipeline/...", "runner/metric"}, Pure: true,
		Why: "the driver runs programs, ours among them"},
	"bench/stepper":  {Ours: []string{"models/spec", "pipeline", "runner/network", "runner/session"}, Why: ownRoom},
	"bench/embedder": {Ours: []string{"models", "pipeline", "pipeline/dataset", "pipeline/decode", "pipeline/resize", "runner/session"}, Why: ownRoom},
	"cli/tfpair-env": {Ours: []string{"internal/libhdf5", "internal/libtensorflow"}, Pure: true,
		Why: "it runs before TensorFlow is there"},
}

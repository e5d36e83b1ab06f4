// Package arch holds the dependency rules of the project, one row per package; its
// test compares them with what go list says. Arrows go down only:
//
//	cli → runner → models → graphs, pipeline → internal
//
// The linter's depguard rules repeat a part of this in the editor. Package bench is a module
// of its own and is not looked at.
package arch

// Module is the path of this module.
const Module = "github.com/tfpair/tfpair"

// Floors are the top-level folders that hold packages, the lowest first. A package imports
// packages of its own floor and of lower ones. Graphs and pipeline do not know each other.
var Floors = [][]string{{"internal"}, {"graphs", "pipeline"}, {"models"}, {"runner"}, {"cli"}}

// UpInTests lists the imports of tests that run up, with the reason of each.
var UpInTests = map[[2]string]string{
	{"graphs/backbone", "models/weights"}:    "the networks are compared with Keras and PyTorch on weights that were imported",
	{"models", "runner/export"}:              "a model is loaded that an export wrote",
	{"models", "runner/trained/trainedtest"}: "and the export needs a run",
}

// Binding is the Go binding of TensorFlow and Front its front; both need cgo, and so does
// Binding/op. The other packages below Binding are generated protocol buffers, pure Go.
const (
	Binding = "github.com/galeone/tensorflow/tensorflow/go"
	Front   = "github.com/galeone/tfgo"
)

// Tag is the build tag of what links TensorFlow. The test looks at builds with it.
const Tag = "tensorflow"

// HDF5 is the second cgo door: a C library that reads Keras' weight files, linked under the
// build tag of the same name.
const (
	HDF5    = "gonum.org/v1/hdf5"
	HDF5Tag = "hdf5"
)

// Rule says what one package may depend on.
type Rule struct {
	Ours []string // packages of ours it may import; "x/..." is x and all below it
	Door bool     // it may import the binding: it builds graphs, runs them or loads the library
	HDF5 bool     // it may import HDF5
	C    bool     // it may hold C of its own
	Pure bool     // it must not depend on cgo packages, however indirectly; HDF5 is allowed
	Why  string   // the reason, shown when the rule is broken
}

// Everyone is what every package may import: leaves without dependencies of their own.
var Everyone = []string{"internal/named", "internal/names", "internal/plural", "internal/regular"}

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
	"internal/arch":     {Pure: true, Why: leaf},
	"internal/named":    {Pure: true, Why: leaf},
	"internal/plural":   {Pure: true, Why: leaf},
	"internal/regular":  {Pure: true, Why: leaf},
	"internal/names":    {Pure: true, Why: leaf},
	"internal/half":     {Pure: true, Why: leaf},
	"internal/int8dot":  {Pure: true, Why: leaf},
	"internal/forest":   {Pure: true, Why: leaf},
	"internal/slots":    {Pure: true, Why: leaf},
	"internal/workers":  {Pure: true, Why: leaf},
	"internal/jsonline": {Pure: true, Why: leaf},
	"internal/sample":   {Ours: []string{"internal/aside"}, Pure: true, Why: "it draws and knows no data set"},
	"internal/aside":    {Pure: true, Why: leaf},
	"internal/tensor":   {Pure: true, Why: leaf},
	"internal/graphdef": {Pure: true, Why: leaf},
	"internal/browser":  {Pure: true, Why: leaf},
	"internal/golden":   {Pure: true, Why: leaf},
	"internal/sheet":    {Ours: []string{"internal/aside"}, Pure: true, Why: "it knows nothing of what pictures mean"},
	"internal/venv":     {Pure: true, Why: leaf},
	"internal/pip":      {Pure: true, Why: leaf},
	"internal/libhdf5":  {Pure: true, Why: "strangers run it before anything is built"},
	"internal/pretrained": {Ours: []string{"internal/aside", "internal/pip"}, Pure: true,
		Why: "it fetches files and does not read them"},
	"internal/matlab":          {Pure: true, Why: leaf},
	"internal/tracer":          {Pure: true, Why: leaf},
	"internal/crash":           {C: true, Pure: true, Why: "how a process ends is known to C alone; it is a leaf"},
	"internal/crash/crashtest": {C: true, Pure: true, Why: "tests of internal/crash cannot hold C"},
	"internal/libtensorflow": {Ours: []string{"internal/aside", "internal/pip"}, Pure: true,
		Why: "strangers run it before anything is built"},
	"internal/libtensorflow/bump": {Ours: []string{"internal/libtensorflow", "internal/pip"}, Pure: true,
		Why: "it looks into a release that is not installed"},
	"internal/libtensorflow/load": {Ours: []string{"internal/libtensorflow"}, Door: true,
		Why: "it is the only package that loads the library"},
	"internal/session": {Ours: []string{"internal/libtensorflow", "internal/libtensorflow/load", "internal/workers"}, Door: true,
		Why: "it is the only package that opens a session, and knows nothing of what it runs"},

	"internal/cluster": {Pure: true, Why: leaf},
	"internal/collective": {Ours: []string{"internal/cluster", "internal/session"}, Door: true,
		Why: "it adds up vectors of several processes, and knows nothing of what they are"},

	"graphs/variable":  {Door: true, Why: noBack},
	"graphs/layer":     {Ours: []string{"graphs/variable"}, Door: true, Why: noBack},
	"graphs/backbone":  {Ours: []string{"graphs/layer", "graphs/variable"}, Door: true, Why: noBack},
	"graphs/head":      {Ours: []string{"graphs/layer", "graphs/variable"}, Door: true, Why: noBack},
	"graphs/distance":  {Ours: []string{"graphs/layer"}, Door: true, Why: noBack},
	"graphs/miner":     {Door: true, Why: noBack},
	"graphs/loss":      {Ours: []string{"graphs/layer", "graphs/variable"}, Door: true, Why: noBack},
	"graphs/optimizer": {Ours: []string{"graphs/variable"}, Door: true, Why: noBack},
	"graphs/spec":      {Pure: true, Why: noCgo},
	"graphs/graphtest": {Ours: []string{"graphs/...", "internal/session"}, Door: true,
		Why: "it runs what graphs builds, for tests, and knows nothing else"},
	"graphs": {Ours: []string{"graphs/...", "internal/..."}, Door: true,
		Why: "it describes a graph and runs nothing"},

	"pipeline":             {Ours: []string{"pipeline/..."}, Pure: true, Why: noCgo},
	"pipeline/rows":        {Pure: true, Why: noCgo},
	"pipeline/dataset":     {Ours: []string{"internal/forest", "internal/matlab", "pipeline/..."}, Pure: true, Why: noCgo},
	"pipeline/decode":      {Pure: true, Why: noCgo},
	"pipeline/decode/heif": {Ours: []string{"pipeline/decode"}, Pure: true, Why: noCgo},
	"pipeline/kept":        {Ours: []string{"internal/aside", "internal/slots", "pipeline/phash"}, Pure: true, Why: noCgo},
	"pipeline/features":    {Ours: []string{"internal/half"}, Pure: true, Why: noCgo},
	"pipeline/resize":      {Pure: true, Why: noCgo},
	"pipeline/thumbnail":   {Pure: true, Why: noCgo},
	"pipeline/look":        {Ours: []string{"internal/workers", "pipeline", "pipeline/dataset", "pipeline/decode", "pipeline/kept", "pipeline/resize"}, Pure: true, Why: noCgo},
	"pipeline/copies": {Ours: []string{"internal/aside", "internal/forest", "internal/regular", "internal/workers", "pipeline/dataset", "pipeline/decode",
		"pipeline/phash"}, Pure: true, Why: noCgo},
	"pipeline/phash":    {Pure: true, Why: noCgo},
	"pipeline/augment":  {Pure: true, Why: noCgo},
	"pipeline/sampler":  {Ours: []string{"pipeline/dataset"}, Pure: true, Why: noCgo},
	"models/checkpoint": {Ours: []string{"internal/aside", "internal/tensor"}, Pure: true, Why: noCgo},
	"models/weights": {Ours: []string{"internal/aside", "internal/half", "internal/tensor", "models/weights/hdf5"},
		Pure: true, Why: noCgo},
	"models/weights/hdf5": {Ours: []string{"internal/tensor"}, HDF5: true, Pure: true,
		Why: "it is the only package that links HDF5"},
	"models/savedmodel":    {Pure: true, Why: noCgo},
	"models/onnx":          {Ours: []string{"internal/graphdef"}, Pure: true, Why: noCgo},
	"models/gate":          {Ours: []string{"models/savedmodel"}, Pure: true, Why: "it judges a model before TensorFlow is there"},
	"models/gate/gatetest": {Pure: true, Why: "it makes models for tests"},
	"models/signature":     {Ours: []string{"internal/aside"}, Pure: true, Why: "it says who made a model before anything else reads it"},
	"models/quantize":      {Ours: []string{"internal/graphdef"}, Pure: true, Why: noCgo},
	"models/distance":      {Pure: true, Why: noCgo},
	"models/drift":         {Pure: true, Why: noCgo},
	"models/index":         {Ours: []string{"internal/aside", "internal/int8dot", "internal/workers", "models/distance"}, Pure: true, Why: noCgo},
	"models/postgres":      {Ours: []string{"models/distance", "models/index"}, Pure: true, Why: noCgo},
	"models/postgres/postgrestest": {Ours: []string{"internal/pip"}, Pure: true,
		Why: "it starts a server for tests, and knows nothing of what is in it"},
	"models/seen":    {Ours: []string{"pipeline/phash"}, Pure: true, Why: noCgo},
	"models/vectors": {Ours: []string{"internal/aside", "models/distance"}, Pure: true, Why: noCgo},
	"models/run": {Ours: []string{"internal/aside", "models/checkpoint", "models/seen", "graphs/spec"}, Pure: true,
		Why: "a run folder is read and written without TensorFlow"},
	"models": {Ours: []string{"models/distance", "models/drift", "models/gate", "models/savedmodel", "models/signature", "models/index", "graphs/spec",
		"pipeline/decode", "pipeline/resize", "pipeline/thumbnail", "internal/..."},
		Why: "Go services import it without the code that trains"},

	"runner/index": {Ours: []string{"models/index"}, Pure: true,
		Why: "it is the former name of models/index"},
	"runner/metric":      {Ours: []string{"internal/forest", "internal/workers", "models/distance"}, Pure: true, Why: noCgo},
	"runner/tensorboard": {Pure: true, Why: noCgo},
	"runner/network": {Ours: []string{"internal/session", "graphs/...", "pipeline/...",
		"models/..."}, Why: ownRoom},
	"runner/check": {Ours: []string{"runner/metric", "internal/forest", "pipeline/..."}, Pure: true, Why: noCgo},
	"runner/recipe": {Ours: []string{"graphs/spec", "models/weights", "pipeline/dataset", "pipeline/decode"}, Pure: true,
		Why: "it chooses from what data is, and measures nothing"},
	"runner/card": {Ours: []string{"runner/evaluate", "runner/metric", "graphs/spec", "models", "models/...", "internal/pretrained"},
		Why: "it writes what the manifest tells, and opens no model"},
	"runner/evaluate": {Ours: []string{"runner/metric", "models/distance", "pipeline/..."}, Pure: true,
		Why: "it is handed what embeds, and measures; its tests run without TensorFlow"},
	"runner/trained": {Ours: []string{"runner/evaluate", "models/index", "runner/metric", "runner/network", "internal/session",
		"graphs/...", "pipeline/...", "models/..."}, Why: ownRoom},
	"runner/trained/trainedtest": {Ours: []string{"runner/trained", "runner/evaluate",
		"runner/network", "graphs/...", "internal/session", "models/..."}, Why: ownRoom},
	"runner/suspects": {Ours: []string{"models/distance", "internal/aside", "internal/sheet", "internal/workers", "pipeline/..."}, Pure: true, Why: noCgo},
	"runner/report": {Ours: []string{"runner/evaluate", "runner/metric", "runner/suspects", "runner/tensorboard", "models/distance", "internal/aside", "internal/sheet", "internal/workers",
		"pipeline/..."},
		Pure: true, Why: "it shows what was measured; its tests run without TensorFlow"},
	"runner/mlflow": {Ours: []string{"internal/aside"}, Pure: true, Why: "it is handed names and numbers, and knows no training"},
	"runner/label": {Ours: []string{"runner/metric", "internal/aside", "internal/forest", "internal/workers"}, Pure: true,
		Why: "it is handed embeddings, and opens no network"},
	"runner/train": {Ours: []string{"runner/check", "runner/suspects", "runner/trained", "runner/evaluate", "runner/metric",
		"runner/network", "runner/tensorboard", "internal/jsonline", "internal/session", "internal/workers", "graphs/...", "pipeline/...", "models/..."},
		Why: ownRoom},
	"runner/tune": {Ours: []string{"runner/train", "runner/metric", "runner/network", "internal/aside", "internal/session",
		"graphs/...", "pipeline/...", "models/..."}, Why: ownRoom},
	"runner/export": {Ours: []string{"runner/trained", "runner/evaluate", "runner/metric",
		"models/index", "runner/card", "runner/network", "internal/session", "graphs/...", "models/...",
		"pipeline/...", "internal/aside", "internal/graphdef", "internal/sample"}, Why: ownRoom},

	"models/modelstest": {Ours: []string{"models", "models/distance", "models/drift", "models/index", "pipeline/resize"},
		Why: "it is a model for tests, and computes by itself"},
	"runner/serve": {Ours: []string{"internal/workers", "models", "models/drift", "models/index", "models/postgres", "pipeline/decode", "pipeline/resize", "pipeline/thumbnail"},
		Why: "it answers with models that it is given, and opens no session"},
	"runner/serve/traces": {Pure: true, Why: "a program that mounts a service links the exporter only where it wants it"},
	"runner/serve/client": {Pure: true, Why: "programs that ask a service need nothing of it"},
	"runner/inference": {Ours: []string{"runner/evaluate", "runner/metric", "runner/network", "runner/trained", "internal/session", "internal/workers",
		"graphs", "graphs/spec", "pipeline/...", "models/..."}, Why: ownRoom},

	"runner/holder": {Ours: []string{"pipeline/phash", "models", "models/..."},
		Why: "it reads what folders say of pictures, and opens no network"},

	"cli": {Ours: []string{"runner/...", "models/...", "pipeline/...", "graphs/...",
		"internal/..."}, Why: "TensorFlow is behind internal/session and graphs"},
	"cli/tfpair": {Ours: []string{"cli"}, Why: "main only calls cli"},
	"cli/faults": {Ours: []string{"internal/libtensorflow", "internal/sample", "internal/tracer", "models", "models/...",
		"pipeline/copies", "pipeline/kept", "pipeline/phash"},
		Why: "it breaks what the commands write, and reads what is left"},
	"cli/stories": {Ours: []string{"internal/sample"}, Pure: true,
		Why: "it runs the program as people do, and knows nothing of it"},
	"cli/tfpair-env": {Ours: []string{"internal/libhdf5", "internal/libtensorflow"}, Pure: true,
		Why: "it runs before TensorFlow is there"},
}

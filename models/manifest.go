package models

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/internal/tensor"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/drift"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// ManifestName is where the manifest lies in the folder of a model.
const ManifestName = savedmodel.ExtraFolder + "/tfpair.json"

// SeenName is where a model that was exported with them keeps the hashes of the images that its
// training has seen.
const SeenName = savedmodel.ExtraFolder + "/seen"

// StrangersName is where such a model keeps embeddings of validation images of classes that its
// network has not learned, as JSON of index.Strangers: they choose thresholds of searches.
const StrangersName = savedmodel.ExtraFolder + "/strangers.json"

// ManifestFormat is the format that this package writes. Fields are only ever added
// to it; a manifest with a higher number is refused.
const ManifestFormat = 1

// maxManifest is the largest manifest that is read, in bytes.
const maxManifest = 64 << 20

// Manifest says what an exported model is, how it was made, how to preprocess for
// it, and how good it is. It is written beside the SavedModel and TensorFlow does
// not read it.
type Manifest struct {
	Format        int             `json:"format"`
	Space         string          `json:"embedding_space"` // see Space
	Spec          json.RawMessage `json:"spec"`            // what the model is and how it was trained, as in a spec file
	Preprocessing Preprocessing   `json:"preprocessing"`
	Form          Form            `json:"form,omitempty"`      // "": Trainable, by a tfpair that knew no other
	Quantized     *Quantized      `json:"quantized,omitempty"` // nil: all layers compute with float32
	EmbeddingDim  int             `json:"embedding_dim"`       // D
	Distance      string          `json:"distance"`            // by which embeddings are compared: "euclidean"
	Threshold     Threshold       `json:"threshold"`
	Probability   *Probability    `json:"probability,omitempty"`   // of "same", by distance; nil: only the graph's, if any
	Curve         *Curve          `json:"curve,omitempty"`         // what other thresholds do; nil: not known
	Metrics       []Metric        `json:"metrics"`                 // on the pairs that the threshold was chosen on, and of searches
	Pairs         int             `json:"pairs"`                   // of these
	Photos        int             `json:"photos,omitempty"`        // of validation, that metrics of searches are of; 0: not known, or none
	Doubts        []string        `json:"doubts,omitempty"`        // why these metrics carry little, half a sentence each
	CalibratedOn  *Data           `json:"calibrated_on,omitempty"` // whose pairs they are; nil: validation
	// NoneAbove is the distance of the nearest label image above which it is no answer;
	// nil where labels are no images.
	NoneAbove *Threshold `json:"none_above,omitempty"`
	Classes   []string   `json:"classes,omitempty"`
	Seen      []string   `json:"seen_classes,omitempty"`    // those trained or validated on
	Aliased   bool       `json:"classes_aliased,omitempty"` // aliases stand for names of classes and for paths
	Data      Data       `json:"data"`
	// Reference is how the pictures of validation look, and where they lie among each other; nil: an earlier
	// version trained the model, or nobody did.
	Reference     *drift.Reference `json:"reference,omitempty"`
	Pretrained    *Pretrained      `json:"pretrained,omitempty"` // what the backbone started from
	Step          int              `json:"step"`                 // updates that made the weights
	Parameters    int64            `json:"parameters"`
	WeightsSHA256 string           `json:"weights_sha256"`
	Tool          string           `json:"tool"`              // "tfpair v1.2.0"
	Runtime       string           `json:"runtime"`           // "TensorFlow 2.21.0"
	Gallery       *Gallery         `json:"gallery,omitempty"` // nil: it carries no images to search
	Probes        []Probe          `json:"probes"`
	Files         map[string]File  `json:"files"`           // all others of the model, by path in its folder
	SHA256        string           `json:"manifest_sha256"` // of this manifest with "" in this place
}

// Form says what the weights are in a model's graph.
type Form string

// The forms. Models of one checkpoint have one embedding space, whatever their form.
const (
	Folded    Form = "folded"    // constants, with batch norm in them: it answers fastest
	Trainable Form = "trainable" // variables, for those who train further in Python
)

// Forms are all of them; the first is that of an export that names none.
var Forms = []Form{Folded, Trainable}

// Quantized says which layers of a model compute with integers, and what that changed on validation.
type Quantized struct {
	Precision  string             `json:"precision"`       // "int8"
	Layers     []string           `json:"layers"`          // that compute with integers
	Float      []string           `json:"float,omitempty"` // that could, and do not
	Method     string             `json:"method"`          // by which ranges of activations were chosen: minmax, percentile or mse
	Images     int                `json:"images"`          // of the training, on which they were observed
	Held       int                `json:"held_out"`        // images on which Cosine, Before and After were measured; 0: an earlier version did not say
	Cosine     float64            `json:"cosine"`          // mean, of embeddings of validation images with those of the float32 model
	FloatSpace string             `json:"float32_space"`   // embedding space of that model
	Before     map[string]float64 `json:"before"`          // metrics of that model, on the pairs of validation
	After      map[string]float64 `json:"after"`           // of this one, at its own threshold
	// Intervals of Before and After, and of After less Before: both networks were asked the same, so the difference is surer than either. All
	// are nil of an earlier version. The cosine has none.
	BeforeIntervals map[string]Interval `json:"before_intervals,omitempty"`
	AfterIntervals  map[string]Interval `json:"after_intervals,omitempty"`
	ChangeIntervals map[string]Interval `json:"change_intervals,omitempty"`
}

// Preprocessing says how a picture becomes the input of the network. Normalisation
// is inside the graph.
type Preprocessing struct {
	resize.Options
	Channels string `json:"channels"` // always "RGB"
	DType    string `json:"dtype"`    // always "uint8", in [0,255]
	Note     string `json:"note"`     // the same for a person
	// Decoder is decode.LibJPEG where plain JPEG files are decoded by libjpeg-turbo, at the smallest of 1/1, 1/2,
	// 1/4 and 1/8 of their size that resize.Resizer.Reduction allows; "": by Go's decoder, in full.
	Decoder string `json:"decoder,omitempty"`
}

// Threshold is the distance up to which two images are called the same.
type Threshold = distance.Threshold

// Probability is how likely two images are the same, by their distance and by the share of
// same among all pairs that are compared.
type Probability = distance.Probability

// Curve is what thresholds from strict to lax decide on pairs.
type Curve = distance.Curve

// Metric is a quality of the model with its confidence interval.
type Metric struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Better string  `json:"better"` // "higher" or "lower"
	Low    float64 `json:"low"`    // of the interval
	High   float64 `json:"high"`
	Level  float64 `json:"level"`  // of the interval: 0.95
	Method string  `json:"method"` // how it was made
	// Question says what else might have been drawn: "new classes"; "" of a tfpair that did not keep it.
	Question string `json:"question,omitempty"`
}

// Interval is where the true value of a metric lies.
type Interval struct {
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Level    float64 `json:"level"`    // share of intervals that hold the true value: 0.95
	Question string  `json:"question"` // what else might have been drawn: "new classes"
	Method   string  `json:"method"`   // how it was made
	Units    int     `json:"units"`    // classes, groups, images, … that were drawn
}

// Data says what the model was trained on.
type Data struct {
	Name        string   `json:"name"`
	Fingerprint string   `json:"fingerprint"`        // of paths, sizes, classes, pairs and groups
	GroupBy     string   `json:"group_by,omitempty"` // "look", or the expression that took groups out of paths; "": the data names them, there are none, or nobody has kept it
	Skipped     []string `json:"skipped,omitempty"`
}

// Pretrained says which file of weights a backbone started from.
type Pretrained struct {
	File   string `json:"file"` // its name, without folders
	SHA256 string `json:"sha256"`
	Format string `json:"format"` // "pytorch"
	Layout string `json:"layout"` // "torchvision"
	// Others are the files of the further networks of a backbone of several, in their order.
	Others []Pretrained `json:"others,omitempty"`
}

// All returns p, without others, and the others.
func (p Pretrained) All() []Pretrained {
	others := p.Others
	p.Others = nil
	return append([]Pretrained{p}, others...)
}

// Uncalibrated reports whether m is of a model that was exported from weights, without training: it
// has no threshold, and calls no images the same.
func (m *Manifest) Uncalibrated() bool { return m.Threshold.Source == "" && m.Threshold.Value < 0 }

// Continued reports whether a backbone started from weights that tfpair wrote, of another training:
// they do not tell what that has seen. It is false of nil.
func (p *Pretrained) Continued() bool {
	return p != nil && slices.ContainsFunc(p.All(), func(one Pretrained) bool { return one.Layout == names.OwnLayout })
}

// Probe is a stored image with the embedding that the training graph gave it.
type Probe struct {
	File      string    `json:"file"`      // PNG of the model's size, by path in the model's folder
	Embedding []float32 `json:"embedding"` // [D]
}

// File is the size and the checksum of a file.
type File struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// WeightsSHA256 returns the checksum, in hexadecimal, of names, shapes and values of
// all weights, whatever their order.
func WeightsSHA256(weights []tensor.Named) string {
	weights = slices.Clone(weights)
	slices.SortFunc(weights, func(a, b tensor.Named) int { return strings.Compare(a.Name, b.Name) })
	h := sha256.New()
	var b []byte
	for _, w := range weights {
		b = fmt.Appendf(b[:0], "%q %v\n", w.Name, w.Shape)
		for _, x := range w.Data {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		h.Write(b) // a hash never returns an error
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Space returns the id of the embedding space of a model: embeddings can be compared
// where their ids are equal. It is made of the tower's weights, of what the graph does
// with them, which sections of the spec say, and of the preprocessing.
func Space(weightsSHA256 string, sections json.RawMessage, p resize.Options) string {
	return sumOf(fmt.Appendf(nil, "%s\n%s\n%s\n", weightsSHA256, sections, p))[:32]
}

// Seal returns m as the bytes of its file, with its checksum.
func (m Manifest) Seal() ([]byte, error) {
	m.SHA256 = ""
	text, err := m.encode()
	if err != nil {
		return nil, err
	}
	return bytes.Replace(text, sealOf(""), sealOf(sumOf(text)), 1), nil
}

// sealOf is the field that holds the checksum, as it is written.
func sealOf(sum string) []byte { return fmt.Appendf(nil, "\n \"manifest_sha256\": %q\n", sum) }

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func (m Manifest) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	return b.Bytes(), nil
}

// ReadManifest returns the manifest of the model in folder, verified against its own
// checksum. Where there is none the error wraps fs.ErrNotExist; others are *CorruptError
// and *NewerError.
func ReadManifest(folder string) (*Manifest, error) {
	text, err := regular.ReadFileIn(folder, ManifestName, maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, &CorruptError{folder, ManifestName, locked}
	}
	if err != nil {
		return nil, &CorruptError{folder, ManifestName, err.Error()}
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, &CorruptError{folder, ManifestName, err.Error()}
	}
	if m.Format > ManifestFormat {
		return nil, &NewerError{Path: folder, Format: m.Format, Tool: m.Tool}
	}
	// By text and not by encoding again: a later version may have added fields.
	if open := bytes.Replace(text, sealOf(m.SHA256), sealOf(""), 1); sumOf(open) != m.SHA256 {
		return nil, &CorruptError{folder, ManifestName, "it is not as it was written"}
	}
	if m.EmbeddingDim < 1 {
		return nil, &CorruptError{folder, ManifestName, fmt.Sprintf("embedding_dim is %d, want at least 1", m.EmbeddingDim)}
	}
	return &m, nil
}

// maxFile is the largest file of a model that is read, in bytes.
const maxFile = 64 << 30

// Sum returns the size and the checksum of the file at path.
func Sum(path string) (File, error) {
	f, _, err := regular.Open(path, maxFile)
	if err != nil {
		return File{}, err
	}
	defer f.Close() // read only
	return sumRead(f)
}

func sumRead(r io.Reader) (File, error) {
	sum, n, err := regular.SHA256(r)
	return File{Size: n, SHA256: sum}, err
}

// verify compares the files in folder with m. The error is a *CorruptError.
func (m *Manifest) verify(folder string) error {
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		if err := m.Files[name].verify(folder, name); err != nil {
			return err
		}
	}
	if g := m.Gallery; g != nil {
		if _, listed := m.Files[g.File]; !listed {
			return &CorruptError{folder, g.File, "it is the gallery and not among the files of the manifest"}
		}
	}
	return nil
}

// verify compares the file of that name in folder with want: its size first, so that a manifest
// cannot make us read what is larger than it says.
func (want File) verify(folder, name string) error {
	f, size, err := regular.OpenIn(folder, filepath.FromSlash(name), maxFile)
	if err != nil {
		return &CorruptError{folder, name, missing(err)}
	}
	defer f.Close() // read only
	if size != want.Size {
		return &CorruptError{folder, name, fmt.Sprintf("%d bytes, want %d", size, want.Size)}
	}
	got, err := sumRead(io.LimitReader(f, size))
	switch {
	case err != nil:
		return &CorruptError{folder, name, err.Error()}
	case got != want:
		return &CorruptError{folder, name, fmt.Sprintf("SHA-256 is %.12s…, want %.12s…", got.SHA256, want.SHA256)}
	}
	return nil
}

// missing says why a file cannot be opened, without its path.
func missing(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "it is missing"
	case errors.Is(err, fs.ErrPermission):
		return locked
	}
	return regular.Reason(err).Error()
}

// ReadFile returns the bytes of a file of the model in folder, by its name in m.Files, whatever
// their number. The error is a *CorruptError where the file is not the one that m tells of, and
// wraps fs.ErrNotExist where it is missing.
func (m *Manifest) ReadFile(folder, name string) ([]byte, error) {
	want, listed := m.Files[name]
	if !listed {
		return nil, &CorruptError{folder, name, "it is not among the files of the manifest"}
	}
	data, err := regular.ReadFileIn(folder, filepath.FromSlash(name), want.Size)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if got := (File{int64(len(data)), sumOf(data)}); got != want {
		return nil, &CorruptError{folder, name, "it is not as it was written"}
	}
	return data, nil
}

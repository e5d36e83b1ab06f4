package models

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// Declaration says what a SavedModel of another tool takes and gives: one batch of
// images [N,S,S,3], uint8 or float32, and one embedding [N,D] float32.
type Declaration struct {
	Signature string         // "" is serving_default
	Input     string         // key of the images; "" where the signature has one input
	Output    string         // key of the embedding; "" where it has one output
	Resize    resize.Options // how pictures are brought to the model's size S

	// What a float32 input holds: (pixel − Mean) / Std for each channel, pixels in
	// [0,255]. The zero value of Std is 1. A uint8 input takes pixels as they are.
	Mean, Std [3]float32
	BGR       bool // channels in the order blue, green, red; Mean and Std, too

	Distance  string  // row of distance.Table by which embeddings are compared; "" is "euclidean"
	Threshold float64 // distance up to which two images are the same
}

// defaultDistance is that of a Declaration which names none.
const defaultDistance = "euclidean"

// load opens the SavedModel in folder as d says. Errors are those of Load;
// *NotModelError where the model is not as declared, *named.UnknownError for the distance.
func (d Declaration) load(folder string, o options) (*Model, error) {
	if o.isolated != nil {
		return nil, errors.New("a declared model cannot be isolated")
	}
	path, version, err := o.locate(folder)
	if err != nil {
		return nil, err
	}
	if d.Distance == "" {
		d.Distance = defaultDistance
	}
	between, err := o.own.ByName(d.Distance)
	if err != nil {
		return nil, err
	}
	resizer, err := resize.New(d.Resize)
	if err != nil {
		return nil, err
	}
	saved, err := savedmodel.Read(path)
	if err != nil {
		return nil, &NotModelError{path, err.Error()}
	}
	input, output, err := d.tensors(path, saved)
	if err != nil {
		return nil, err
	}
	space, err := d.space(path)
	if err != nil {
		return nil, err
	}
	m := &Model{resizer: resizer, distance: between, info: Info{Path: path, Version: version,
		Manifest: Manifest{Space: space, Preprocessing: Preprocessing{Options: resizer.Options(), Channels: "RGB",
			DType: string(input.DType)}, EmbeddingDim: int(output.Shape[1]), Distance: d.Distance,
			Threshold: Threshold{Value: d.Threshold, Source: "declared"}}}}
	if d.BGR {
		m.info.Manifest.Preprocessing.Channels = "BGR"
	}
	if err := o.admit(path, saved, input.Name, output.Name); err != nil {
		return nil, err
	}
	if m.session, err = session.Load(path, savedmodel.Tag, o.session); err != nil {
		return nil, err
	}
	value := m.pixels
	if input.DType == savedmodel.Float32 {
		value = d.normalised(m)
	}
	if err := m.openTower(o, input.Name, output.Name, value); err != nil {
		return nil, err
	}
	return m, nil
}

// space returns the id of the embedding space: of the model's files and of what is
// declared of its input and output.
func (d Declaration) space(path string) (string, error) {
	d.Distance, d.Threshold = "", 0
	h := sha256.New()
	fmt.Fprintf(h, "%+v\n", d) // a hash never returns an error
	names := []string{savedmodel.FileName}
	variables, err := fs.Glob(os.DirFS(path), savedmodel.VariablesPrefix+".*") // whatever the path holds
	if err != nil {
		return "", err
	}
	for _, name := range append(names, variables...) {
		f, err := Sum(filepath.Join(path, name))
		if err != nil {
			return "", fmt.Errorf("model %q: %w", path, err)
		}
		fmt.Fprintf(h, "%s %s\n", name, f.SHA256)
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// tensors returns the input and the output of saved, which was read from path, checked against
// what a Model can use.
func (d Declaration) tensors(path string, saved *savedmodel.Model) (input, output savedmodel.Tensor, err error) {
	refuse := func(reason string) (savedmodel.Tensor, savedmodel.Tensor, error) {
		return input, output, &NotModelError{path, reason}
	}
	name := d.Signature
	if name == "" {
		name = names.ServingDefault
	}
	s, err := saved.Signature(name)
	if err != nil {
		return refuse(err.Error())
	}
	if input, err = only(s.Inputs, "input", d.Input); err != nil {
		return refuse(fmt.Sprintf("signature %q: %v", name, err))
	}
	if output, err = only(s.Outputs, "output", d.Output); err != nil {
		return refuse(fmt.Sprintf("signature %q: %v", name, err))
	}
	if !takes(input, int64(d.Resize.Size)) {
		return refuse(fmt.Sprintf("signature %q takes %s, want uint8 or float32 [?,%d,%d,3]",
			name, input, d.Resize.Size, d.Resize.Size))
	}
	if output.DType != savedmodel.Float32 || len(output.Shape) != 2 || output.Shape[1] < 1 {
		return refuse(fmt.Sprintf("signature %q gives %s, want float32 [?,D] with a fixed D", name, output))
	}
	return input, output, nil
}

// only returns the tensor with the key, or where that is "" the only one there is.
func only(tensors map[string]savedmodel.Tensor, role, key string) (savedmodel.Tensor, error) {
	if key == "" && len(tensors) == 1 {
		for _, t := range tensors {
			return t, nil
		}
	}
	return savedmodel.Pick(tensors, role, key)
}

// takes reports whether a batch of images of a size can be fed to t.
func takes(t savedmodel.Tensor, size int64) bool {
	return (t.DType == savedmodel.Uint8 || t.DType == savedmodel.Float32) && t.Holds(-1, size, size, 3)
}

// normalised returns what makes (pixel − Mean) / Std of pixels.
func (d Declaration) normalised(m *Model) func([]uint8) session.Value {
	var table [3][256]float32 // of the channels in the order of the model
	for c := range table {
		std := d.Std[c]
		if std == 0 {
			std = 1
		}
		for p := range table[c] {
			table[c][p] = (float32(p) - d.Mean[c]) / std
		}
	}
	from := [3]int{0, 1, 2}
	if d.BGR {
		slices.Reverse(from[:])
	}
	var values []float32 // one run at a time
	return func(pixels []uint8) session.Value {
		values = values[:0]
		for i := 0; i < len(pixels); i += 3 {
			values = append(values, table[0][pixels[i+from[0]]], table[1][pixels[i+from[1]]], table[2][pixels[i+from[2]]])
		}
		return session.Of(values, m.shape(pixels)...)
	}
}

package trained

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// decoding says for a person how JPEG files become pixels, where Go's decoder does not do it.
func (m *Model) decoding() string {
	if m.State.Decoder == "" {
		return ""
	}
	return fmt.Sprintf("JPEG by %s at the smallest of 1/1, 1/2, 1/4 and 1/8 of its size that leaves %d pixels in each direction, ",
		m.State.Decoder, 2*m.Resize().Size)
}

// Manifest says what the model of weights is and how it came to be. Of a checkpoint
// that was saved before the first evaluation it has no threshold and no metrics. What an
// export adds, probes, files, tool and runtime, is left empty.
func (m *Model) Manifest(weights []checkpoint.Tensor) (*models.Manifest, error) {
	text, err := m.Spec.JSON()
	if err != nil {
		return nil, err
	}
	space, err := m.Space(weights)
	if err != nil {
		return nil, err
	}
	resizing := m.Resize()
	manifest := &models.Manifest{
		Format: models.ManifestFormat,
		Space:  space,
		Spec:   text,
		Preprocessing: models.Preprocessing{Options: resizing, Channels: "RGB", DType: "uint8", Decoder: m.State.Decoder,
			Note: fmt.Sprintf("%sEXIF orientation applied, transparency over white, %s to %d×%d with the antialiased "+
				"%s filter; the graph normalises", m.decoding(), resizing.Mode, resizing.Size, resizing.Size, resizing.Filter)},
		EmbeddingDim:  m.Dim(),
		Distance:      m.Spec.Distance.Name,
		Classes:       m.State.Classes,
		Seen:          m.State.Seen,
		Data:          models.Data{Name: m.State.Data, Fingerprint: m.State.Fingerprint, GroupBy: m.State.GroupBy, Skipped: m.State.Skipped},
		Pretrained:    m.State.Pretrained,
		Step:          m.Step,
		Parameters:    parameters(weights),
		WeightsSHA256: models.WeightsSHA256(weights),
	}
	if m.State.Validation == nil {
		return manifest, nil
	}
	t, err := m.Threshold()
	if err != nil {
		return nil, err
	}
	manifest.Threshold, manifest.Probability, manifest.Curve = t, m.Probability(), m.Curve()
	scores := m.State.Validation.Scores
	manifest.Pairs, manifest.Photos, manifest.Doubts = scores.Pairs, scores.Photos, scores.Doubts
	manifest.NoneAbove, manifest.Reference = m.NoneAbove(), m.State.Validation.Reference
	manifest.Metrics, err = Metrics(scores)
	return manifest, err
}

// Metrics returns the scores with their intervals, by name.
func Metrics(s evaluate.Scores) ([]models.Metric, error) {
	var list []models.Metric
	for _, name := range slices.Sorted(maps.Keys(s.Metrics)) {
		better, err := evaluate.Direction(name, s.Photos > 0)
		if err != nil {
			return nil, err
		}
		of := models.Metric{Name: name, Value: s.Metrics[name], Better: string(better)}
		if i, ok := s.Intervals[name]; ok { // runs of before intervals were kept have none
			of.Low, of.High, of.Level, of.Method, of.Question = i.Low, i.High, i.Level, i.Method, i.Question
		}
		list = append(list, of)
	}
	return list, nil
}

func parameters(tensors []checkpoint.Tensor) int64 {
	var n int64
	for _, t := range tensors {
		n += int64(len(t.Data))
	}
	return n
}

package inference

import (
	"fmt"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/vectors"
)

// ReadVectors returns the embeddings in a file of vectors, which must be of m's space. The
// error is a *vectors.Error, which wraps a *models.SpaceError where they are another model's.
func (m *Model) ReadVectors(path string) (*vectors.Vectors, error) {
	v, err := vectors.Read(path)
	if err != nil {
		return nil, err
	}
	if err := m.Manifest.InSpace(v.Space); err != nil {
		return nil, &vectors.Error{Path: path, Err: err}
	}
	if v.Dim != m.Dim() {
		return nil, &vectors.Error{Path: path, Err: fmt.Errorf("embeddings of length %d, want %d", v.Dim, m.Dim())}
	}
	return v, nil
}

// CompareVectors compares the rows of left with the same rows of right, both of m's space. It
// panics where they are not as many. prevalence, in (0,1), is the share of same among all
// pairs that are compared. Where m has no threshold none of them is Same. The error is the runtime's.
func (m *Model) CompareVectors(left, right *vectors.Vectors, prevalence float64) ([]models.Comparison, error) {
	n := len(left.Paths)
	if len(right.Paths) != n {
		panic(fmt.Sprintf("inference: %d embeddings to compare with %d", n, len(right.Paths)))
	}
	same, known := m.Manifest.Threshold, m.Manifest.Threshold.Source != ""
	leftRows, rightRows := make([]int32, n), make([]int32, n)
	for i := range n {
		leftRows[i], rightRows[i] = int32(i), int32(n+i)
	}
	both := append(left.Data[:len(left.Data):len(left.Data)], right.Data...)
	distances, probability, err := m.Compare(both, leftRows, rightRows)
	if err != nil {
		return nil, err
	}
	list := make([]models.Comparison, n)
	for i, d := range distances {
		list[i] = models.Comparison{Distance: d, Same: known && same.Accepts(d)}
		switch calibrated := m.Manifest.Probability; {
		case calibrated != nil:
			p := float32(calibrated.At(d, prevalence))
			list[i].Probability = &p
		case probability != nil && prevalence == distance.EvenPrevalence:
			list[i].Probability = &probability[i]
		}
	}
	return list, nil
}

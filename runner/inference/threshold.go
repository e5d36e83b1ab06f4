package inference

import "github.com/tfpair/tfpair/models/distance"

// SetThreshold makes t the distance up to which m calls two images the same, until it is closed.
// The folder of m stays as it is.
func (m *Model) SetThreshold(t distance.Threshold) { m.Manifest.Threshold = t }

// ChooseThreshold does the same with the threshold that a rule asks for, chosen on what m keeps of
// validation. Errors are distance.ErrNoCurve, *distance.FewPairsError, and that of a curve that is
// none.
func (m *Model) ChooseThreshold(by distance.Rule) error {
	if m.Manifest.Curve == nil {
		return distance.ErrNoCurve
	}
	t, err := m.Manifest.Curve.Choose(by)
	if err == nil {
		m.SetThreshold(t)
	}
	return err
}

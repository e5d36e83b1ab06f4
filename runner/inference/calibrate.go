package inference

import (
	"context"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/metric"
	"github.com/tfpair/tfpair/runner/trained"
)

// Calibration is another threshold for a model, and on what it was chosen.
type Calibration struct {
	Manifest models.Manifest    // that of the model with the new threshold, and what follows from it
	Scores   *evaluate.Scores   // on the pairs; nil: no pairs were measured
	Exposure *evaluate.Exposure // of the images; likewise
	Skipped  []string           // bad images, which are left out
	Seen     seen.List          // what the new version has seen: the images of the pairs, too; nil: as before
}

// Calibrate chooses a threshold for m by a rule on pairs, listed or drawn from classes, and the
// probability of "same" with it. Of c it takes Data, Part, Seed and Progress. Bad images and seen
// ones are left out as in Evaluate. It changes nothing of m. Errors are *SeenError, and those of
// Read and evaluate.CalibrateOn.
func (m *Model) Calibrate(ctx context.Context, c evaluate.Config, by distance.Rule, r Reading) (*Calibration, error) {
	pairs, err := evaluate.ChoosePairs(c.Data, c.Part, nil, m.seenClasses(), c.Seed)
	if err != nil {
		return nil, err
	}
	if err := by.Enough(pairs.Kinds()); err != nil { // before images are read
		return nil, err
	}
	k := &Calibration{Manifest: m.Manifest}
	if c.Store, k.Skipped, err = m.Read(ctx, c.Data, r, &c.Part); err != nil {
		return nil, err
	}
	defer c.Store.Close() // a cache
	kind, again := c.Part.Kind(), 0
	c.Part, again = once(c.Store, c.Part, nil)
	exposure, leaveOut, err := m.exposure(c.Store, c.Data, c.Part.Split, c.Part.Images, r)
	if err != nil {
		return nil, err
	}
	repeated(exposure, kind, again)
	if c.Seen, exposure.Renamed, err = m.classesSeen(ctx, c.Data, c.Part); err != nil {
		return nil, err
	}
	c.Model, c.Part, k.Exposure = m, c.Part.Without(leaveOut), exposure
	if k.Seen, err = m.withChosen(c.Store, c.Data, c.Part.Images); err != nil {
		return nil, err
	}
	s, err := evaluate.CalibrateOn(ctx, c, by)
	if err != nil {
		return nil, explain(err, exposure)
	}
	k.Scores = &s
	return k, k.measured(models.Data{Name: c.Data.Name, Fingerprint: c.Data.Fingerprint()}, by)
}

// measured sets in the manifest what the scores say, whose threshold was chosen by a rule. Metrics that they lack stay.
func (k *Calibration) measured(on models.Data, by distance.Rule) error {
	s, m := k.Scores, &k.Manifest
	m.CalibratedOn, m.Pairs, m.Doubts = &on, s.Pairs, s.Doubts
	pairs := fmt.Sprintf("%s, %s", on.Name, plural.Count(s.Pairs, "pair"))
	m.Threshold = distance.Threshold{Value: s.Threshold, Source: pairs, FalseAccepts: by.FalseAccepts}
	if s.Rule != "" {
		same, different := s.Curve.Pairs()
		m.Threshold.Source = fmt.Sprintf("%s, %d same and %d different pairs: %s", on.Name, same, different, s.Rule)
	}
	curve, probability := *s.Curve, *s.Probability
	curve.Source, probability.Source = on.Name, pairs
	m.Curve, m.Probability = &curve, &probability
	list, err := trained.Metrics(*s)
	if err != nil {
		return err
	}
	for _, of := range m.Metrics {
		if !slices.ContainsFunc(list, func(x models.Metric) bool { return x.Name == of.Name }) {
			list = append(list, of)
		}
	}
	m.Metrics = list
	return nil
}

// Recalibrate is Calibrate on what m keeps of the pairs that its threshold was chosen on: without
// data. Metrics that depend on the threshold are left out. Errors are those of ChooseThreshold.
func (m *Model) Recalibrate(by distance.Rule) (*Calibration, error) {
	if m.Manifest.Curve == nil {
		return nil, distance.ErrNoCurve
	}
	t, err := m.Manifest.Curve.Choose(by)
	if err != nil {
		return nil, err
	}
	return m.RecalibrateTo(t)
}

// RecalibrateTo is Recalibrate with a threshold that is known.
func (m *Model) RecalibrateTo(t distance.Threshold) (*Calibration, error) {
	k := &Calibration{Manifest: m.Manifest}
	k.Manifest.Threshold, k.Manifest.Metrics = t, nil
	for _, of := range m.Manifest.Metrics {
		if slices.Contains(metric.Pairs.Names(), of.Name) {
			row, err := metric.Pairs.New(&named.Choice{Name: of.Name})
			if err != nil {
				return nil, err
			}
			if row.Thresholds {
				continue
			}
		}
		k.Manifest.Metrics = append(k.Manifest.Metrics, of)
	}
	return k, nil
}

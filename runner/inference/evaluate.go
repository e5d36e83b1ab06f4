package inference

import (
	"context"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// Evaluate measures m on pairs and on retrieval. Of c it takes Data, Part, Gallery without its
// Store, Prevalence, Seed and Progress; m sets the rest. Bad images are left out of what is measured, and
// their paths returned. Images that the training has seen are left out, too, unless r wants them
// measured. Images that are searched in stay, but for files that are measured, too. Images, photos and
// listed pairs are measured once a file. The report's Exposure says how many are left
// out. Errors are *SeenError, *RenamedError, and those of Threshold, Read and evaluate.Run.
func (m *Model) Evaluate(ctx context.Context, c evaluate.Config, r Reading) (
	report *evaluate.Report, skipped []string, err error) {
	if c.Threshold, err = m.Threshold(); err != nil {
		return nil, nil, err
	}
	if err := m.allSeen(ctx, c.Data, c.Part, r); err != nil {
		return nil, nil, err
	}
	labels := dataset.Part{Images: c.Data.All().LabelImages()} // photos are paired with these
	parts := []*dataset.Part{&c.Part, &labels}
	other := c.Gallery != nil && c.Gallery.Data != c.Data
	if c.Gallery != nil {
		c.Gallery = &evaluate.Source{Data: c.Gallery.Data, Part: c.Gallery.Part} // the caller's stays as it is
		if !other {
			parts = append(parts, &c.Gallery.Part)
		}
	}
	if c.Store, skipped, err = m.Read(ctx, c.Data, r, parts...); err != nil {
		return nil, nil, err
	}
	defer c.Store.Close() // a cache
	if other {
		more, err := m.readGallery(ctx, c.Gallery, r)
		if err != nil {
			return nil, nil, err
		}
		defer c.Gallery.Store.Close() // a cache
		skipped = append(skipped, more...)
	} else if c.Gallery != nil {
		c.Gallery.Store = c.Store
	}
	c.Model, c.LabelImages, c.Known = m, labels.Images, m.Labels
	var renamed []evaluate.Renamed
	if c.Seen, renamed, err = m.classesSeen(ctx, c.Data, c.Part); err != nil {
		return nil, nil, err
	}
	c.Probability = m.Manifest.Probability
	kind := c.Part.Kind()
	var again int
	c.Part, again = once(c.Store, c.Part, labels.Images)
	exposure, leaveOut, err := m.exposure(c.Store, c.Data, c.Part.Split, c.Part.Images, r)
	if err != nil {
		return nil, nil, err
	}
	repeated(exposure, kind, again)
	exposure.Renamed = renamed
	if c.Part, err = m.newOnly(exposure, c.Data, c.Part.Without(leaveOut), r); err != nil {
		return nil, nil, err
	}
	keepCopies(exposure, c.Data, c.Part.Images)
	m.searched(exposure, c.Store, labels.Images)
	if c.Gallery != nil {
		c.Gallery.Part.Images, exposure.GalleryShared = unshared(*c.Gallery, c.Store, c.Part.Images)
		m.searched(exposure, c.Gallery.Store, c.Gallery.Part.Images)
	}
	if report, err = evaluate.Run(ctx, c); err != nil {
		return nil, nil, explain(err, exposure)
	}
	report.Exposure = exposure
	if on := m.Manifest.CalibratedOn; on != nil && on.Fingerprint == report.Fingerprint {
		report.Doubts = append(report.Doubts, "the threshold was chosen on these images")
	}
	return report, skipped, nil
}

// readGallery opens the store of a gallery of other data.
func (m *Model) readGallery(ctx context.Context, g *evaluate.Source, r Reading) (skipped []string, err error) {
	g.Store, skipped, err = m.Read(ctx, g.Data, r, &g.Part)
	return skipped, err
}

// EvaluateLabels measures how m finds the label images of photos. Of c it takes Data, Part,
// Seed and Progress; m sets the rest. Bad images are left out, and their paths
// returned; seen ones are as in Evaluate. Errors are *SeenError, *RenamedError, and those of Read and evaluate.Labels.
func (m *Model) EvaluateLabels(ctx context.Context, c evaluate.LabelConfig, r Reading) (
	report *evaluate.LabelReport, skipped []string, err error) {
	if err := m.allSeen(ctx, c.Data, c.Part, r); err != nil {
		return nil, nil, err
	}
	labels := dataset.Part{Images: c.Part.LabelImages()}
	if c.Store, skipped, err = m.Read(ctx, c.Data, r, &c.Part, &labels); err != nil {
		return nil, nil, err
	}
	defer c.Store.Close() // a cache
	c.Model, c.Gallery, c.NoneAbove = m, m.Labels, m.Manifest.NoneAbove
	var renamed []evaluate.Renamed
	if c.Seen, renamed, err = m.classesSeen(ctx, c.Data, c.Part); err != nil {
		return nil, nil, err
	}
	kind := c.Part.Kind()
	var again int
	c.Part, again = once(c.Store, c.Part, labels.Images)
	exposure, leaveOut, err := m.exposure(c.Store, c.Data, c.Part.Split, c.Part.Images, r)
	if err != nil {
		return nil, nil, err
	}
	repeated(exposure, kind, again)
	exposure.Renamed = renamed
	if c.Part, err = m.newOnly(exposure, c.Data, c.Part.Without(leaveOut), r); err != nil {
		return nil, nil, err
	}
	m.searched(exposure, c.Store, labels.Images)
	if report, err = evaluate.Labels(ctx, c); err != nil {
		return nil, nil, explain(err, exposure)
	}
	report.Exposure = exposure
	return report, skipped, nil
}

// EvaluateFewShot measures m on episodes of few-shot classification, which need every one of
// their images: r.SkipBad is not looked at. Of c it takes Data, Split, Episodes, Seed and
// Progress; m sets the rest. Queries that the training has seen are left out as in Evaluate; the
// images that they are compared with stay, and are counted as searched.
// Errors are *SeenError, and those of Read and evaluate.FewShot.
func (m *Model) EvaluateFewShot(ctx context.Context, c evaluate.FewShotConfig, r Reading) (
	*evaluate.FewShotReport, error) {
	images := dataset.Part{Split: c.Split, Images: c.Episodes.Images()}
	r.SkipBad = 0
	var err error
	if c.Store, _, err = m.Read(ctx, c.Data, r, &images); err != nil {
		return nil, err
	}
	defer c.Store.Close() // a cache
	exposure, leaveOut, err := m.exposure(c.Store, c.Data, c.Split, c.Episodes.Queries(), r)
	if err != nil {
		return nil, err
	}
	c.Model, c.Episodes = m, c.Episodes.Without(leaveOut)
	m.searched(exposure, c.Store, c.Episodes.Support())
	report, err := evaluate.FewShot(ctx, c)
	if err != nil {
		return nil, err
	}
	report.Exposure = exposure
	return report, nil
}

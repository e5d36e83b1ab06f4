package pipeline

import (
	"bytes"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/pipeline/augment"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/resize"
	"github.com/tfpair/tfpair/pipeline/sampler"
)

// photoSampler plans batches of photos: image i belongs to label image i modulo 4, of
// which 0 to 3 are.
func photoSampler(t *testing.T, ds *dataset.Dataset) sampler.Sampler {
	t.Helper()
	maker, err := sampler.Table.New(&named.Choice{Name: "labels"})
	if err != nil {
		t.Fatal(err)
	}
	var part dataset.Part
	for i := int32(4); i < int32(len(ds.Images)); i++ {
		part.Images = append(part.Images, i)
		part.Matches = append(part.Matches, dataset.Match{Image: i, Label: i % 4})
	}
	part = Turned(part, len(ds.Images), 1) // as a training does
	s, err := maker.New(sampler.Source{Part: part, BatchSize: 3, Tuples: sampler.Targets})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLabelResizer: label images may be brought to the size in another way.
func TestLabelResizer(t *testing.T) {
	ds, _ := testData(t, 12)
	for i := int32(4); i < 12; i++ {
		ds.Matches = append(ds.Matches, dataset.Match{Image: i, Label: i % 4})
	}
	crop, err := resize.New(resize.Options{Size: testSize, Mode: "crop"})
	if err != nil {
		t.Fatal(err)
	}
	plain := testStore(t, ds, StoreOptions{})
	mixed := testStore(t, ds, StoreOptions{Labels: crop})
	cropped := testStore(t, ds, StoreOptions{Resizer: crop})
	read := func(s *Store) []uint8 {
		var pixels []uint8
		for _, b := range collect(t, s.Sequence(t.Context(), all(ds), 12, nil)) {
			pixels = append(pixels, b.Pixels...)
		}
		return pixels
	}
	want := slices.Concat(read(cropped)[:4*oneImage], read(plain)[4*oneImage:])
	if !bytes.Equal(read(mixed), want) {
		t.Error("label images are not cropped, or photos are")
	}
	if bytes.Equal(read(plain), read(cropped)) {
		t.Error("cropping changes nothing here")
	}
}

// TestLoaderLabelImages: label images come behind the photos of a batch where they are
// read, augmented only where that is asked for.
func TestLoaderLabelImages(t *testing.T) {
	ds, _ := testData(t, 12)
	store, plans := testStore(t, ds, StoreOptions{}), photoSampler(t, ds)
	a := testAugmenter(t, "{noise: {probability: 1}}")
	for _, o := range []LoaderOptions{{Augment: a}, {Augment: a, LabelImages: true},
		{Augment: a, LabelImages: true, AugmentLabelImages: true}} {
		for _, b := range collect(t, NewLoader(store, plans, o).Iter(t.Context(), 0, 4)) {
			plan := plans.Plan(b.Step)
			want := plan.Images
			if o.LabelImages {
				want = slices.Concat(plan.Images, plan.References)
			}
			if !slices.Equal(b.Images, want) || !slices.Equal(b.Targets, plan.Targets) ||
				!slices.Equal(b.References, plan.References) {
				t.Fatalf("%+v: batch of images %v, targets %v, references %v; plan %+v", o, b.Images,
					b.Targets, b.References, plan)
			}
			for i, image := range b.Images {
				pixels := testPixels(t, ds, store, image)
				if i < len(plan.Images) || o.AugmentLabelImages {
					a.Apply(pixels, testSize, augment.Draw{Epoch: b.Step / plans.StepsPerEpoch(), Image: image})
				}
				if !bytes.Equal(b.Pixels[i*oneImage:(i+1)*oneImage], pixels) {
					t.Fatalf("%+v: row %d, image %d, has other pixels", o, i, image)
				}
			}
		}
	}
}

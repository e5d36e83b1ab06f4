package train

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/network"
)

// maxExamples is of how many images a closed form is made at most: more change its covariances, of
// a few thousand features, by little, and would take gigabytes.
const maxExamples = 20_000

// fit sets a head that starts from a closed form to that of the training images, as they are.
func (l *loop) fit(ctx context.Context, train dataset.Part) error {
	if !l.network.Fits() {
		return nil
	}
	x, images, err := l.examples(train)
	if err != nil {
		return err
	}
	if err := l.extract(ctx); err != nil {
		return err
	}
	if x.Inputs, err = l.headInputs(ctx, images); err != nil {
		return fmt.Errorf("features of training images: %w", err)
	}
	return l.network.Fit(x, l.Session)
}

// examples returns the images that a closed form is made of, with their classes where it reads them:
// training images and, where labels are images, these with their photos.
func (l *loop) examples(train dataset.Part) (x network.Examples, images []int32, err error) {
	labelImages := train.LabelImages()
	images = slices.Concat(train.Images, labelImages)
	if !l.network.Labelled() {
		return x, dataset.Evenly(images, maxExamples), nil
	}
	classOf, err := l.classesOf(train, labelImages)
	if err != nil {
		return x, nil, err
	}
	images = slices.DeleteFunc(images, func(i int32) bool { return classOf[i] < 0 })
	images = dataset.Evenly(images, maxExamples)
	number := map[int32]int32{} // classes of which there are images, from 0
	for _, i := range images {
		k, ok := number[classOf[i]]
		if !ok {
			k = int32(len(number))
			number[classOf[i]] = k
		}
		x.Labels = append(x.Labels, k)
	}
	x.Classes = len(number)
	if x.Classes < 2 || x.Classes == len(images) {
		err = &dataset.Error{Role: "data", Path: l.Data.Name, Err: errors.New("head.linear.start=ridge learns from two classes " +
			"or more with two images or more in one of them, and training has none; start=random needs no classes")}
	}
	return x, images, err
}

// classesOf returns the class of each image of the data, -1 of one that has none or is not in train.
// A label image is a class, together with its photos.
func (l *loop) classesOf(train dataset.Part, labelImages []int32) ([]int32, error) {
	if labelImages == nil {
		labels, err := l.Data.Labels(train)
		return labels.Of, err
	}
	classes := slices.Repeat([]int32{-1}, len(l.Data.Images))
	for _, m := range train.Matches {
		classes[m.Image], classes[m.Label] = m.Label, m.Label
	}
	return classes, nil
}

// headInputs returns what the head sees [N,F] of dataset images as they are.
func (l *loop) headInputs(ctx context.Context, images []int32) ([]float32, error) {
	if l.cache.filled() != nil {
		return l.readCached(ctx, images, l.network.HeadWidth(), l.network.HeadInputOfFeatures)
	}
	inputs := make([]float32, 0, len(images)*l.network.HeadWidth())
	for batch, err := range l.store.Sequence(ctx, images, featureBatch, nil) {
		if err != nil {
			return nil, err
		}
		rows, err := l.network.HeadInput(batch.Pixels)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, rows...)
	}
	return inputs, nil
}

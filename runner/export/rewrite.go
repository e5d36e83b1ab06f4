package export

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/onnx"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/runner/card"
	"github.com/tfpair/tfpair/runner/network"
)

// Rewrite says how an exported model is written again: with the same weights and another threshold.
type Rewrite struct {
	Model    string          // one version of the model: its folder
	Manifest models.Manifest // of the new version: with what has changed; its files are listed anew
	Seen     seen.List       // what the new version says it has seen, where the model says so; nil: the same
	Out      string          // folder of the model's versions
	Session  session.Options
	Trust    models.Trusted // of the model, which is loaded again
	Own      network.Own    // what the program added to train it
	Tool     string         // name and version of the program
}

// Run writes the next version in r.Out, where the graph says "same" up to r.Manifest.Threshold.
// Like an export it appears after it has been loaded again and has embedded stored images as
// before, or not at all. Errors are *ExistsError, *DifferenceError, those of models.Load, that of
// ctx, and the disk's.
func (r Rewrite) Run(ctx context.Context) (*Result, error) {
	place, err := findPlace(r.Out, 0)
	if err != nil {
		return nil, err
	}
	if err := place.make(); err != nil {
		return nil, fmt.Errorf("write to %q: %w", r.Out, err)
	}
	result, err := r.fill(ctx, place)
	if err == nil {
		err = place.publish()
	}
	if err != nil {
		return nil, errors.Join(err, place.remove())
	}
	result.Path, result.Version = place.path(), place.version
	return result, nil
}

// fill writes the model aside and checks it there.
func (r Rewrite) fill(ctx context.Context, p *place) (_ *Result, err error) {
	var words []byte // of the model card, which is made anew
	for _, name := range slices.Sorted(maps.Keys(r.Manifest.Files)) {
		data, err := r.file(name)
		if err != nil {
			return nil, err
		}
		if name == card.WordsName {
			words = data
		}
		if err := p.write(name, data); err != nil {
			return nil, err
		}
	}
	r.Manifest.Tool = r.Tool
	if err := addCard(p, &r.Manifest, words); err != nil {
		return nil, err
	}
	if err := p.seal(&r.Manifest); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	model, err := Config{Session: r.Session, Own: r.Own}.load(p, r.Trust)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	return verify(ctx, p, model)
}

// file returns a file of the new version.
func (r Rewrite) file(name string) ([]byte, error) {
	data, err := r.Manifest.ReadFile(r.Model, name)
	switch {
	case err != nil:
		return nil, err
	case name == models.SeenName && r.Seen != nil:
		return r.Seen.Marshal()
	case name == savedmodel.FileName:
		data, err = savedmodel.SetLimit(data, graphs.Limit(r.Manifest.Threshold.Value))
	case name == onnx.FileName:
		data, err = rewriteONNX(data, &r.Manifest)
	}
	if err != nil {
		return nil, &models.CorruptError{Path: r.Model, File: name, Reason: err.Error()}
	}
	return data, nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/savedmodel"
)

// embed embeds images of noise with the exported model in folder, so many at a time, as programs do.
func embed(folder, batch string) (err error) {
	n, err := number(batch)
	if err != nil {
		return err
	}
	m, err := models.Load(folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	pixels := noise(n, m.Info().Manifest.Preprocessing.Size)
	return serve(func() error {
		_, err := m.EmbedPixels(context.Background(), pixels)
		return err
	})
}

// number reads how many images run at a time.
func number(batch string) (int, error) {
	n, err := strconv.Atoi(batch)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("batch %q: want a number of images", batch)
	}
	return n, nil
}

// Runs that layers traces, and those before them.
const (
	warmRuns   = 5
	tracedRuns = 20
)

// layers prints what the operations of such a run take, by the runtime's trace.
func layers(folder, batch string) error {
	return withModel(folder, batch, func(s *session.Session, run func() error) error {
		var trace session.Trace
		for i := range warmRuns + tracedRuns {
			if i == warmRuns {
				s.Trace(&trace)
			}
			if err := run(); err != nil {
				return err
			}
		}
		seconds := map[string]float64{}
		for name, took := range trace.Names {
			seconds[name] = took.Time.Seconds() / tracedRuns
		}
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"event": "summary", "seconds": trace.Wall.Seconds() / tracedRuns,
			"layers": seconds})
	})
}

// withModel calls use with a session of the exported model in folder, and what embeds so many images of noise.
func withModel(folder, batch string, use func(s *session.Session, run func() error) error) (err error) {
	n, err := number(batch)
	if err != nil {
		return err
	}
	manifest, err := models.ReadManifest(folder)
	if err != nil {
		return err
	}
	s, err := session.Load(folder, savedmodel.Tag, session.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	call, err := s.Prepare([]string{names.ServingImages}, []string{names.ServingEmbedding}, nil)
	if err != nil {
		return err
	}
	size := manifest.Preprocessing.Size
	images := session.Of(noise(n, size), int64(n), int64(size), int64(size), 3)
	return use(s, func() error {
		_, err := call.Run(images)
		return err
	})
}

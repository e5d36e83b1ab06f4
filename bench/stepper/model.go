package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/savedmodel"
)

// embed embeds images of noise with the exported model in folder, so many at a time.
func embed(folder, batch string) (err error) {
	n, err := strconv.Atoi(batch)
	if err != nil || n < 1 {
		return fmt.Errorf("batch %q: want a number of images", batch)
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
	size, random := manifest.Preprocessing.Size, rand.New(rand.NewPCG(0, 0))
	pixels := make([]uint8, n*size*size*3)
	for i := range pixels {
		pixels[i] = uint8(random.UintN(256))
	}
	images := session.Of(pixels, int64(n), int64(size), int64(size), 3)
	return serve(func() error {
		_, err := call.Run(images)
		return err
	})
}

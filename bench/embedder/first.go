package main

import (
	"context"
	"os"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/pipeline/decode"
)

// embedded says that a picture was embedded.
type embedded struct {
	summary
	Dim int `json:"dim"`
}

// first loads the model in folder and embeds the picture in file.
func first(ctx context.Context, folder, file string) (embedded, error) {
	model, err := models.Load(folder)
	if err != nil {
		return embedded{}, err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return embedded{}, err
	}
	img, err := decode.Decode(data, decode.Limits{})
	if err != nil {
		return embedded{}, err
	}
	rows, err := model.Embed(ctx, img)
	if err != nil {
		return embedded{}, err
	}
	return embedded{Dim: len(rows[0])}, nil // the process ends: the model is not closed
}

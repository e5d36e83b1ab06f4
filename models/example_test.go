package models_test

import (
	"context"
	"fmt"
	"image"
	"log"

	"github.com/tfpair/tfpair/models"
)

// A model that was exported with a gallery names the images in it that are nearest to a
// picture.
func ExampleModel_Search() {
	model, err := models.Load("model")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = model.Close() }()
	var picture image.Image // from decode.Read
	lists, err := model.Search(context.Background(), []image.Image{picture}, 5)
	if err != nil {
		log.Fatal(err)
	}
	for _, hit := range lists[0] {
		if !hit.Accepted {
			fmt.Println("none of these")
			break
		}
		fmt.Println(hit.ID, hit.Class, hit.Distance)
	}
}

// An index that tfpair index build wrote is searched by the model that embedded it.
func ExampleModel_OpenIndex() {
	model, err := models.Load("model")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = model.Close() }()
	photos, err := model.OpenIndex("photos.index")
	if err != nil {
		log.Fatal(err)
	}
	var picture image.Image // from decode.Read
	lists, err := photos.Search(context.Background(), []image.Image{picture}, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(lists[0][0].ID)
}

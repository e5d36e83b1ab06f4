package models_test

import (
	"context"
	"fmt"
	"image"
	"log"
	"os"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/pipeline/decode"
)

// A service loads a model once and compares pictures with it, from any number of goroutines.
func ExampleLoad() {
	const formats = "../testdata/formats/f76e329"
	model, err := models.Load(formats + "/model")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = model.Close() }()
	var pictures []image.Image
	for _, name := range []string{"000.png", "001.png"} {
		picture, err := decode.Open(os.DirFS(formats), "data/test/arrow/"+name, decode.DefaultLimits)
		if err != nil {
			log.Fatal(err)
		}
		pictures = append(pictures, picture)
	}
	embeddings, err := model.Embed(context.Background(), pictures...)
	if err != nil {
		log.Fatal(err)
	}
	c, err := model.Compare(context.Background(), pictures[0], pictures[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(embeddings), "embeddings of length", model.Dim())
	fmt.Printf("distance %.3f, same: %t\n", c.Distance, c.Same)
	// Output:
	// 2 embeddings of length 4
	// distance 0.119, same: true
}

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

// Command nearest prints the pictures of a model's gallery that are nearest to each file:
//
//	nearest MODEL FILE…
package main

import (
	"context"
	"fmt"
	"image"
	"log"
	"os"

	"github.com/tfpair/tfpair/models"
)

func main() {
	model, err := models.Load(os.Args[1]) // once: any number of goroutines share it
	if err != nil {
		log.Fatal(err)
	}
	reader := model.Reader() // decodes files as the training did
	var images []image.Image
	for _, name := range os.Args[2:] {
		img, err := reader.Open(os.DirFS("."), name)
		if err != nil {
			log.Fatal(err)
		}
		images = append(images, img)
	}
	lists, err := model.Search(context.Background(), images, 3)
	if err != nil {
		log.Fatal(err)
	}
	for i, hits := range lists {
		for _, hit := range hits {
			fmt.Println(os.Args[2+i], hit.ID, hit.Class, hit.Distance, hit.Accepted)
		}
	}
	if err := model.Close(); err != nil {
		log.Fatal(err)
	}
}

// Command tfgo compares pairs of images with a model that tfpair exported, and knows
// nothing of tfpair: it uses tfgo alone.
//
//	tfgo MODEL/1 LEFT RIGHT
//
// LEFT and RIGHT hold the pixels of as many images each, RGB, resized to the model's size,
// one byte per channel. It prints a JSON object per pair.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log"
	"os"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	tg "github.com/galeone/tfgo"
)

// batch is how many pairs go through the network at once.
const batch = 50

// pair is what the model says of two images.
type pair struct {
	Left     []float32 `json:"left"` // embeddings [D]
	Right    []float32 `json:"right"`
	Distance float32   `json:"distance"`
	Same     bool      `json:"same"`
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: tfgo MODEL/1 LEFT RIGHT")
	}
	model := tg.LoadModel(os.Args[1], []string{"serve"}, nil)
	left, right := open(os.Args[2]), open(os.Args[3])
	shape, err := model.Op("serving_default_images", 0).Shape().ToSlice() // [-1,S,S,3]
	check(err)
	out := json.NewEncoder(os.Stdout)
	for {
		a, b := read(left, shape), read(right, shape)
		if a == nil || b == nil {
			return
		}
		for _, p := range compare(model, a, b) {
			check(out.Encode(p))
		}
	}
}

func open(path string) io.Reader {
	f, err := os.Open(path)
	check(err)
	return bufio.NewReader(f)
}

// read returns the next images, batch of them or fewer, nil at the end.
func read(r io.Reader, shape []int64) *tf.Tensor {
	size := shape[1] * shape[2] * shape[3]
	pixels, err := io.ReadAll(io.LimitReader(r, batch*size))
	check(err)
	n := int64(len(pixels)) / size
	if n == 0 {
		return nil
	}
	whole := append([]int64{n}, shape[1:]...)
	images, err := tf.ReadTensor(tf.Uint8, whole, bytes.NewReader(pixels))
	check(err)
	return images
}

// compare runs both signatures of the model on the images of a batch.
func compare(model *tg.Model, left, right *tf.Tensor) []pair {
	embed := func(images *tf.Tensor) [][]float32 {
		return model.Exec(
			[]tf.Output{model.Op("serving_default_embedding", 0)},
			map[tf.Output]*tf.Tensor{model.Op("serving_default_images", 0): images},
		)[0].Value().([][]float32)
	}
	scores := model.Exec(
		[]tf.Output{model.Op("compare_distance", 0), model.Op("compare_same", 0)},
		map[tf.Output]*tf.Tensor{model.Op("compare_left", 0): left, model.Op("compare_right", 0): right},
	)
	distance, same := scores[0].Value().([]float32), scores[1].Value().([]bool)
	a, b := embed(left), embed(right)
	pairs := make([]pair, len(distance))
	for i := range pairs {
		pairs[i] = pair{Left: a[i], Right: b[i], Distance: distance[i], Same: same[i]}
	}
	return pairs
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

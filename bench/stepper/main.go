// Command stepper is tfpair's peer of the benchmarks of a step: it makes steps on request, by
// the same code as the program.
//
//	stepper siamese    training steps of program 1, 32 pairs
//	stepper triplet    training steps of program 2, 32 triplets
//	stepper resnet     training steps of ResNet50, 4 pairs of 224×224
//	stepper extract    features of EfficientNet-Lite0, 32 images of 224×224
//	stepper model FOLDER N    embeddings of N images of noise, by an exported model
//	stepper layers FOLDER N   what the operations of that take, printed once
//	stepper decode FOLDER SIZE go|runtime    a JPEG file of a folder, brought to a size
//
// It makes one step and prints {"event": "first_step"}; then, for each line "run K"
// of its input, it makes K steps and prints {"event": "steps", "seconds": […]}.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/tfpair/tfpair/graphs/spec"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "stepper:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 1 {
		switch args[0] {
		case "siamese":
			return train(spec.DefaultPreset, nil, pairs)
		case "triplet":
			return train("triplet", nil, triplets)
		case "resnet":
			return train(spec.DefaultPreset, resNet, pairs)
		case "extract":
			return extract()
		}
	}
	if len(args) == 3 && args[0] == "model" {
		return embed(args[1], args[2])
	}
	if len(args) == 3 && args[0] == "layers" {
		return layers(args[1], args[2])
	}
	if len(args) == 4 && args[0] == "decode" {
		return decodeFiles(args[1], args[2], args[3])
	}
	return fmt.Errorf("arguments %q: want siamese, triplet, resnet, extract, model FOLDER N, layers FOLDER N or decode FOLDER SIZE DECODER", args)
}

// serve makes steps on request, as the package comment says.
func serve(step func() error) error {
	if err := step(); err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(map[string]any{"event": "first_step"}); err != nil {
		return err
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var k int
		if _, err := fmt.Sscanf(in.Text(), "run %d", &k); err != nil {
			return fmt.Errorf("request %q: %w", in.Text(), err)
		}
		seconds := make([]float64, k)
		for i := range seconds {
			start := time.Now()
			if err := step(); err != nil {
				return err
			}
			seconds[i] = time.Since(start).Seconds()
		}
		if err := out.Encode(map[string]any{"event": "steps", "seconds": seconds}); err != nil {
			return err
		}
	}
	return nil
}

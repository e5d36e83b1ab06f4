// Command stepper is tfpair's peer of the step benchmark: it makes training steps
// of program 1 on request, by the same code as `tfpair train`.
//
// It makes one step and prints {"event": "first_step"}; then, for each line "run K"
// of its input, it makes K steps and prints {"event": "steps", "seconds": […]}.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/tfpair/tfpair/models/spec"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/session"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "stepper:", err)
		os.Exit(1)
	}
}

func serve() error {
	s, err := spec.Preset(spec.DefaultPreset)
	if err != nil {
		return err
	}
	n, err := network.Open(s, session.Options{})
	if err != nil {
		return err
	}
	defer n.Close()
	if err := n.Start(0); err != nil {
		return err
	}
	batch, steps := noise(s), 0
	step := func() error {
		_, err := n.Step(batch, steps)
		steps++
		return err
	}
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

// noise returns a batch of pairs of images of noise, no image twice: what a step
// costs does not depend on what it sees.
func noise(s *spec.Spec) *pipeline.Batch {
	r := rand.New(rand.NewPCG(0, 0))
	pairs, size := s.Train.BatchSize, s.Input.Size
	b := &pipeline.Batch{Size: size, Pixels: make([]uint8, 2*pairs*size*size*3)}
	for i := range b.Pixels {
		b.Pixels[i] = uint8(r.UintN(256))
	}
	for i := range pairs {
		b.Left, b.Right = append(b.Left, int32(2*i)), append(b.Right, int32(2*i+1))
		b.Same = append(b.Same, float32(i%2))
	}
	return b
}

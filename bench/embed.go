package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// embedRounds is how often all of embed's sides are measured, one after another.
const embedRounds = 3

// embedding is images per second on the grocery test photos, per round, and processor seconds of an image.
type embedding struct {
	Images    int                  `json:"images"`
	Load      []float64            `json:"load"`                    // of the machine, before each round
	Decode    []float64            `json:"decode"`                  // alone, on all cores
	Network   []float64            `json:"network"`                 // alone, on all cores
	Embed     []float64            `json:"embed"`                   // tfpair embed, which does both at the same time
	Before    []float64            `json:"before"`                  // tfpair embed of Commit, with weights as variables
	Commit    string               `json:"before_commit,omitempty"` // "": today's program, with Go's decoder, was measured for it
	Processor map[string][]float64 `json:"processor"`               // by the names above; start-up is left out
}

// embedModels are what tfpair embed is measured with: the arguments of an export.
var embedModels = map[string]func(ctx context.Context, o options, folder string) ([]string, error){
	"program1": func(ctx context.Context, o options, folder string) ([]string, error) {
		run := filepath.Join(folder, "run")
		_, err := complete(ctx, "tfpair train", siameseArguments(o, run, "train.steps=10"), &line{})
		return []string{"--run", run}, err
	},
	"efficientnet-lite0": func(ctx context.Context, o options, _ string) ([]string, error) {
		weights, err := fetchWeights(ctx, o)
		return []string{"--weights", weights}, err
	},
}

// embed measures tfpair embed against its parts, and against tfpair of beforeCommit.
func embed(ctx context.Context, o options) error {
	r, err := openResults(o, "embed")
	if err != nil {
		return err
	}
	for _, name := range []string{"program1", "efficientnet-lite0"} {
		e, err := row(o, r, name, func() (embedding, error) {
			return withFolder(func(folder string) (embedding, error) { return embeddingOf(ctx, o, folder, name) })
		})
		if err != nil {
			return err
		}
		e.say(o, name)
	}
	return nil
}

func (e embedding) say(o options, name string) {
	bound, before := e.ratios()
	fmt.Fprintf(o.out, "%s, %d images: decode %.0f, network %.0f, embed %.0f images/s, before %.0f\n", name, e.Images,
		spread(e.Decode).Median, spread(e.Network).Median, spread(e.Embed).Median, spread(e.Before).Median)
	fmt.Fprintf(o.out, "embed is %.2f of both parts on the same cores (%.2f to %.2f in %d rounds), %.2f × before (%.2f to %.2f)\n",
		bound.Median, bound.Low, bound.High, len(e.Embed), before.Median, before.Low, before.High)
	parts := spread(e.Processor["decode"]).Median + spread(e.Processor["network"]).Median
	whole := over(e.Processor, "before", "embed")
	fmt.Fprintf(o.out, "by processor time %.2f of both parts, %.2f × before (%.2f to %.2f); load %.1f to %.1f\n",
		parts/spread(e.Processor["embed"]).Median, whole.Median, whole.Low, whole.High, slices.Min(e.Load), slices.Max(e.Load))
}

// ratios compares embed, round by round, with what is left for both parts where they share the cores,
// 1 / (1/decode + 1/network), and with what it was before.
func (e embedding) ratios() (bound, before quantiles) {
	var ofBound, ofBefore []float64
	for i, speed := range e.Embed {
		ofBound = append(ofBound, speed*(1/e.Decode[i]+1/e.Network[i]))
		ofBefore = append(ofBefore, speed/e.Before[i])
	}
	return spread(ofBound), spread(ofBefore)
}

// embedSide is a program that embeds, and its model.
type embedSide struct {
	program string
	flags   []string
	model   string
}

// exportTo exports what is measured with o's program, in a form, into a new folder.
func exportTo(ctx context.Context, o options, folder, name, form string) (model string, err error) {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return "", err
	}
	from, err := embedModels[name](ctx, o, folder)
	if err != nil {
		return "", err
	}
	model = filepath.Join(folder, "model")
	_, err = complete(ctx, "tfpair export", append([]string{o.tfpair, "export", "--json", "--form", form, "--out", model}, from...), &line{})
	return model, err
}

func embeddingOf(ctx context.Context, o options, folder, name string) (e embedding, err error) {
	before, err := o.buildBefore(ctx, folder)
	if err != nil {
		return e, err
	}
	ours, theirs := embedSide{program: o.tfpair, flags: []string{"--pixel-cache", "0"}}, embedSide{program: before.tfpair}
	if ours.model, err = exportTo(ctx, o, filepath.Join(folder, "now"), name, "folded"); err != nil {
		return e, err
	}
	if theirs.model, err = exportTo(ctx, before, filepath.Join(folder, "before"), name, "trainable"); err != nil {
		return e, err
	}
	photos := filepath.Join(o.grocery(), "test")
	single, err := onePhoto(photos, filepath.Join(folder, "one"))
	if err != nil {
		return e, err
	}
	e.Commit, e.Processor = beforeCommit, map[string][]float64{}
	for range embedRounds {
		e.Load = append(e.Load, load())
		if err := e.parts(ctx, o, ours.model, photos); err != nil {
			return e, err
		}
		speed, err := e.side(ctx, "embed", ours, single, photos)
		if err != nil {
			return e, err
		}
		was, err := e.side(ctx, "before", theirs, single, photos)
		if err != nil {
			return e, err
		}
		e.Embed, e.Before = append(e.Embed, speed), append(e.Before, was)
	}
	return e, nil
}

// parts measures decoding and the network, each alone.
func (e *embedding) parts(ctx context.Context, o options, model, photos string) error {
	var p struct {
		Decode           float64
		Network          float64
		DecodeProcessor  float64 `json:"decode_processor"`
		NetworkProcessor float64 `json:"network_processor"`
	}
	if _, err := complete(ctx, "embedder", []string{o.embedder, "parts", model, photos}, &p); err != nil {
		return err
	}
	e.Decode, e.Network = append(e.Decode, p.Decode), append(e.Network, p.Network)
	e.Processor["decode"] = append(e.Processor["decode"], p.DecodeProcessor)
	e.Processor["network"] = append(e.Processor["network"], p.NetworkProcessor)
	return nil
}

// side measures a program that embeds, and returns its images per second. What it takes for a single image is its start-up.
func (e *embedding) side(ctx context.Context, name string, s embedSide, single, photos string) (speed float64, err error) {
	_, start, _, err := s.embed(ctx, single)
	if err != nil {
		return 0, err
	}
	images, processor, speed, err := s.embed(ctx, photos)
	e.Images = images
	e.Processor[name] = append(e.Processor[name], (processor-start)/float64(images))
	return speed, err
}

// embed embeds data, and returns the processor seconds of the program from its start to its end, and its images per second.
func (s embedSide) embed(ctx context.Context, data string) (images int, processor, speed float64, err error) {
	out := s.model + ".npy"
	var whole struct {
		Images  int
		Seconds float64
	}
	argv := append([]string{s.program, "embed", "--json", "--model", s.model, "--data", data, "--out", out, "--overwrite"}, s.flags...)
	used, err := completeUsing(ctx, "tfpair embed", argv, &whole)
	return whole.Images, used.Processor, float64(whole.Images) / whole.Seconds, err
}

// onePhoto makes a folder with the first photo of another one.
func onePhoto(photos, folder string) (string, error) {
	var path string
	err := filepath.WalkDir(photos, func(p string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(p) == ".jpg" {
			path = p
			return fs.SkipAll
		}
		return err
	})
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	return folder, os.WriteFile(filepath.Join(folder, filepath.Base(path)), data, 0o644)
}

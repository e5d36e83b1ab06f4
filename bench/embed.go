package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/tfpair/tfpair/models"
)

// embedRounds is how often all of embed's sides are measured, one after another.
const embedRounds = 3

// embedding is images per second on the grocery test photos, per round, and processor seconds of an image.
type embedding struct {
	Images    int                  `json:"images"`
	Load      []float64            `json:"load"`      // of the machine, before each round
	Decode    []float64            `json:"decode"`    // alone, on all cores
	Network   []float64            `json:"network"`   // alone, on all cores
	Embed     []float64            `json:"embed"`     // tfpair embed, which does both at the same time
	Before    []float64            `json:"before"`    // tfpair embed with a model whose manifest names no decoder and whose form is trainable
	Processor map[string][]float64 `json:"processor"` // by the names above; start-up is left out
}

// embedModels are what tfpair embed is measured with.
var embedModels = map[string]func(ctx context.Context, o options, folder string) (model, before string, err error){
	"program1": func(ctx context.Context, o options, folder string) (string, string, error) {
		return embedForms(ctx, o, folder, func() ([]string, error) {
			run := filepath.Join(folder, "run")
			_, err := complete(ctx, "tfpair train", siameseArguments(o, run, "train.steps=10"), &line{})
			return []string{"--run", run}, err
		})
	},
	"efficientnet-lite0": func(ctx context.Context, o options, folder string) (string, string, error) {
		return embedForms(ctx, o, folder, func() ([]string, error) {
			weights, err := fetchWeights(ctx, o)
			return []string{"--weights", weights}, err
		})
	},
}

// embed measures tfpair embed against its parts, and against what it was without the runtime's decoder and folded models.
func embed(ctx context.Context, o options) error {
	r, err := openResults(o, "embed")
	if err != nil {
		return err
	}
	for _, name := range []string{"program1", "efficientnet-lite0"} {
		e, err := row(o, r, name, func() (embedding, error) {
			return withFolder(func(folder string) (embedding, error) {
				model, before, err := embedModels[name](ctx, o, folder)
				if err != nil {
					return embedding{}, err
				}
				return embedRoundsOf(ctx, o, folder, model, before)
			})
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

// embedForms exports what source makes: as it is by default, and as it was before there were folded models and the
// runtime's decoder.
func embedForms(ctx context.Context, o options, folder string, source func() ([]string, error)) (model, before string, err error) {
	from, err := source()
	if err != nil {
		return "", "", err
	}
	model, before = filepath.Join(folder, "model"), filepath.Join(folder, "before")
	for out, form := range map[string]string{model: "folded", before: "trainable"} {
		argv := append([]string{o.tfpair, "export", "--json", "--form", form, "--out", out}, from...)
		if _, err := complete(ctx, "tfpair export", argv, &line{}); err != nil {
			return "", "", err
		}
	}
	return model, before, withoutDecoder(filepath.Join(before, "1"))
}

// withoutDecoder makes the model in a folder one whose pictures Go decodes.
func withoutDecoder(folder string) error {
	m, err := models.ReadManifest(folder)
	if err != nil {
		return err
	}
	m.Preprocessing.Decoder = ""
	text, err := m.Seal()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, models.ManifestName), text, 0o644)
}

func embedRoundsOf(ctx context.Context, o options, folder, model, before string) (e embedding, err error) {
	photos := filepath.Join(o.grocery(), "test")
	single, err := onePhoto(photos, filepath.Join(folder, "one"))
	if err != nil {
		return e, err
	}
	e.Processor = map[string][]float64{}
	for i := range embedRounds {
		e.Load = append(e.Load, load())
		var p struct {
			Decode           float64
			Network          float64
			DecodeProcessor  float64 `json:"decode_processor"`
			NetworkProcessor float64 `json:"network_processor"`
		}
		if _, err := complete(ctx, "embedder", []string{o.embedder, "parts", model, photos}, &p); err != nil {
			return e, err
		}
		e.Decode, e.Network = append(e.Decode, p.Decode), append(e.Network, p.Network)
		e.Processor["decode"] = append(e.Processor["decode"], p.DecodeProcessor)
		e.Processor["network"] = append(e.Processor["network"], p.NetworkProcessor)
		for _, side := range []struct {
			name, model string
			to          *[]float64
		}{{"embed", model, &e.Embed}, {"before", before, &e.Before}} {
			out := filepath.Join(folder, side.name+strconv.Itoa(i))
			_, start, _, err := embedOnce(ctx, o, side.model, single, out+".one.npy")
			if err != nil {
				return e, err
			}
			images, processor, speed, err := embedOnce(ctx, o, side.model, photos, out+".npy")
			if err != nil {
				return e, err
			}
			e.Images, *side.to = images, append(*side.to, speed)
			e.Processor[side.name] = append(e.Processor[side.name], (processor-start)/float64(images))
		}
	}
	return e, nil
}

// embedOnce runs tfpair embed, and returns its processor seconds from start to end, and its images per second.
func embedOnce(ctx context.Context, o options, model, data, out string) (images int, processor, speed float64, err error) {
	c, err := start(ctx, "tfpair embed", []string{o.tfpair, "embed", "--json", "--pixel-cache", "0", "--model", model, "--data", data, "--out", out})
	if err != nil {
		return 0, 0, 0, err
	}
	var whole struct {
		Images  int
		Seconds float64
	}
	if err := c.await("summary", &whole); err != nil {
		return 0, 0, 0, err
	}
	if err := c.end(); err != nil {
		return 0, 0, 0, err
	}
	used := c.cmd.ProcessState
	return whole.Images, (used.UserTime() + used.SystemTime()).Seconds(), float64(whole.Images) / whole.Seconds, nil
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

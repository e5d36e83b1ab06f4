package report

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/workers"
)

// mostSprite is the longest side of a picture that browsers draw everywhere, in pixels.
const mostSprite = 8192

// Projector writes what was measured into a folder as TensorBoard's embedding projector reads it: embeddings, paths and classes, and
// small pictures. Beside them are the examples of the page, as TensorBoard's pictures. Of more pictures than a browser draws, the first are shown. Errors are that of ctx and those of the files.
func Projector(ctx context.Context, folder string, s Source, now time.Time) error {
	sub := s.subject()
	across := mostSprite / smallSide
	shown := min(sub.mapped, across*across)
	for across > 1 && (across-1)*(across-1) >= shown { // the smallest square that holds all
		across--
	}
	sprite := image.NewNRGBA(image.Rect(0, 0, across*smallSide, across*smallSide))
	workers.Each(shown, func() func(int) {
		return func(i int) {
			if ctx.Err() != nil {
				return
			}
			if img := sub.pictures[i].open(); img != nil {
				putAt(sprite, fitted(img, smallSide), image.Pt(i%across*smallSide, i/across*smallSide))
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	var pictures bytes.Buffer
	if err := jpeg.Encode(&pictures, sprite, &jpeg.Options{Quality: qualities[0]}); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	config := fmt.Sprintf("embeddings {\n  tensor_name: %q\n  tensor_path: \"tensors.tsv\"\n  metadata_path: \"metadata.tsv\"\n"+
		"  sprite {\n    image_path: \"sprite.jpg\"\n    single_image_dim: %d\n    single_image_dim: %d\n  }\n}\n", s.Title, smallSide, smallSide)
	for _, f := range []struct {
		name string
		text []byte
	}{{"tensors.tsv", sub.tensors(shown)}, {"metadata.tsv", sub.metadata(shown)}, {"sprite.jpg", pictures.Bytes()}, {"projector_config.pbtxt", []byte(config)}} {
		if err := aside.WriteFile(filepath.Join(folder, f.name), f.text); err != nil {
			return err
		}
	}
	return sub.summaries(folder, now)
}

// tensors returns the first embeddings, a line each.
func (s *subject) tensors(n int) []byte {
	var b []byte
	for i := range n {
		for d, v := range s.embeddings[i*s.dim:][:s.dim] {
			if d > 0 {
				b = append(b, '\t')
			}
			b = strconv.AppendFloat(b, float64(v), 'g', 6, 32)
		}
		b = append(b, '\n')
	}
	return b
}

// metadata returns the names of the first pictures, a line each, below a header. What ends a field or a line is a space.
func (s *subject) metadata(n int) []byte {
	plain := strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")
	var b bytes.Buffer
	b.WriteString("path\tclass\n")
	for _, p := range s.pictures[:n] {
		fmt.Fprintf(&b, "%s\t%s\n", plain.Replace(p.Path), plain.Replace(p.Class))
	}
	return b.Bytes()
}

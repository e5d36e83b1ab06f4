package graphs

import (
	"math"
	"testing"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/names"
)

// mirror returns images [N,side,side,3] with left and right exchanged, pixel by pixel.
func mirror(images []uint8, side int) []uint8 {
	turned := make([]uint8, len(images))
	for i := range images {
		channel, column, row := i%3, i/3%side, i/3/side
		turned[i] = images[(row*side+side-1-column)*3+channel]
	}
	return turned
}

// unit returns x/‖x‖.
func unit(x []float64) []float64 {
	norm2 := 0.0
	for _, v := range x {
		norm2 += v * v
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v / math.Sqrt(norm2)
	}
	return y
}

// TestViews: the embedding is the direction between those of the image and of its mirror image, as the
// network without views gives them: in training graphs, from images and from features, and in exported ones. The
// loss sees images as they are.
func TestViews(t *testing.T) {
	for _, c := range []struct {
		name string
		spec func(set ...string) *spec.Spec
		side int
	}{
		{"whole", func(set ...string) *spec.Spec { return small(t, set...) }, 12},
		{"batch norm", func(set ...string) *spec.Spec {
			return small(t, append([]string{"backbone={conv4: {filters: 2}}", "input.size=16"}, set...)...)
		}, 16},
		{"frozen", func(set ...string) *spec.Spec { return cut(t, "stage8", set...) }, 32},
		{"all frozen", func(set ...string) *spec.Spec { return cut(t, "all", set...) }, 32},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := []string{"loss=contrastive", "distance=cosine"}
			plain := open(t, mustBuild(t, c.spec(set...)))
			viewed := open(t, mustBuild(t, c.spec(append(set, "embed.views=flip")...)))
			pixels := make([]uint8, 3*c.side*c.side*3)
			for i := range pixels {
				pixels[i] = uint8(i * i >> 2)
			}
			shape := []int64{3, int64(c.side), int64(c.side), 3}
			images, turned := tensorOf(t, pixels, shape), tensorOf(t, mirror(pixels, c.side), shape)
			as := plain.run(t, map[string]any{names.Images: images}, names.Embedding)
			other := plain.run(t, map[string]any{names.Images: turned}, names.Embedding)
			dim := plain.EmbeddingDim
			want := make([]float32, 0, len(as))
			for i := 0; i < len(as); i += dim {
				a, b, sum := make([]float64, dim), make([]float64, dim), make([]float64, dim)
				for k := range dim {
					a[k], b[k] = float64(as[i+k]), float64(other[i+k])
				}
				a, b = unit(a), unit(b)
				for k := range dim {
					sum[k] = a[k] + b[k]
				}
				for _, x := range unit(sum) {
					want = append(want, float32(x))
				}
			}
			alike(t, "images", viewed.run(t, map[string]any{names.Images: images}, names.Embedding), want, 1e-5)
			alike(t, "training", viewed.run(t, map[string]any{names.Images: images}, names.TrainingEmbedding),
				plain.run(t, map[string]any{names.Images: images}, trainingOf(plain)), 1e-6)
			if viewed.Features != nil {
				features := viewed.run(t, map[string]any{names.Images: images}, names.Features)
				fed := tensorOf(t, features, append([]int64{3}, viewed.Features...))
				alike(t, "features", viewed.run(t, map[string]any{names.Features: fed}, names.Embedding), want, 1e-5)
			}
		})
	}
}

// trainingOf returns the name of the embedding that the loss of m sees.
func trainingOf(m machine) string {
	if m.Modes {
		return names.TrainingEmbedding
	}
	return names.Embedding
}

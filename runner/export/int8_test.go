package export

import (
	"context"
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// drawn returns data of drawn pictures in class folders, of which some are no pictures.
func drawn(t *testing.T, bad ...string) *dataset.Dataset {
	t.Helper()
	files, err := sample.Files(sample.Options{Classes: 4, Train: 16, Test: 2, Size: 32})
	if err != nil {
		t.Fatal(err)
	}
	all := fstest.MapFS{}
	for name, data := range files {
		all["data/"+name] = &fstest.MapFile{Data: data}
	}
	for _, name := range bad {
		all["data/"+name] = &fstest.MapFile{Data: []byte("no picture")}
	}
	data, err := dataset.Open(dataset.Options{Data: "data", FS: all})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// opened opens drawn pictures as a training did that grouped nothing.
func opened(t *testing.T) func(context.Context, string) (*dataset.Dataset, error) {
	return func(_ context.Context, groupBy string) (*dataset.Dataset, error) {
		if groupBy != "" {
			t.Errorf("groups by %q, want none", groupBy)
		}
		return drawn(t), nil
	}
}

// onDrawn makes a run one on drawn pictures.
func onDrawn(t *testing.T) func(*checkpoint.Checkpoint, *trained.State) {
	t.Helper()
	s, err := spec.Preset(spec.DefaultPreset)
	if err != nil {
		t.Fatal(err)
	}
	data := drawn(t)
	if err := data.Assign(trained.Splits(s)); err != nil {
		t.Fatal(err)
	}
	return func(_ *checkpoint.Checkpoint, state *trained.State) { state.Fingerprint = data.Fingerprint() }
}

// TestInt8: networks of each kind of layer become int8 as a whole, are loaded, and embed nearly as before: cosines
// of 0.99 and more, where each number has a step of 1/255 of its range. Their space is another one.
func TestInt8(t *testing.T) {
	for set, layers := range map[string]int{
		"input.size=32": 2, // plain: convolutions with pools between
		"input.size=32 backbone.conv4.filters=8 distance=cosine loss=contrastive":                                                     4,
		"input.size=32 backbone.smallresnet.depth=8 backbone.smallresnet.width=1":                                                     9, // additions, of a shortcut without a relu, too
		"input.size=32 backbone.resnet50.stride_on=3x3 backbone.resnet50.preprocess=torch head=none distance=cosine loss=contrastive": 53,
		"input.size=32 backbone=mobilenetv2 head=none distance=cosine loss=contrastive":                                               52, // depthwise, relu6, no relu
		"input.size=32 backbone=efficientnet-lite0 head=none distance=cosine loss=contrastive":                                        49,
	} {
		t.Run(set, func(t *testing.T) {
			folder, out := trainedtest.Run(t, onDrawn(t), strings.Split(set, " ")...), filepath.Join(t.TempDir(), "model")
			c := config(folder, out)
			c.Int8 = &Int8{Data: opened(t), MaxDrop: 100}
			r, err := Run(context.Background(), c)
			if err != nil {
				t.Fatal(err)
			}
			q := r.Manifest.Quantized
			if q == nil || len(q.Layers) != layers || len(q.Float) != 0 {
				t.Fatalf("quantized is %+v, want %d layers in int8", q, layers)
			}
			t.Logf("%s: cosine %.5f, before %v, after %v", q.Method, q.Cosine, q.Before["auc"], q.After["auc"])
			if !(q.Cosine >= 0.99) {
				t.Errorf("mean cosine %g, want 0.99", q.Cosine)
			}
			if got := slices.Sorted(maps.Keys(q.Before)); !slices.Equal(got, []string{"accuracy", "auc", "recall@1"}) {
				t.Errorf("measured were %q", got)
			}
			for name := range q.Before {
				before, after, change := q.BeforeIntervals[name], q.AfterIntervals[name], q.ChangeIntervals[name]
				holds := func(i models.Interval, value float64) bool {
					return i.Low <= value && value <= i.High && i.Low < i.High && i.Level == 0.95
				}
				if !holds(before, q.Before[name]) || !holds(after, q.After[name]) || !holds(change, q.After[name]-q.Before[name]) {
					t.Errorf("%s: %g in %+v before, %g in %+v after, change in %+v", name, q.Before[name], before, q.After[name], after, change)
				}
			}
			if q.FloatSpace == r.Manifest.Space || !strings.Contains(r.Manifest.Threshold.Source, "int8") {
				t.Errorf("space %s of float32 %s, threshold from %q", r.Manifest.Space, q.FloatSpace, r.Manifest.Threshold.Source)
			}
			whole, apart := embedNoise(t, out, models.InBatches()), embedNoise(t, out)
			for i := range whole {
				if math.Abs(float64(whole[i]-apart[i])) > 1e-5*math.Max(1, math.Abs(float64(whole[i]))) {
					t.Fatalf("number %d is %g where threads share operations and %g where each has images of its own", i, whole[i], apart[i])
				}
			}
		})
	}
}

// embedNoise returns the embeddings of seven images, of a model with three threads.
func embedNoise(t *testing.T, folder string, options ...models.Option) []float32 {
	t.Helper()
	m, err := models.Load(folder, append(options, models.WithThreads(3))...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	const images = 7
	size, random := m.Info().Manifest.Preprocessing.Size, rand.New(rand.NewPCG(0, 0))
	pixels := make([]uint8, images*size*size*3)
	for i := range pixels {
		pixels[i] = uint8(random.UintN(256))
	}
	embeddings, err := m.EmbedPixels(context.Background(), pixels)
	if err != nil || len(embeddings) != images*m.Dim() {
		t.Fatalf("%d numbers of %d images (%v)", len(embeddings), images, err)
	}
	return embeddings
}

// TestInt8Refuses: what costs too much is refused with the layers that hurt most, and leaves nothing behind; layers
// that are to stay float32 do.
func TestInt8Refuses(t *testing.T) {
	folder, out := trainedtest.Run(t, onDrawn(t), "input.size=32"), filepath.Join(t.TempDir(), "model")
	c := config(folder, out)
	c.Int8 = &Int8{Data: opened(t), MaxDrop: -100} // a gain of one
	var drop *DropError
	if _, err := Run(context.Background(), c); !errors.As(err, &drop) || len(drop.Worst) != 2 {
		t.Errorf("Run = %v, want *DropError with both layers", err)
	}
	var other *DataError
	o := config(trainedtest.Run(t, nil, "input.size=32"), out)
	o.Int8 = c.Int8
	if _, err := Run(context.Background(), o); !errors.As(err, &other) || other.Run != "sha256:0" {
		t.Errorf("Run = %v, want *DataError: the run is of other data", err)
	}
	var layer *LayerError
	c.Int8.KeepFloat = []string{"conv9"}
	if _, err := Run(context.Background(), c); !errors.As(err, &layer) || !slices.Equal(layer.Known, []string{"conv1", "conv2"}) {
		t.Errorf("Run = %v, want *LayerError that knows conv1 and conv2", err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a refused export left its folder")
	}
	c.Int8 = &Int8{Data: opened(t), MaxDrop: 100, KeepFloat: []string{"conv1"}}
	r, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if q := r.Manifest.Quantized; !slices.Equal(q.Layers, []string{"conv2"}) || !slices.Equal(q.Float, []string{"conv1"}) {
		t.Errorf("int8 are %q, float32 %q", q.Layers, q.Float)
	}
	if r.Manifest.Form != models.Folded {
		t.Errorf("the form is %q", r.Manifest.Form)
	}
	t.Setenv("TF_ENABLE_ONEDNN_OPTS", "0")
	if _, err := models.Load(r.Path); !errors.Is(err, models.ErrNoInt8) {
		t.Errorf("without oneDNN: Load = %v, want ErrNoInt8", err)
	}
}

// TestInt8Bad: images that the training left out are left out. Of a user's images as many may be bad as is said, and they are named.
func TestInt8Bad(t *testing.T) {
	s, err := spec.Preset(spec.DefaultPreset)
	if err != nil {
		t.Fatal(err)
	}
	parts := drawn(t)
	if err := parts.Assign(trained.Splits(s)); err != nil {
		t.Fatal(err)
	}
	var bad []string
	for _, split := range []dataset.Split{dataset.Train, dataset.Val} {
		bad = append(bad, parts.Images[parts.In(split).Images[0]].Path)
	}
	open := func(context.Context, string) (*dataset.Dataset, error) { return drawn(t, bad...), nil }
	if parts = drawn(t, bad...); parts.Assign(trained.Splits(s)) != nil {
		t.Fatal("no splits")
	}
	leaving := func(skipped []string) func(*checkpoint.Checkpoint, *trained.State) {
		return func(_ *checkpoint.Checkpoint, state *trained.State) {
			state.Fingerprint, state.Skipped = parts.Fingerprint(), skipped
		}
	}
	c := config(trainedtest.Run(t, leaving(bad), "input.size=32"), filepath.Join(t.TempDir(), "model"))
	stages := map[string]int{}
	c.Int8 = &Int8{Data: open, MaxDrop: 100, Progress: func(stage string) func(done, total int) {
		return func(done, total int) { stages[stage] = total - done }
	}}
	r, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]int{observing: 0, measuring: 0}; !maps.Equal(stages, want) || len(r.Bad) > 0 {
		t.Errorf("of the stages %v is left to do, want %v; %d images are bad", stages, want, len(r.Bad))
	}
	c.Run = trainedtest.Run(t, leaving(nil), "input.size=32")
	var unreadable *decode.ImageError
	if _, err := Run(context.Background(), c); !errors.As(err, &unreadable) {
		t.Errorf("images that the training could read: %v, want *decode.ImageError", err)
	}

	c.Run = ""
	for share, wants := range map[float64]int{0: -1, 0.5: len(bad)} {
		c.Model, c.Int8.SkipBad = untrained(t), share
		r, err := Run(context.Background(), c)
		var many *pipeline.BadImagesError
		if wants < 0 {
			if !errors.As(err, &many) || len(many.Images) != len(bad) {
				t.Errorf("none may be bad: %v, want *pipeline.BadImagesError", err)
			}
		} else if err != nil || len(r.Bad) != wants {
			t.Errorf("half may be bad: %+v (%v), want %d left out", r, err, wants)
		}
	}
}

// untrained returns a network without training.
func untrained(t *testing.T) *trained.Model {
	t.Helper()
	s, err := spec.Preset(spec.DefaultPreset)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = s.Set("input.size=32", "backbone.conv4.filters=8", "head=none", "distance=cosine", "loss=contrastive"); err != nil {
		t.Fatal(err)
	}
	parts, err := graphs.Resolve(s)
	if err != nil {
		t.Fatal(err)
	}
	n, err := network.Open(parts, network.Own{}, session.Options{})
	if err == nil {
		err = n.Start(1)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &trained.Model{Network: n, Spec: s, State: trained.State{Pretrained: &models.Pretrained{}, BestStep: -1}}
}

// labelled returns photos of drawn figures with one drawing of each as its label image.
func labelled(t *testing.T) *dataset.Dataset {
	t.Helper()
	files, err := sample.Files(sample.Options{Classes: 4, Train: 16, Test: 2, Size: 32})
	if err != nil {
		t.Fatal(err)
	}
	all, rows := fstest.MapFS{}, []string{"image,label_image,class"}
	standsFor := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		all["data/"+name] = &fstest.MapFile{Data: files[name]}
		class := filepath.Base(filepath.Dir(name))
		if standsFor[class] == "" {
			standsFor[class] = name
			continue
		}
		rows = append(rows, strings.Join([]string{name, standsFor[class], class}, ","))
	}
	all["data/list.csv"] = &fstest.MapFile{Data: []byte(strings.Join(rows, "\n"))}
	data, err := dataset.Open(dataset.Options{Data: "data/list.csv", FS: all})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestInt8Labels: a model whose labels are images carries embeddings of them that the int8 network made, in its space,
// or those of the training where they are frozen; and a threshold of none of these that was measured with it.
func TestInt8Labels(t *testing.T) {
	for _, side := range []string{"frozen", "shared"} {
		t.Run(side, func(t *testing.T) {
			data := labelled(t)
			images := data.All().LabelImages()
			gallery, err := evaluate.DescribeLabels(data, images)
			if err != nil {
				t.Fatal(err)
			}
			vectors := make([]float32, 8*len(gallery))
			for i := range gallery {
				vectors[9*i] = 1
			}
			folder := trainedtest.Run(t, func(c *checkpoint.Checkpoint, s *trained.State) {
				s.Gallery = gallery
				trained.SetGallery(c, vectors, 8)
				parts, err := spec.Preset(spec.DefaultPreset)
				if err == nil {
					err = data.Assign(trained.Splits(parts))
				}
				if err != nil {
					t.Fatal(err)
				}
				s.Fingerprint = data.Fingerprint()
			}, "topology=feature", "loss=infonce", "sampler=labels", "target.side="+side)
			c := config(folder, filepath.Join(t.TempDir(), "model"))
			c.Int8 = &Int8{Data: func(context.Context, string) (*dataset.Dataset, error) { return labelled(t), nil }, MaxDrop: 100}
			r, err := Run(context.Background(), c)
			if err != nil {
				t.Fatal(err)
			}
			_, g := galleryOf(t, r.Path)
			if got := g.Vectors().Vector(1)[:2]; slices.Equal(got, []float32{0, 1}) != (side == "frozen") {
				t.Errorf("label image 1 is at %v, …; those of the training were made up", got)
			}
			if above := r.Manifest.NoneAbove; above == nil || !strings.Contains(above.Source, "int8") || r.Manifest.Accept() != *above {
				t.Errorf("none of these is above %+v", above)
			}
		})
	}
}

// TestInt8Untrained: a network without training is measured on pictures of the user's: on some of them ranges are
// observed, on the others cosines. It has no threshold. Both networks are timed.
func TestInt8Untrained(t *testing.T) {
	c := config("", filepath.Join(t.TempDir(), "model"))
	c.Model = untrained(t)
	var clock time.Time
	c.Int8 = &Int8{Data: opened(t), MaxDrop: 100, Now: func() time.Time { clock = clock.Add(time.Second); return clock }}
	r, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	q := r.Manifest.Quantized
	if q == nil || len(q.Layers) != 4 || !(q.Cosine > 0.99) || !r.Manifest.Uncalibrated() {
		t.Errorf("quantized %+v, threshold %+v; want 4 layers, a cosine above 0.99, and none", q, r.Manifest.Threshold)
	}
	if v := r.Speed; v == nil || v.Float != 8 || v.Int8 != 8 || v.Int8Bytes >= v.FloatBytes { // 8 images, 1 s by the clock
		t.Errorf("speed %+v, want 8 images/s of both, and fewer bytes in int8", v)
	}
}

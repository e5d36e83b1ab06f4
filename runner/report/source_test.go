package report

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tfpair/tfpair/internal/jsonline"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/resize"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// colours is a model of pictures: the embedding [3] is the mean colour.
type colours struct{ by distance.Distance }

func (colours) Dim() int                      { return 3 }
func (c colours) Distance() distance.Distance { return c.by }

func (colours) Embed(pixels []uint8) ([]float32, error) {
	const each = 3 * side * side
	var rows []float32
	for at := 0; at < len(pixels); at += each {
		var sum [3]float32
		for i, v := range pixels[at : at+each] {
			sum[i%3] += float32(v) / (side * side * 255)
		}
		rows = append(rows, sum[:]...)
	}
	return rows, nil
}

func (c colours) Compare(rows []float32, left, right []int32) (distances, probability []float32, err error) {
	return c.by.Pairs(rows, 3, left, right), nil, nil
}

// side is that of the pictures.
const side = 8

// kinds are classes and their colours; two are alike, and one name is markup.
var kinds = []struct {
	name   string
	colour [3]int
}{{"red", [3]int{220, 30, 30}}, {"<b>blue", [3]int{30, 30, 220}}, {"green", [3]int{30, 200, 40}}, {"lime", [3]int{50, 215, 45}}}

// painted returns files: so many pictures of each kind in test/KIND.
func painted(t *testing.T, each int) fstest.MapFS {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	files := fstest.MapFS{}
	for _, k := range kinds {
		for i := range each {
			img := image.NewNRGBA(image.Rect(0, 0, side, side))
			for p := range side * side {
				c := [3]uint8{}
				for channel, v := range k.colour {
					c[channel] = uint8(min(255, max(0, v+r.IntN(61)-30+(i%5-2)*12)))
				}
				img.SetNRGBA(p%side, p/side, color.NRGBA{c[0], c[1], c[2], 255})
			}
			var b bytes.Buffer
			if err := png.Encode(&b, img); err != nil {
				t.Fatal(err)
			}
			files[fmt.Sprintf("data/test/%s/%02d.png", k.name, i)] = &fstest.MapFile{Data: b.Bytes()}
		}
	}
	return files
}

// opened opens data in files.
func opened(t *testing.T, files fstest.MapFS, name, images string) (*dataset.Dataset, *pipeline.Store, colours) {
	t.Helper()
	data, err := dataset.Open(dataset.Options{Data: name, Images: images, FS: files})
	if err != nil {
		t.Fatal(err)
	}
	resizer, err := resize.New(resize.Options{Size: side, Mode: "squash", Filter: "linear"})
	if err != nil {
		t.Fatal(err)
	}
	by, err := distance.ByName("euclidean")
	if err != nil {
		t.Fatal(err)
	}
	store := pipeline.NewStore(data, pipeline.StoreOptions{Resizer: resizer})
	t.Cleanup(func() { store.Close(); data.Close() })
	return data, store, colours{by}
}

// ofClasses measures class folders.
func ofClasses(t *testing.T) Source {
	t.Helper()
	data, store, model := opened(t, painted(t, 12), "data", "")
	r, err := evaluate.Run(context.Background(), evaluate.Config{Model: model, Store: store, Data: data, Part: data.In(dataset.Test),
		Threshold: distance.Threshold{Value: 0.12, Source: "validation"}, Probability: &distance.Probability{Intercept: 3, Slope: -20}})
	if err != nil {
		t.Fatal(err)
	}
	return source(t, data, model, r, nil)
}

// ofRoles measures class folders of which every other picture is only searched, the first one among them.
func ofRoles(t *testing.T) Source {
	t.Helper()
	data, store, model := opened(t, painted(t, 12), "data", "")
	for i := range data.Images {
		data.Images[i].Searched = i%2 == 0
	}
	r, err := evaluate.Run(context.Background(), evaluate.Config{Model: model, Store: store, Data: data, Part: data.In(dataset.Test),
		Threshold: distance.Threshold{Value: 0.12, Source: "validation"}})
	if err != nil {
		t.Fatal(err)
	}
	return source(t, data, model, r, nil)
}

// ofLabelImages measures photos, one of each kind is the label image.
func ofLabelImages(t *testing.T) Source {
	t.Helper()
	files := painted(t, 10)
	var list strings.Builder
	list.WriteString("image,label_image,class,split\n")
	for _, k := range kinds {
		for i := 1; i < 10; i++ {
			fmt.Fprintf(&list, "test/%s/%02d.png,test/%s/00.png,%s,test\n", k.name, i, k.name, k.name)
		}
	}
	files["data/list.csv"] = &fstest.MapFile{Data: []byte(list.String())}
	data, store, model := opened(t, files, "data/list.csv", "")
	r, err := evaluate.Labels(context.Background(), evaluate.LabelConfig{Model: model, Store: store, Data: data, Part: data.In(dataset.Test),
		NoneAbove: &distance.Threshold{Value: 0.1, Source: "validation"}})
	if err != nil {
		t.Fatal(err)
	}
	return source(t, data, model, nil, r)
}

// ofList measures listed pairs, whose pictures have no classes.
func ofList(t *testing.T) Source {
	t.Helper()
	files := painted(t, 12)
	var list strings.Builder
	list.WriteString("left,right,same,split\n")
	for i := range 12 {
		for k, kind := range kinds {
			other := kinds[(k+1)%len(kinds)]
			fmt.Fprintf(&list, "test/%s/%02d.png,test/%s/%02d.png,1,test\n", kind.name, i, kind.name, (i+1)%12)
			fmt.Fprintf(&list, "test/%s/%02d.png,test/%s/%02d.png,0,test\n", kind.name, i, other.name, i)
		}
	}
	files["data/list.csv"] = &fstest.MapFile{Data: []byte(list.String())}
	data, store, model := opened(t, files, "data/list.csv", "")
	r, err := evaluate.Run(context.Background(), evaluate.Config{Model: model, Store: store, Data: data, Part: data.In(dataset.Test),
		Threshold: distance.Threshold{Value: 0.12, Source: "validation"}})
	if err != nil {
		t.Fatal(err)
	}
	return source(t, data, model, r, nil)
}

func source(t *testing.T, data *dataset.Dataset, model colours, pairs *evaluate.Report, labels *evaluate.LabelReport) Source {
	t.Helper()
	var numbers []byte
	var err error
	if pairs != nil {
		numbers, err = jsonline.Marshal("summary", pairs)
	} else {
		numbers, err = jsonline.Marshal("summary", labels)
	}
	if err != nil {
		t.Fatal(err)
	}
	h, err := ReadHistory(strings.NewReader(events))
	if err != nil {
		t.Fatal(err)
	}
	return Source{Title: "run on </script><b>data", About: []Fact{{"network", "colours <b>"}}, Data: data, Distance: model.Distance(), Pairs: pairs, Labels: labels,
		Numbers: numbers, History: h, Step: 20}
}

// events are those of a training that went on from step 10, whose last line was cut off.
const events = `{"event":"start","step":0,"train_images":40,"val_images":8,"notes":["a note"],"data":["--data","data"]}
{"event":"eval","step":0,"scores":{"metrics":{"auc":0.5,"accuracy":0.5,"recall@1":0.25,"recall@5":0.5},"effective_rank":2}}
{"event":"step","step":10,"loss":0.5}
{"event":"step","step":20,"loss":0.9}
{"event":"start","step":10,"train_images":40,"val_images":8,"data":["--data","data"]}
{"event":"step","step":20,"loss":0.25}
{"event":"eval","step":20,"scores":{"metrics":{"auc":0.9,"accuracy":0.8,"recall@1":0.75,"recall@5":1},"effective_rank":3}}
{"event":"step","st`

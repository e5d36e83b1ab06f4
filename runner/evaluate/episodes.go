package evaluate

import (
	"context"
	"slices"

	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/metric"
)

// Episodes are tasks of few-shot learning and how they came about.
type Episodes struct {
	List   []dataset.Episode
	Source string // "listed", or how they were drawn
}

// Images returns the distinct images of the episodes, ascending.
func (e Episodes) Images() []int32 {
	var images []int32
	for _, one := range e.List {
		images = append(append(images, one.Support...), one.Query...)
	}
	slices.Sort(images)
	return slices.Compact(images)
}

// FewShotConfig says what FewShot measures.
type FewShotConfig struct {
	Model    Embedder
	Store    *pipeline.Store
	Data     *dataset.Dataset
	Split    dataset.Split // the episodes are of, for the report
	Episodes Episodes
	Seed     uint64 // for the report
	Progress func(done, total int)
}

// FewShotReport is all that FewShot measures. Fields are only ever added.
type FewShotReport struct {
	Data        string    `json:"data"`
	Fingerprint string    `json:"fingerprint"`
	Split       string    `json:"split"`
	Images      int       `json:"images"`
	Episodes    int       `json:"episodes"`
	Source      string    `json:"episode_source"` // "listed", or "drawn, seed 0"
	Way         int       `json:"way"`            // classes to choose from, of the largest episode
	Shot        int       `json:"shot"`           // support images of a class, the most
	Queries     int       `json:"queries"`        // of all episodes
	Wrong       int       `json:"wrong"`
	Error       Measured  `json:"error"` // share of an episode's queries that are wrong, on average
	Seed        uint64    `json:"seed"`
	Exposure    *Exposure `json:"exposure,omitempty"` // set by who knows the training
}

// FewShot says each query to be of the class whose prototype is nearest by the model's
// distance, the first of several as near. The prototype of a class is the mean of the
// embeddings of its support: Snell et al., Prototypical Networks for Few-shot Learning,
// 2017, arXiv:1703.05175, section 2; with one support image it is that one.
//
// The interval is by episodes, because queries of one share classes and often their drawers.
func FewShot(ctx context.Context, c FewShotConfig) (*FewShotReport, error) {
	images := c.Episodes.Images()
	embeddings, err := Embed(ctx, c.Model, c.Store, images, c.Progress)
	if err != nil {
		return nil, err
	}
	row := make(map[int32]int, len(images))
	for i, image := range images {
		row[image] = i
	}
	dim := c.Model.Dim()
	of := func(image int32) []float32 { return embeddings[row[image]*dim:][:dim] }
	r := &FewShotReport{Data: c.Data.Name, Fingerprint: c.Data.Fingerprint(), Split: c.Split.String(),
		Images: len(images), Episodes: len(c.Episodes.List), Source: c.Episodes.Source, Seed: c.Seed}
	var shares []float64 // of wrong queries, by episode
	for _, e := range c.Episodes.List {
		wrong := c.wrong(e, of)
		r.count(e, wrong)
		shares = append(shares, float64(wrong)/float64(len(e.Query)))
	}
	r.Error = Measured{Name: "error", Better: metric.Lower}
	r.Error.Value, r.Error.Interval, err = metric.MeanOfEpisodes(shares)
	return r, err
}

// count adds an episode to the totals.
func (r *FewShotReport) count(e dataset.Episode, wrong int) {
	shots := make([]int, len(e.Support))
	for _, class := range e.Class {
		shots[class]++
	}
	r.Shot = max(r.Shot, slices.Max(shots))
	r.Way = max(r.Way, int(slices.Max(e.Class))+1)
	r.Queries += len(e.Query)
	r.Wrong += wrong
}

// wrong returns how many queries of an episode are put into a wrong class. of returns
// the embedding [D] of an image.
func (c FewShotConfig) wrong(e dataset.Episode, of func(image int32) []float32) int {
	rows, way := prototypes(e, of, c.Model.Dim()) // [way,D], then the queries
	for _, q := range e.Query {
		rows = append(rows, of(q)...)
	}
	var left, right []int32 // each query beside each prototype
	for q := range e.Query {
		for class := range way {
			left, right = append(left, int32(way+q)), append(right, int32(class))
		}
	}
	distance := c.Model.Distance().Pairs(rows, c.Model.Dim(), left, right)
	wrong := 0
	for q, answer := range e.Answer {
		if nearest(distance[q*way:][:way]) != int(answer) {
			wrong++
		}
	}
	return wrong
}

// prototypes returns the mean embedding [way,D] of the support of each class.
func prototypes(e dataset.Episode, of func(image int32) []float32, dim int) (mean []float32, way int) {
	way = int(slices.Max(e.Class)) + 1
	sums, counts := make([]float64, way*dim), make([]float64, way)
	for i, image := range e.Support {
		class := int(e.Class[i])
		for d, v := range of(image) {
			sums[class*dim+d] += float64(v)
		}
		counts[class]++
	}
	mean = make([]float32, way*dim)
	for i, sum := range sums {
		mean[i] = float32(sum / counts[i/dim])
	}
	return mean, way
}

// nearest returns the index of the smallest distance, the first of equal ones.
func nearest(distance []float32) int {
	best := 0
	for i, d := range distance {
		if d < distance[best] {
			best = i
		}
	}
	return best
}

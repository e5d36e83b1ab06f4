package train

import (
	"time"

	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/tensorboard"
)

// board shows a training to TensorBoard. Its file is made when there is something to show.
type board struct {
	folder string
	first  int // step from which this process trains
	writer *tensorboard.Writer
}

// Scalars names the numbers of an event of a training that has some, as TensorBoard shows them; none of any other.
func Scalars(e Event) (step int, values map[string]float64) {
	switch e := e.(type) {
	case Stepped:
		return e.Step, map[string]float64{
			"train/loss": e.Loss, "train/active": e.Active, "train/learning_rate": e.LearningRate,
			"train/images_per_second": e.ImagesPerSecond,
		}
	case Evaluated:
		return e.Step, scalars(e.Scores)
	}
	return 0, nil
}

// show adds the scalars of e, if it has any.
func (b *board) show(e Event, now time.Time) error {
	step, values := Scalars(e)
	if values == nil {
		return nil
	}
	if b.writer == nil {
		w, err := tensorboard.Create(b.folder, now, b.first)
		if err != nil {
			return err
		}
		b.writer = w
	}
	return b.writer.Scalars(now, step, values)
}

// scalars names the numbers of an evaluation on validation.
func scalars(s evaluate.Scores) map[string]float64 {
	values := map[string]float64{
		"val/threshold": s.Threshold, "val/spread": s.Spread, "val/effective_rank": s.Rank,
		"val/distance_same": s.Distances.PositiveMean, "val/distance_gap": s.Distances.Gap,
		"val/distance_different": s.Distances.NegativeMean,
	}
	if s.NoneAbove != nil {
		values["val/none_above"] = *s.NoneAbove
	}
	for name, value := range s.Metrics {
		values["val/"+name] = value
	}
	return values
}

func (b *board) close() error {
	if b.writer == nil {
		return nil
	}
	return b.writer.Close()
}

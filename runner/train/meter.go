package train

import "time"

// meter averages losses and counts images between two events, and losses between
// two evaluations.
type meter struct {
	since  time.Time
	loss   float64 // sum
	active float64 // sum
	steps  int
	images int
	sent   int64 // to the others, until since
	took   time.Duration

	epochLoss   float64 // sum since the last evaluation
	epochActive float64
	epochSteps  int
	trivial     float32 // loss of a collapsed training on the last batch looked at, 0 unknown
}

func newMeter(now time.Time) meter { return meter{since: now} }

// add counts a step by its loss and the share of its tuples that were active.
func (m *meter) add(loss, active float64, images int) {
	m.loss += loss
	m.active += active
	m.steps++
	m.images += images
	m.epochLoss += loss
	m.epochActive += active
	m.epochSteps++
}

// read sets the means of e since the last reset.
func (m *meter) read(e *Stepped, now time.Time) {
	if seconds := now.Sub(m.since).Seconds(); seconds > 0 {
		e.ImagesPerSecond = float64(m.images) / seconds
	}
	e.Loss, e.Active = m.loss/float64(m.steps), m.active/float64(m.steps)
}

// share sets what it takes to train with others, by what it has taken so far.
func (m *meter) share(e *Stepped, sent int64, took time.Duration) {
	e.ReduceBytes, e.ReduceSeconds = (sent-m.sent)/int64(m.steps), (took-m.took).Seconds()/float64(m.steps)
	if e.recorded {
		m.sent, m.took = sent, took
	}
}

func (m *meter) reset(now time.Time) {
	m.since, m.loss, m.active, m.steps, m.images = now, 0, 0, 0, 0
}

func (m *meter) resetEpoch() { m.epochLoss, m.epochActive, m.epochSteps = 0, 0, 0 }

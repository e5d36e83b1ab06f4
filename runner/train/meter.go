package train

import "time"

// meter averages losses and counts images between two events, and losses between
// two evaluations.
type meter struct {
	since  time.Time
	loss   float64 // sum
	steps  int
	images int

	epochLoss  float64 // sum since the last evaluation
	epochSteps int
}

func newMeter(now time.Time) meter { return meter{since: now} }

func (m *meter) add(loss float64, images int) {
	m.loss += loss
	m.steps++
	m.images += images
	m.epochLoss += loss
	m.epochSteps++
}

// read returns the mean loss and the images per second since the last reset.
func (m *meter) read(now time.Time) (loss, speed float64) {
	if seconds := now.Sub(m.since).Seconds(); seconds > 0 {
		speed = float64(m.images) / seconds
	}
	return m.loss / float64(m.steps), speed
}

func (m *meter) reset(now time.Time) { m.since, m.loss, m.steps, m.images = now, 0, 0, 0 }

func (m *meter) resetEpoch() { m.epochLoss, m.epochSteps = 0, 0 }

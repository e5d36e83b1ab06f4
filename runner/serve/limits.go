package serve

import (
	"fmt"
	"time"

	"github.com/tfpair/tfpair/pipeline/decode"
)

// Limits bound what a Service holds at once. A field that is zero has its value in DefaultLimits.
type Limits struct {
	Body      int64         // bytes of a request
	Pictures  int           // of a request
	Side      int           // of a picture, in pixels
	Memory    int64         // bytes that all requests in flight may hold, half of it for decoding: see Peak
	Queue     int           // requests that have come whole and are not answered; more get 429
	QueueWait time.Duration // that a request waits for its turn; then it gets 429
	Deadline  time.Duration // from the last byte of a request to its answer; then it gets 504
}

// DefaultLimits suit photos of phones, on a machine of 4 GB.
var DefaultLimits = Limits{
	Body:      16 << 20, // a photo of 50 megapixels as JPEG
	Pictures:  32,       // a batch of models.Model
	Side:      decode.DefaultLimits.MaxSide,
	Memory:    1 << 30,
	Queue:     512,
	QueueWait: 2 * time.Second, // what waits when a rush ends is answered within it, and all is as before
	Deadline:  30 * time.Second,
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Body: or(l.Body, DefaultLimits.Body), Pictures: or(l.Pictures, DefaultLimits.Pictures), Side: or(l.Side, DefaultLimits.Side),
		Memory: or(l.Memory, DefaultLimits.Memory), Queue: or(l.Queue, DefaultLimits.Queue),
		QueueWait: or(l.QueueWait, DefaultLimits.QueueWait), Deadline: or(l.Deadline, DefaultLimits.Deadline),
	}
}

func or[T int | int64 | time.Duration](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}

// validate says which limit cannot be kept.
func (l Limits) validate() error {
	for _, of := range []struct {
		name  string
		value int64
	}{{"body", l.Body}, {"pictures", int64(l.Pictures)}, {"side", int64(l.Side)}, {"memory", l.Memory}, {"queue", int64(l.Queue)},
		{"queue wait", int64(l.QueueWait)}, {"deadline", int64(l.Deadline)}} {
		if of.value < 1 {
			return fmt.Errorf("limit of %s is %d, want more than 0", of.name, of.value)
		}
	}
	if least := 4 * l.Body; l.Memory < least {
		return fmt.Errorf("limit of memory is %d MiB, want %d or more: four times the limit of a body", l.Memory>>20, (least+1<<20-1)>>20)
	}
	if l.QueueWait >= l.Deadline {
		return fmt.Errorf("requests may wait %v for their turn, want less than the deadline of %v", l.QueueWait, l.Deadline)
	}
	return nil
}

// Peak returns how many bytes the requests in flight hold at most, whatever comes: Memory by the budget,
// and what the connections have for reading and writing. The models and the Go runtime come on top, and
// the runtime keeps up to as much again as garbage, unless GOMEMLIMIT tells it not to.
func (l Limits) Peak(connections int) int64 {
	const perConnection = 32 << 10 // two buffers of 4 KiB, a goroutine's stack, headers
	return l.Memory + int64(connections)*perConnection
}

// ofPicture returns the limits of one picture: half of the budget is for decoding.
func (l Limits) ofPicture() decode.Limits {
	return decode.Limits{MaxBytes: l.Body, MaxSide: l.Side, MaxMemory: min(l.Memory/2, decode.DefaultLimits.MaxMemory)}
}

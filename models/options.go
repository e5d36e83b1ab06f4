package models

import (
	"crypto/ecdsa"
	"time"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/distance"
)

// defaultBatch is how many images go through the network at once: enough to fill the
// cores, few enough that the activations of a small tower stay in the cache.
const defaultBatch = 32

// Option changes how Load opens a model.
type Option func(*options)

type options struct {
	session  session.Options
	maxBatch int
	maxDelay time.Duration
	declared *Declaration
	own      distance.Own
	trust    Trusted
	key      *ecdsa.PublicKey
	isolated []string // program and arguments of the process; nil: this one
	batches  bool     // see InBatches
	bare     bool     // without a gallery, as in that process
}

// OnDevice runs the model on "auto" (the default: a GPU where the runtime lists one),
// "cpu" or "gpu".
func OnDevice(name string) Option {
	return func(o *options) { o.session.Device = session.Device(name) }
}

// WithThreads lets one operation use n threads; the default is GOMAXPROCS, which
// follows a container's quota. Each model has threads of its own.
func WithThreads(n int) Option { return func(o *options) { o.session.Threads = n } }

// InBatches opens the model for many images, batch after batch: all threads share each operation, whatever the network. Without
// it a small network of integers has each thread take images of its own, and one of float32 a thread for single images,
// which are sooner done so. Both take longer to begin and more memory.
func InBatches() Option { return func(o *options) { o.batches = true } }

// InBackground has the threads that run the network give way to all others of the process, those of other models
// among them: for batches that nobody waits for, beside a model that answers. They give way to other processes only in the
// same control group: a container, or a unit of systemd. On Linux only: elsewhere it changes nothing. It takes no
// privileges. Decoding pictures keeps its priority.
func InBackground() Option { return func(o *options) { o.session.Background = true } }

// WithBatching changes how calls that come at the same time share runs of the network.
// A run takes up to maxBatch images, 32 by default, 1 to share nothing. The first in
// line waits up to maxDelay for others, by default not at all: while one batch runs,
// those that come gather for the next, which is best on a CPU.
func WithBatching(maxBatch int, maxDelay time.Duration) Option {
	return func(o *options) { o.maxBatch, o.maxDelay = max(maxBatch, 1), maxDelay }
}

// WithTimeout lets a run of the network take up to d; without it a run may take for ever. A run
// that takes longer cannot be stopped: the TensorFlow runtime has no way to. The calls that wait
// for it get ErrTimeout, and so do all later ones. Close then does not wait, and returns ErrTimeout:
// the memory of the model stays in use until the run ends. A run has up to maxBatch images, or those
// of one EmbedPixels.
func WithTimeout(d time.Duration) Option { return func(o *options) { o.session.Timeout = d } }

// WithDistances opens models that were trained with distances of a program's own: those with
// these names.
func WithDistances(own distance.Own) Option { return func(o *options) { o.own = own } }

// Declared opens a SavedModel that tfpair did not export, of which d says what it
// takes and gives.
func Declared(d Declaration) Option { return func(o *options) { o.declared = &d } }

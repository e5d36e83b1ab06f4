package models

import (
	"encoding/gob"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/tfpair/tfpair/internal/session"
)

// Isolated opens the model in a process of its own, so that a crash of the TensorFlow runtime ends that
// process and not this one. command is a program and its arguments, which calls RunIsolated. Files are checked, pictures
// resized and embeddings searched here; the process decodes plain JPEG files and runs the network.
//
// A run that crashes gives ErrCrashed to all who shared its batch. The process is then started again, at once, and after
// further crashes with pauses up to 30 s. Calls wait for it for 5 s, and then get ErrStarting. A run that takes
// longer than WithTimeout allows is ended with its process: it gives ErrCrashed, never ErrTimeout. It is not for Declared.
func Isolated(command ...string) Option { return func(o *options) { o.isolated = command } }

// ErrCrashed says that the process of an isolated model has ended during the call, or in Load before the model was open. The error
// that wraps it says how, such as "signal: killed". After Load nobody starts another one.
var ErrCrashed = errors.New("the process of the model ended")

// ErrStarting says that the process of an isolated model is being started again after a crash.
var ErrStarting = errors.New("the process of the model is being started again after a crash")

// Pauses before the process is started again: none after it has run for calm, else twice as long as before.
const (
	firstPause = 100 * time.Millisecond
	maxPause   = 30 * time.Second
	calm       = time.Minute
)

// patience is how long calls wait for a process that is being started again: most are then answered by it.
const patience = 5 * time.Second

// startWithin is how long a process may take until it has opened its model.
const startWithin = 2 * time.Minute

// hello is the first that a process is told.
type hello struct {
	Path     string // of the SavedModel
	Device   string
	Threads  int
	Low      bool // see InBackground
	Batches  bool // see InBatches
	Any      bool // see Trust
	WithJPEG bool // it is asked to decode
}

// question is a call. One of the fields but ID and Ratio is there.
type question struct {
	ID          uint64
	Pixels      []byte
	Left, Right []float32
	JPEG        []byte
	Ratio       int
}

// reply answers the question of the same ID; that to hello has the ID 0.
type reply struct {
	ID            uint64
	Rows          []float32
	Pix           []byte // NRGBA
	Width, Height int
	Name          string // of the JPEG decoder, in the answer to hello; "": there is none
	Error         string // "": it went well
}

// process keeps a process of a model running.
type process struct {
	command []string
	hello   hello
	timeout time.Duration // of a run; 0: none
	name    string        // of the JPEG decoder
	closing chan struct{}
	ended   sync.WaitGroup // what watches it

	mu       sync.Mutex    // protects what follows
	up       *worker       // nil: it is being started
	since    time.Time     // when it ended, where it is being started
	changed  chan struct{} // closed when up changes
	restarts int
	failed   string // why it could not be started again; "": it was not tried yet, or it runs
}

// worker is a process that runs.
type worker struct {
	cmd     *exec.Cmd
	out     io.Closer
	gone    chan struct{} // closed when it has ended and nobody waits any more
	writing sync.Mutex    // held while a question is sent
	send    *gob.Encoder

	mu      sync.Mutex // protects what follows
	waiting map[uint64]chan reply
	last    uint64
	dead    bool
}

// startProcess starts the process of the model at a path, and waits until it has opened the model.
func startProcess(path string, o options, jpeg bool) (*process, error) {
	p := &process{command: o.isolated, timeout: o.session.Timeout, closing: make(chan struct{}), changed: make(chan struct{}),
		hello: hello{Path: path, Device: string(o.session.Device), Threads: o.session.Threads, Low: o.session.Background,
			Batches: o.batches, Any: o.trust == Any, WithJPEG: jpeg}}
	w, name, err := p.start()
	if err != nil {
		return nil, err
	}
	p.up, p.name = w, name
	p.ended.Go(p.watch)
	return p, nil
}

// start starts a worker.
func (p *process) start() (w *worker, decoder string, err error) {
	theirs, out, err := os.Pipe() // questions
	if err != nil {
		return nil, "", err
	}
	in, answers, err := os.Pipe()
	if err != nil {
		return nil, "", errors.Join(err, theirs.Close(), out.Close())
	}
	cmd := exec.Command(p.command[0], p.command[1:]...) //nolint:gosec // the program says which
	cmd.ExtraFiles, cmd.Stderr = []*os.File{theirs, answers}, os.Stderr
	err = cmd.Start()
	err = errors.Join(err, theirs.Close(), answers.Close())
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("start the process of model %q: %w", p.hello.Path, err), in.Close(), out.Close())
	}
	w = &worker{cmd: cmd, out: out, gone: make(chan struct{}), send: gob.NewEncoder(out), waiting: map[uint64]chan reply{}}
	hi := make(chan reply, 1)
	w.waiting[0] = hi
	go w.read(in)
	late := time.AfterFunc(startWithin, w.kill)
	opened := make(chan struct{})
	defer close(opened)
	go func() {
		select {
		case <-p.closing:
			w.kill()
		case <-opened:
		}
	}()
	if err := w.send.Encode(p.hello); err != nil {
		w.kill()
	}
	r, ok := <-hi
	inTime := late.Stop()
	if ok && r.Error == "" {
		return w, r.Name, nil
	}
	w.end()
	switch {
	case ok:
		return nil, "", &LoadError{Folder: p.hello.Path, Err: errors.New(r.Error)}
	case !inTime:
		return nil, "", fmt.Errorf("open model %q: not open after %v: %w", p.hello.Path, startWithin, w.crash())
	}
	return nil, "", fmt.Errorf("open model %q: %w", p.hello.Path, w.crash())
}

// crash returns how a worker that is gone has ended.
func (w *worker) crash() error { return fmt.Errorf("%w: %v", ErrCrashed, w.cmd.ProcessState) }

// read hands out replies until the process ends.
func (w *worker) read(in *os.File) {
	answers := gob.NewDecoder(in)
	for {
		var r reply
		if err := answers.Decode(&r); err != nil {
			break
		}
		w.mu.Lock()
		to := w.waiting[r.ID]
		delete(w.waiting, r.ID)
		w.mu.Unlock()
		if to != nil {
			to <- r
		}
	}
	w.kill() // it says nothing any more
	_ = w.cmd.Wait()
	_, _ = in.Close(), w.out.Close() // nobody is at the other end
	w.mu.Lock()
	w.dead = true
	for _, to := range w.waiting {
		close(to)
	}
	w.mu.Unlock()
	close(w.gone)
}

func (w *worker) kill() { _ = w.cmd.Process.Kill() }

// end has the process end, and waits for it.
func (w *worker) end() {
	_ = w.out.Close() // it ends when nobody asks any more
	timer := time.AfterFunc(time.Second, w.kill)
	defer timer.Stop()
	<-w.gone
}

// watch starts the process again when it ends, until p is closed.
func (p *process) watch() {
	pause := time.Duration(0)
	for w := p.up; ; {
		began := time.Now()
		select {
		case <-p.closing:
			w.end()
			return
		case <-w.gone:
		}
		p.set(nil)
		if time.Since(began) > calm {
			pause = 0
		}
		for w = nil; w == nil; pause = min(max(2*pause, firstPause), maxPause) {
			select {
			case <-p.closing:
				return
			case <-time.After(pause):
			}
			var err error
			if w, _, err = p.start(); err != nil {
				p.mu.Lock()
				p.failed = ": " + err.Error()
				p.mu.Unlock()
			}
		}
		p.set(w)
	}
}

func (p *process) set(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.up = w; w != nil {
		p.restarts++
		p.failed = ""
	} else {
		p.since = time.Now()
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *process) close() error {
	close(p.closing)
	p.ended.Wait()
	return nil
}

// ask sends a question and waits for its reply. The error is ErrStarting or ErrCrashed, or the runtime's.
func (p *process) ask(q question) (reply, error) {
	to, w, err := p.send(&q)
	if err != nil {
		return reply{}, err
	}
	inTime := func() bool { return true }
	if p.timeout > 0 {
		inTime = time.AfterFunc(p.timeout, w.kill).Stop
	}
	r, ok := <-to
	switch stopped := inTime(); {
	case !ok && !stopped:
		return r, fmt.Errorf("a run took longer than %v: %w", p.timeout, w.crash())
	case !ok:
		return r, w.crash()
	case r.Error != "":
		return r, errors.New(r.Error)
	}
	return r, nil
}

// send sends a question to the process that runs, or to the next one, if that comes soon.
func (p *process) send(q *question) (chan reply, *worker, error) {
	for {
		p.mu.Lock()
		w, changed, left, failed := p.up, p.changed, patience-time.Since(p.since), p.starting()
		p.mu.Unlock()
		if w != nil {
			if to, ok := w.ask(q); ok {
				return to, w, nil
			}
			left = patience // it has just ended
		}
		if left <= 0 {
			return nil, nil, failed
		}
		timer := time.NewTimer(left)
		select {
		case <-changed:
		case <-timer.C:
		case <-p.closing:
			timer.Stop()
			return nil, nil, ErrClosed
		}
		timer.Stop()
	}
}

// starting returns ErrStarting, with why the last start went wrong, if it did. p.mu is held.
func (p *process) starting() error {
	return fmt.Errorf("%w%s", ErrStarting, p.failed)
}

// ask sends a question, and returns where its reply will be; false: the process has ended.
func (w *worker) ask(q *question) (chan reply, bool) {
	to := make(chan reply, 1)
	w.mu.Lock()
	if w.dead {
		w.mu.Unlock()
		return nil, false
	}
	w.last++
	q.ID = w.last
	w.waiting[q.ID] = to
	w.mu.Unlock()
	w.writing.Lock()
	defer w.writing.Unlock()
	if err := w.send.Encode(q); err != nil {
		w.kill() // and to is closed
	}
	return to, true
}

// embed runs the network.
func (p *process) embed(pixels []uint8) ([]float32, error) {
	r, err := p.ask(question{Pixels: pixels})
	return r.Rows, err
}

// probabilities runs the comparison of the graph.
func (p *process) probabilities(left, right []float32) ([]float32, error) {
	r, err := p.ask(question{Left: left, Right: right})
	return r.Rows, err
}

// Name implements decode.JPEG.
func (p *process) Name() string { return p.name }

// Decode implements decode.JPEG.
func (p *process) Decode(data []byte, ratio int, _ []uint8) (*image.NRGBA, error) {
	r, err := p.ask(question{JPEG: data, Ratio: ratio})
	if err != nil {
		return nil, err
	}
	if r.Width < 1 || r.Height < 1 || len(r.Pix) != 4*r.Width*r.Height {
		return nil, fmt.Errorf("%d bytes are no picture of %d×%d", len(r.Pix), r.Width, r.Height)
	}
	return &image.NRGBA{Pix: r.Pix, Stride: 4 * r.Width, Rect: image.Rect(0, 0, r.Width, r.Height)}, nil
}

// Ready returns nil where m answers. Where its process is being started again it returns ErrStarting, with why that went
// wrong if it did; see Isolated.
func (m *Model) Ready() error {
	if m.remote == nil {
		return nil
	}
	return m.remote.ready()
}

func (p *process) ready() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.up != nil {
		return nil
	}
	return p.starting()
}

// Restarts returns how often the process of an isolated model was started again.
func (m *Model) Restarts() int {
	if m.remote == nil {
		return 0
	}
	m.remote.mu.Lock()
	defer m.remote.mu.Unlock()
	return m.remote.restarts
}

// Descriptors of the process of a model: exec.Cmd hands out those after the standard three.
const (
	questionsAt = 3
	repliesAt   = 4
)

// RunIsolated answers as the process of a model that Isolated started, until that wants no more. A program calls
// it before it does anything else. Signals to hang up, to interrupt and to terminate are ignored: a terminal, killall or systemd sends
// them to all processes, and that of the model answers until the program that started it has no question any more.
func RunIsolated() error {
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
	in, out := os.NewFile(questionsAt, "questions"), os.NewFile(repliesAt, "replies")
	if in == nil || out == nil {
		return errors.New("the process of a model is started by the program that wants it")
	}
	return answerAll(in, out)
}

// answerAll reads questions from in and writes replies to out.
func answerAll(in io.Reader, out io.Writer) error {
	questions, replies := gob.NewDecoder(in), gob.NewEncoder(out)
	var h hello
	if err := questions.Decode(&h); err != nil {
		return fmt.Errorf("the process of a model is started by the program that wants it: %w", err)
	}
	m, first := h.open()
	if err := replies.Encode(first); err != nil || m == nil {
		return err
	}
	var writing sync.Mutex
	for {
		var q question
		if err := questions.Decode(&q); err != nil {
			return nil // nobody asks any more: what still runs ends with the process
		}
		go func() {
			r := m.reply(q)
			writing.Lock()
			defer writing.Unlock()
			_ = replies.Encode(r) // else nobody asks any more
		}()
	}
}

// open opens the model, and says how that went.
func (h hello) open() (*Model, reply) {
	list := []Option{OnDevice(h.Device), func(o *options) {
		o.session.Threads, o.session.Background, o.batches, o.bare = h.Threads, h.Low, h.Batches, true
	}}
	if h.Any {
		list = append(list, Trust(Any))
	}
	m, err := Load(h.Path, list...)
	if err != nil {
		return nil, reply{Error: err.Error()}
	}
	// The first run of a graph is the slowest.
	if _, err := m.embed.run(make([]uint8, m.resizer.Bytes())); err != nil {
		return nil, reply{Error: err.Error()}
	}
	var r reply
	if h.WithJPEG {
		if jpeg, err := session.SharedJPEG(session.Options{Device: session.CPU}); err == nil { // else Go's decoder
			r.Name = jpeg.Name()
		}
	}
	return m, r
}

// reply answers a question.
func (m *Model) reply(q question) (r reply) {
	var err error
	switch {
	case q.Pixels != nil:
		r.Rows, err = m.embed.run(q.Pixels)
	case q.JPEG != nil:
		var jpeg *session.JPEG
		var img *image.NRGBA
		if jpeg, err = session.SharedJPEG(session.Options{Device: session.CPU}); err == nil {
			img, err = jpeg.Decode(q.JPEG, q.Ratio, nil)
		}
		if err == nil {
			r.Pix, r.Width, r.Height = img.Pix, img.Rect.Dx(), img.Rect.Dy()
		}
	default:
		r.Rows, err = m.probable(q.Left, q.Right)
	}
	r.ID = q.ID
	if err != nil {
		r.Error = err.Error()
	}
	return r
}

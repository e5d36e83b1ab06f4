package serve

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/drift"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// slot is the place of a model: one version of it answers, and another may come in its place.
type slot struct {
	Source
	turns *turns // of requests for the model: those for others do not wait for them

	opening sync.Mutex   // held while a version is opened
	refused string       // version that is bad, of Newest
	why     error        // it is
	tried   time.Time    // when its opening began
	again   time.Time    // when it is tried again
	unseen  int          // looks in a row at which Newest has failed
	sighted string       // version that the last look saw, where it does not answer
	restive int          // looks in a row at which that was another one
	mu      sync.RWMutex // protects now and bad
	now     *loaded      // nil: none is open
	bad     string       // refused, as metrics call it; "": the newest version is good
}

// loaded is a version of a model that answers.
type loaded struct {
	Opened
	name    string // of the slot
	info    models.Info
	version string // of Newest
	turns   *turns // of the slot
	resizer resize.Resizer
	reader  decode.Reader  // of pictures for it; its limits are those of the service
	users   sync.WaitGroup // requests that use it
	seen    processSeen    // by Watch
	drift   *drift.Window  // of the pictures that were asked about; nil: the model does not say how its own were
}

// use returns the version that answers, until done is called. It is nil where none is open.
func (p *slot) use() (l *loaded, done func()) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.now == nil {
		return nil, func() {}
	}
	p.now.users.Add(1)
	return p.now, p.now.users.Done
}

// current returns the version that answers, which may be closed at any time.
func (p *slot) current() *loaded {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.now
}

// swap has l, nil for none, answer from now on, and closes the version before it once no request uses it.
func (p *slot) swap(l *loaded) error {
	p.mu.Lock()
	before := p.now
	p.now = l
	p.mu.Unlock()
	if before == nil {
		return nil
	}
	before.users.Wait()
	return before.close()
}

// versionName is what the log and the metrics call a version of Newest: the last element of the path in its first line.
func versionName(version string) string {
	first, _, _ := strings.Cut(version, "\n")
	return path.Base(filepath.ToSlash(first)) // "." where there is no Newest
}

// settled says that the newest version answers: an admin may have removed a bad one. p.opening is held.
func (p *slot) settled() {
	p.refused, p.why = "", nil
	p.setBad("")
}

// setBad keeps what the newest version is called where it could not be opened, "" where it could.
func (p *slot) setBad(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bad = name
}

// badVersion returns what setBad was given.
func (p *slot) badVersion() string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.bad
}

// retryBad is the time after which a bad version is tried again by polling: its files may have been on
// their way.
const retryBad = time.Minute

// reload opens the newest version of a model, if it is another one, and has it answer in place of the
// one before. A version that cannot be opened, or does not give what its probes say, replaces nothing.
func (s *Service) reload(ctx context.Context, p *slot) (changed bool, err error) {
	asked := time.Now()
	p.opening.Lock()
	defer p.opening.Unlock()
	if err := ctx.Err(); err != nil { // while others had it opened
		return false, err
	}
	version := ""
	if p.Newest != nil {
		if version, err = p.Newest(); err != nil {
			s.log.Error("model not looked for", "model", p.Name, "error", err)
			return false, err
		}
	}
	if now := p.current(); now != nil && (p.Newest == nil || now.version == version) {
		p.settled()
		return false, nil
	}
	if p.refused == version && p.tried.After(asked) { // it was opened for another one who asked meanwhile
		return false, p.why
	}
	select { // each that is open beside the one before it takes memory
	case s.opening <- struct{}{}:
		defer func() { <-s.opening }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	began := time.Now()
	l, err := s.openAgain(ctx, p, version)
	switch {
	case err != nil && ctx.Err() != nil: // nobody waits for it any more, which says nothing about the version
		return false, err
	case err != nil:
		p.refused, p.why, p.tried, p.again = version, err, began, time.Now().Add(retryBad)
		p.setBad(versionName(version))
		s.metrics.loads.WithLabelValues(p.Name, "error").Inc()
		s.log.Error("model not opened", "model", p.Name, "version", versionName(version), "error", err, "todo", p.todo(version, err))
		return false, err
	}
	p.settled()
	s.metrics.loads.WithLabelValues(p.Name, "ok").Inc()
	s.log.Info("model opened", "model", p.Name, "path", l.info.Path, "space", l.info.Manifest.Space,
		"seconds", time.Since(began).Seconds())
	if err := p.swap(l); err != nil {
		s.log.Warn("model before it not closed", "model", p.Name, "error", err)
	}
	return true, nil
}

// mostOpenings is how often a version is opened whose process ends before it has answered. openPause is the pause after the first
// time, and twice that after the second: another program may have taken the memory for a moment.
const (
	mostOpenings = 3
	openPause    = 200 * time.Millisecond
)

// openAgain opens a version, and opens it again where its process ends before it has answered.
func (s *Service) openAgain(ctx context.Context, p *slot, version string) (*loaded, error) {
	for i := 1; ; i++ {
		l, err := s.open(ctx, p, version)
		if err == nil || !crashed(err) || ctx.Err() != nil {
			return l, err
		}
		if i == mostOpenings {
			return nil, fmt.Errorf("opened %d times: %w", i, err)
		}
		s.log.Warn("model crashed while it was opened, and is opened again", "model", p.Name, "version", versionName(version),
			"error", err, "openings_left", mostOpenings-i)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Duration(i) * openPause):
		}
	}
}

// crashed reports whether an isolated model could not answer because its process has ended.
func crashed(err error) bool {
	return errors.Is(err, models.ErrCrashed) || errors.Is(err, models.ErrStarting)
}

// todo says what can be done about a version that cannot be opened.
func (p *slot) todo(version string, err error) string {
	var of *index.Error
	var space *models.SpaceError
	if crashed(err) {
		return "see what its process said last, above this line. \"signal: killed\" is what Linux does where memory runs out: give it more"
	}
	model, _, _ := strings.Cut(version, "\n")
	if !errors.As(err, &of) || !errors.As(err, &space) {
		what := "mend or remove this version"
		if errors.Is(err, fs.ErrPermission) {
			what = fmt.Sprintf("let the user of the service read it: chmod -R a+rX %q", model)
		}
		if p.current() == nil { // at the start, which ends here
			return what + ", and start the service again"
		}
		return what + "; it is tried again every minute"
	}
	to := of.Path + "-" + versionName(version)
	keep := ""
	if space.Float32 {
		keep = " (with --keep-vectors without pictures: the vectors of the float32 model are near)"
	}
	return fmt.Sprintf("a model that was trained again needs an index of its own: tfpair index migrate --model %q --index %q --out %q makes it%s; "+
		"then start the service with --model %s=%q --index %s=%q", model, of.Path, to, keep, p.Name, model, p.Name, to)
}

// open opens, checks and warms up a version.
func (s *Service) open(ctx context.Context, p *slot, version string) (_ *loaded, err error) {
	opened, err := p.Open()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.close())
		}
	}()
	l := &loaded{Opened: opened, name: p.Name, info: opened.Model.Info(), version: version, turns: p.turns}
	l.drift = drift.NewWindow(l.info.Manifest.Reference)
	if l.resizer, err = resize.New(l.info.Manifest.Preprocessing.Options); err != nil {
		return nil, err
	}
	if m, ok := opened.Model.(interface{ Reader() decode.Reader }); ok { // *models.Model
		l.reader = m.Reader()
	}
	l.reader.Limits = s.limits.ofPicture()
	if err := l.probe(ctx); err != nil {
		return nil, err
	}
	return l, l.warmUp(ctx, s.limits.Pictures)
}

// warmUp runs a batch of each size that requests will share: the first run of a size is the slowest, and takes memory.
func (l *loaded) warmUp(ctx context.Context, most int) error {
	for _, n := range models.BatchSizes(most) {
		if _, err := l.Model.EmbedPixels(ctx, make([]uint8, n*l.resizer.Bytes())); err != nil {
			return fmt.Errorf("warm-up with %d pictures: %w", n, err)
		}
	}
	return nil
}

// probeTolerance is how far a number of a probe's embedding may be off, for an embedding of length 1 or
// less, and so many times its length for a longer one: other processors round otherwise.
const probeTolerance = 1e-4

// probe compares the embeddings of the model's probes with the stored ones.
func (l *loaded) probe(ctx context.Context) error {
	manifest := l.info.Manifest
	for _, probe := range manifest.Probes {
		file, err := manifest.ReadFile(l.info.Path, probe.File)
		if err != nil {
			return err
		}
		img, err := decode.Decode(file, decode.Limits{})
		if err != nil {
			return fmt.Errorf("probe %s: %w", probe.File, err)
		}
		pixels := make([]uint8, l.resizer.Bytes())
		l.resizer.Into(pixels, img)
		got, err := l.Model.EmbedPixels(ctx, pixels)
		if err != nil {
			return fmt.Errorf("probe %s: %w", probe.File, err)
		}
		if err := near(got, probe.Embedding); err != nil {
			return fmt.Errorf("probe %s: %w: it computes something else than the model that was exported", probe.File, err)
		}
	}
	return nil
}

// near says where got is not want.
func near(got, want []float32) error {
	if len(got) != len(want) {
		return fmt.Errorf("an embedding of %d numbers, want %d", len(got), len(want))
	}
	var square float64
	for _, w := range want {
		square += float64(w) * float64(w)
	}
	allowed := probeTolerance * max(1, math.Sqrt(square))
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - float64(w)); !(d <= allowed) {
			return fmt.Errorf("number %d of the embedding is %g, want %g, at most %.2g off", i, got[i], w, allowed)
		}
	}
	return nil
}

// pollEvery is the time between two looks for a new version.
const pollEvery = time.Second

// Watch opens new versions of the models as they appear, until ctx is done. A new version should appear
// whole, by a rename of its folder, as tfpair export makes it. One that appears file by file is opened when two looks see
// the same files.
func (s *Service) Watch(ctx context.Context) {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			for _, p := range s.slots {
				s.tellCrashes(p)
				if s.due(p, now) {
					_, _ = s.reload(ctx, p) // logged and counted
				}
			}
		}
	}
}

// unseenLooks are the looks in a row at which Newest has to fail before the log says so: at one of them files may be on their way.
const unseenLooks = 3

// restiveLooks are the looks in a row that see a version change after which the log says so: it is not opened by polling.
const restiveLooks = 60

// due reports whether there is a version that may be opened now. Two looks in a row must have seen it: one whose files are on
// their way is another one at each look.
func (s *Service) due(p *slot, now time.Time) bool {
	if p.Newest == nil {
		return false
	}
	version, err := p.Newest()
	p.opening.Lock()
	defer p.opening.Unlock()
	if err != nil { // it is being replaced, or gone: the one that is open answers on
		if p.unseen++; p.unseen == unseenLooks {
			s.log.Error("model not looked for", "model", p.Name, "error", err)
		}
		return false
	}
	p.unseen = 0
	if now := p.current(); now != nil && now.version == version {
		p.settled()
		p.sighted, p.restive = "", 0
		return false
	}
	if p.sighted != version {
		p.sighted = version
		if p.restive++; p.restive == restiveLooks {
			s.log.Warn("model not opened: its files change all the time", "model", p.Name, "version", versionName(version))
		}
		return false
	}
	p.restive = 0
	return p.refused != version || now.After(p.again)
}

// Reload opens the newest versions of all models, also those that were found bad before, and returns the
// names of those that changed.
func (s *Service) Reload(ctx context.Context) (changed []string, err error) {
	var errs []error
	for _, p := range s.slots {
		did, err := s.reload(ctx, p)
		if err != nil {
			errs = append(errs, fmt.Errorf("model %q: %w", p.Name, err))
		}
		if did {
			changed = append(changed, p.Name)
		}
	}
	return changed, errors.Join(errs...)
}

// attributes are what the log says of a request that a model answers.
func (l *loaded) attributes() []slog.Attr {
	return []slog.Attr{slog.String("model", l.name), slog.Int("version", l.info.Version)}
}

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/runner/inference"
	"github.com/tfpair/tfpair/runner/serve/client"
)

// tokenVariable is the variable of the environment that holds a token where no file does.
const tokenVariable = "TFPAIR_TOKEN"

// serviceFlags say who asks a service.
type serviceFlags struct{ token string } // file; "": the variable

func (o *serviceFlags) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "token-file", Destination: &o.token,
		Usage: "`FILE` whose first line is a token of the service's --index-tokens (default: the variable " + tokenVariable + ")"})
}

// indexUsage is what --index of a command that changes an index may be.
const indexUsage = "`FOLDER` from tfpair index build, or URL of a service such as http://localhost:8080?model=photos"

// isService reports whether an index is that of a service, by the service's address.
func isService(index string) bool {
	return strings.HasPrefix(index, "http://") || strings.HasPrefix(index, "https://")
}

// validate refuses what does not fit the index.
func (o serviceFlags) validate(index string) error {
	if !isService(index) {
		if o.token != "" {
			return usagef("--token-file %s is for the index of a service, whose --index begins with http:// or https://", o.token)
		}
		return nil
	}
	u, err := url.Parse(index)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return usagef("--index must be the address of a service, such as http://localhost:8080 or https://shop.example?model=photos")
	}
	for name := range u.Query() {
		if name != "model" {
			return usagef("--index has %q behind the question mark; only the name of the model may stand there: ?model=photos", name)
		}
	}
	return nil
}

// serviceTimeout bounds one request: a service with its own limits of time answers before.
const serviceTimeout = 5 * time.Minute

// open returns a client of the service at an address that validate has seen.
func (o serviceFlags) open(index string, streams IO) (*client.Client, error) {
	u, err := url.Parse(index)
	if err != nil {
		return nil, usage(err)
	}
	c := &client.Client{Model: u.Query().Get("model"), Token: streams.Getenv(tokenVariable), HTTP: &http.Client{Timeout: serviceTimeout}}
	u.RawQuery = ""
	c.Address = u.String()
	if o.token == "" && c.Token == "" {
		return nil, usagef("a service lets nobody change its index without a token: give --token-file, or the variable %s", tokenVariable)
	}
	if o.token == "" {
		return c, nil
	}
	lines, err := readLines(o.token)
	if err != nil {
		return nil, fmt.Errorf("--token-file: %w", err)
	}
	for _, line := range lines {
		if token := strings.TrimSpace(line); token != "" && token[0] != '#' {
			c.Token = token
			return c, nil
		}
	}
	return nil, usagef("--token-file %s has no token", o.token)
}

// unreachedError says that a service gave no answer.
type unreachedError struct{ error }

func (e *unreachedError) Unwrap() error { return e.error }

// answered says what became of a command that asks a service, by its error: what a signal leaves behind, and that the service cannot be reached.
func answered(ctx context.Context, err error) error {
	if s, ok := interrupted(ctx); ok && errors.Is(err, ctx.Err()) {
		return fmt.Errorf("stopped; what is done stays, and the same command does the rest: %w", s)
	}
	if isA[*url.Error](err) {
		return &unreachedError{err}
	}
	return err
}

// mostWaits is how often a request is sent again, at most, while the service is too busy for it.
const mostWaits = 60

// patiently calls ask again as long as the service says that it has too much to do.
func patiently(ctx context.Context, ask func() error) error {
	for waits := 0; ; waits++ {
		err := ask()
		var answer *client.Error
		if waits == mostWaits || !errors.As(err, &answer) ||
			answer.Status != http.StatusTooManyRequests && answer.Status != http.StatusServiceUnavailable {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(max(answer.RetryAfter, time.Second)):
		}
	}
}

// sending is pictures on their way into the index of a service.
type sending struct {
	client     *client.Client
	collection *inference.Collection
	beside     inference.Beside
	there      map[string]*inference.Stored // what the service has, by ids
	skip       float64                      // share of the images that may be bad and left out
	bad        []pipeline.BadImage
}

// changeService is change of the index of a service: it embeds the pictures that it is sent.
func (o growOptions) changeService(ctx context.Context, update bool, streams IO) (err error) {
	out, began := o.output.on(streams), time.Now()
	defer func() { err = answered(ctx, err) }()
	s := sending{skip: o.data.reading.skip()}
	from, err := o.sources()
	if err != nil {
		return err
	}
	collections, err := o.data.collections(from.there)
	if err != nil {
		return err
	}
	defer closeAll(collections)
	s.collection = collections[0]
	if s.beside.Metadata, err = readMetadata(o.metadata); err != nil {
		return err
	}
	if s.client, err = o.service.open(o.index, streams); err != nil {
		return err
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	for _, note := range s.collection.Data.Notes {
		out.say("note       %s", note)
	}
	bar := stages{out: out}
	defer bar.end()
	d, err := s.collection.Differ(ctx, s.beside, func(ctx context.Context, ids []string) ([]*inference.Stored, error) {
		return s.stored(ctx, ids, bar.of("comparing"))
	})
	if err != nil {
		return err
	}
	r := changedIndex{Index: o.index}
	if !update {
		if err := unchanged(s.collection, d, nil); err != nil {
			return err
		}
		d.Changed, d.Stale = nil, nil
	}
	progress := bar.of("sending")
	total := len(d.New) + len(d.Changed) + len(d.Stale)
	done := 0
	for _, part := range []struct {
		which []int32
		count *int
	}{{d.New, &r.Added}, {d.Changed, &r.Replaced}, {d.Stale, &r.Renewed}} {
		*part.count, err = s.put(ctx, part.which, func(n int) { progress(done+n, total) })
		if err != nil {
			return err
		}
		done += len(part.which)
	}
	bar.end()
	r.Skipped = sayBad(out, s.bad)
	info, err := s.client.Index(ctx)
	if err != nil {
		return err
	}
	r.Images, r.Classes, r.Seconds = info.Images, info.Classes, time.Since(began).Seconds()
	return r.show(out)
}

// ready asks the service whether its index changes and has thumbnails, and whether the token is known.
func (s *sending) ready(ctx context.Context) error {
	return patiently(ctx, func() error {
		info, err := s.client.Index(ctx)
		s.beside.Thumbnails = info.Thumbnails
		if err == nil && !info.Changing {
			return usagef("the service at %s does not change its index: start it with --index FOLDER --index-tokens FILE", s.client.Address)
		}
		return err
	})
}

// questions is how many questions are on their way at once.
const questions = 8

// stored asks the service what it has of images.
func (s *sending) stored(ctx context.Context, ids []string, progress func(done, total int)) ([]*inference.Stored, error) {
	list := make([]*inference.Stored, len(ids))
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(questions)
	arrived := make(chan struct{}, len(ids))
	for i, id := range ids {
		g.Go(func() error {
			return patiently(inner, func() error {
				there, ok, err := s.client.Stored(inner, id)
				if err != nil {
					return err
				}
				if ok {
					list[i] = &inference.Stored{Item: index.Item{ID: there.ID, Path: there.Path, SHA256: there.SHA256, Class: there.Class, Coarse: there.Coarse},
						Metadata: there.Metadata, Picture: there.Picture}
				}
				arrived <- struct{}{}
				return nil
			})
		})
		progress(len(arrived), len(ids))
	}
	err := g.Wait()
	progress(len(arrived), len(ids))
	s.there = map[string]*inference.Stored{}
	for _, there := range list {
		if there != nil && (len(there.Metadata) > 0 || there.Class != "") {
			s.there[there.ID] = there
		}
	}
	return list, err
}

// sent is how many pictures are read, and sent in a request or more, before the next are read.
const sent = 32

// put sends images, and returns how many the service has put into its index.
func (s *sending) put(ctx context.Context, which []int32, progress func(done int)) (n int, err error) {
	for from := 0; from < len(which); from += sent {
		entries, err := s.read(ctx, which[from:min(from+sent, len(which))])
		if err != nil {
			return n, err
		}
		more, err := s.send(ctx, entries)
		if n += more; err != nil {
			return n, err
		}
		progress(min(from+sent, len(which)))
	}
	return n, nil
}

// read returns the pictures of images whose files can be read.
func (s *sending) read(ctx context.Context, which []int32) (entries []client.Entry, err error) {
	items, err := s.collection.Items(ctx, which)
	if err != nil {
		return nil, err
	}
	for i, image := range which {
		path := s.collection.Data.Images[image].Path
		file, err := decode.File(s.collection.Data.Root, path, decode.Limits{})
		if err != nil {
			if err := s.leaveOut(items[i].Path, err); err != nil {
				return nil, err
			}
			continue
		}
		there := s.there[items[i].ID]
		item, metadata := there.Keeping(items[i]), map[string]string(nil)
		if there != nil {
			metadata = there.Metadata
		}
		entries = append(entries, client.Entry{ID: item.ID, Picture: file, Class: item.Class, Coarse: item.Coarse,
			Metadata: s.beside.Of(path, metadata)})
	}
	return entries, nil
}

// send sends pictures together, or one by one where the service refuses some of them.
func (s *sending) send(ctx context.Context, entries []client.Entry) (n int, err error) {
	if len(entries) == 0 {
		return 0, nil
	}
	err = patiently(ctx, func() error {
		answer, err := s.client.Put(ctx, entries, nil)
		n = answer.Put
		return err
	})
	var refused *client.Error
	switch {
	case err == nil:
		return n, nil
	case !errors.As(err, &refused) || !refused.OfPicture():
		return 0, fmt.Errorf("images %q to %q: %w", entries[0].ID, entries[len(entries)-1].ID, cmp.Or(errors.Unwrap(err), err))
	case len(entries) == 1:
		return 0, s.leaveOut(entries[0].ID, fmt.Errorf("%s: %w", entries[0].ID, refused))
	}
	n = 0
	for i := range entries {
		one, err := s.send(ctx, entries[i:i+1])
		if n += one; err != nil {
			return n, err
		}
	}
	return n, nil
}

// leaveOut counts an image that cannot be used. The error is a *pipeline.BadImagesError where it is one too many.
func (s *sending) leaveOut(path string, err error) error {
	s.bad = append(s.bad, pipeline.BadImage{Path: path, Err: err})
	_, err = pipeline.LeaveOut(s.bad, len(s.collection.Images), s.skip)
	return err
}

// validateService refuses what a change of the index of a service cannot have.
func (o growOptions) validateService(command string) error {
	switch {
	case o.model.folder != "":
		return usagef("--model is for an index at hand; a service embeds with its own model, whose name stands in the URL: %s?model=NAME", strings.SplitN(o.index, "?", 2)[0])
	case o.prune:
		return usagef("--remove-missing is for an index at hand: a service does not list its images; remove them by id: tfpair index remove --index %s --ids FILE", shellWord(o.index))
	}
	return cmp.Or(require(command, given{"data", o.data.path}, given{"index", o.index}), o.data.validate())
}

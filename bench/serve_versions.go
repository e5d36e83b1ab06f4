package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/tfpair/tfpair/runner/serve/client"
)

const (
	serveStops   = 100
	serveReloads = 50
	badEvery     = 5                // of the reloads one is of a damaged version
	reloadWithin = 60 * time.Second // a new version answers
	drained      = time.Second      // the one before it is closed
)

// stops is what clients saw of a service that was told to stop under load again and again.
type stops struct {
	Times int `json:"times"`
	answers
}

func (b serveBench) stops(ctx context.Context) error {
	s, err := row(b.options, b.results, "stops", func() (s stops, err error) {
		var t tally
		for s.Times = 0; s.Times < serveStops; s.Times++ {
			if err := b.stopOnce(ctx, &t); err != nil {
				return s, err
			}
		}
		s.answers = t.finish()
		return s, nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(b.options.out, "%d stops under load of 64 clients: %v, lost %d\n", s.Times, s.Status, s.Lost)
	return nil
}

// stopOnce stops a service while clients send: half of them open a connection for each request.
func (b serveBench) stopOnce(ctx context.Context, t *tally) error {
	s, err := startService(ctx, b.options.tfpair, b.program)
	if err != nil {
		return err
	}
	defer s.kill()
	loading, cancel := context.WithCancel(ctx)
	defer cancel()
	kept, single := s.client(nil), s.client(&singleUse{})
	ended := make(chan struct{}, 2)
	for _, c := range []*client.Client{kept, single} {
		go func() {
			closedLoop(loading, c, b.small, serveClients/2, t)
			ended <- struct{}{}
		}()
	}
	time.Sleep(time.Second)
	err = s.stop()
	cancel()
	<-ended
	<-ended
	return err
}

// reloading is what clients saw while versions came.
type reloading struct {
	Times int `json:"times"`
	Bad   int `json:"bad"` // of them: they must not answer
	answers
	After10 float64 `json:"resident_mib_after_10"`
	After50 float64 `json:"resident_mib_after_50"`
}

func (b serveBench) reloads(ctx context.Context) error {
	g, err := row(b.options, b.results, "reloads", func() (reloading, error) { return b.reloading(ctx) })
	if err != nil {
		return err
	}
	fmt.Fprintf(b.options.out, "%d new versions, %d of them bad: %v, lost %d; %.0f MiB after 10, %.0f MiB after all\n",
		g.Times, g.Bad, g.Status, g.Lost, g.After10, g.After50)
	return nil
}

func (b serveBench) reloading(ctx context.Context) (g reloading, err error) {
	folder, err := os.MkdirTemp("", "tfpair-versions-")
	if err != nil {
		return g, err
	}
	defer os.RemoveAll(folder)
	first, model := filepath.Join(b.program, "1"), filepath.Join(folder, "model")
	if err := os.CopyFS(filepath.Join(model, "1"), os.DirFS(first)); err != nil {
		return g, err
	}
	s, err := startService(ctx, b.options.tfpair, model)
	if err != nil {
		return g, err
	}
	defer s.kill()
	loading, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan struct{})
	var t tally
	go func() {
		closedLoop(loading, s.client(nil), b.small, 8, &t)
		close(ended)
	}()
	c := s.client(nil)
	for good, version := 1, 2; g.Times < serveReloads; version++ {
		bad := version%badEvery == 0
		if err := putVersion(folder, model, first, version, bad); err != nil {
			return g, err
		}
		if g.Times++; bad {
			g.Bad++
			time.Sleep(3 * time.Second) // it is seen within one
			err = os.RemoveAll(filepath.Join(model, strconv.Itoa(version)))
		} else {
			good, err = version, awaitVersion(ctx, c, version)
		}
		if err != nil {
			return g, err
		}
		if err := answersWith(ctx, c, good); err != nil {
			return g, err
		}
		time.Sleep(drained)
		if g.After50, err = residentMemory(s.cmd.Process.Pid); err != nil {
			return g, err
		}
		if g.Times == 10 {
			g.After10 = g.After50
		}
	}
	cancel()
	<-ended
	g.answers = t.finish()
	return g, s.stop()
}

// putVersion puts a version beside the others, whole, with one bit of its weights turned if it is to be bad. Earlier
// ones are left.
func putVersion(aside, model, first string, version int, bad bool) error {
	name := strconv.Itoa(version)
	from := filepath.Join(aside, name)
	if err := os.CopyFS(from, os.DirFS(first)); err != nil {
		return err
	}
	if bad {
		if err := turnBit(from); err != nil {
			return err
		}
	}
	return os.Rename(from, filepath.Join(model, name))
}

// turnBit turns a bit of the largest file of a version, which has the weights.
func turnBit(folder string) error {
	var file string
	var most int64
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() > most {
			file, most = path, info.Size()
		}
		return err
	})
	if err != nil {
		return err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	data[len(data)/2] ^= 1
	return os.WriteFile(file, data, 0o600)
}

// awaitVersion waits until a version answers.
func awaitVersion(ctx context.Context, c *client.Client, version int) error {
	for began := time.Now(); time.Since(began) < reloadWithin; time.Sleep(50 * time.Millisecond) {
		answers, err := versionOf(ctx, c)
		if err != nil {
			return err
		}
		if answers == version {
			return nil
		}
	}
	return fmt.Errorf("version %d does not answer within %v", version, reloadWithin)
}

// answersWith says that another version answers.
func answersWith(ctx context.Context, c *client.Client, version int) error {
	answers, err := versionOf(ctx, c)
	if err == nil && answers != version {
		err = fmt.Errorf("version %d answers, want %d", answers, version)
	}
	return err
}

// versionOf returns the version that answers of the client's model, or of the service's first where it has none.
func versionOf(ctx context.Context, c *client.Client) (int, error) {
	list, err := c.Models(ctx)
	if err != nil {
		return 0, err
	}
	for _, m := range list {
		if c.Model == "" || m.Model == c.Model {
			return m.Version, nil
		}
	}
	return 0, fmt.Errorf("the service has no model %q", c.Model)
}

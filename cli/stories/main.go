// Command stories runs the pages of docs/examples as they are printed, each in a folder of the
// pictures that it draws for it, and compares what comes out with what the page shows:
//
//	page → commands, one shell → output, sheets ↔ page
//
// It needs bin/tfpair, jq, bash and curl; it links no TensorFlow and downloads nothing. With -write it writes what came out
// into the pages. With -draw it only draws the pictures of a story, for people to follow it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tfpair/tfpair/internal/sample"
)

// options are the flags of the command.
type options struct {
	pages  string // folder of the pages
	bin    string // folder of tfpair
	only   string // name of the one story that is run; "" for all
	write  bool   // the pages get what came out
	draw   string // name of the story whose pictures are drawn, and nothing else
	folder string // of those pictures
	out    io.Writer
}

func main() {
	o := options{out: os.Stdout}
	flag.StringVar(&o.pages, "pages", "docs/examples", "`FOLDER` of the pages")
	flag.StringVar(&o.bin, "bin", "bin", "`FOLDER` of the program tfpair")
	flag.StringVar(&o.only, "only", "", "run the story of this `NAME` alone")
	flag.BoolVar(&o.write, "write", false, "write what came out into the pages")
	flag.StringVar(&o.draw, "draw", "", "draw the pictures of the story of this `NAME`, and run nothing")
	flag.StringVar(&o.folder, "out", "story", "new `FOLDER` for the pictures of -draw")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "stories: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.draw != "" {
		return drawSet(o.draw, o.folder)
	}
	pages, err := filepath.Glob(filepath.Join(o.pages, "*.md"))
	if err != nil {
		return err
	}
	pages = slices.DeleteFunc(pages, func(p string) bool {
		return filepath.Base(p) == "README.md" || o.only != "" && storyOf(p) != o.only
	})
	if len(pages) == 0 {
		return fmt.Errorf("no story %q in %s", o.only, o.pages)
	}
	var failed error
	for _, page := range pages {
		from := time.Now()
		if err := tell(ctx, o, page); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		fmt.Fprintf(o.out, "%-12s as the page shows it, %.0f s\n", storyOf(page), time.Since(from).Seconds())
	}
	return failed
}

// storyOf returns the name of the story of a page.
func storyOf(page string) string { return strings.TrimSuffix(filepath.Base(page), ".md") }

// drawSet draws the pictures of a story into a new folder.
func drawSet(story, folder string) error {
	files, err := sample.Set(story)
	if err != nil {
		return err
	}
	return sample.WriteFiles(folder, files)
}

// tell runs the story of a page, and compares or writes.
func tell(ctx context.Context, o options, path string) (err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	p, err := parse(path, string(text))
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "story-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	folder := filepath.Join(work, "story")
	if err := drawSet(storyOf(path), folder); err != nil {
		return err
	}
	bin, err := filepath.Abs(o.bin)
	if err != nil {
		return err
	}
	got, err := play(ctx, folder, bin, p.commands())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if o.write {
		return p.write(folder, got)
	}
	return p.compare(folder, got)
}

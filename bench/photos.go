package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

const (
	photoSide       = 256 // pixels
	photoCells      = 12  // of drawn colour, per side
	photosPerCopy   = 100 // one of so many is a copy of the one before it
	photosPerFolder = 1000
)

// folderLooked is what command photos measures of one command of tfpair.
type folderLooked struct {
	Copies int        `json:"copies"` // that the command finds
	Runs   [2]process `json:"runs"`   // the second finds what the first has kept
	Image  float64    `json:"milliseconds_per_image"`
	Ratio  float64    `json:"second_over_first"` // seconds
}

// photosLooked is what command photos measures.
type photosLooked struct {
	Photos     int          `json:"photos"`
	Planted    int          `json:"copies"` // of them, the pictures of others at another quality
	Bytes      int64        `json:"bytes"`
	Duplicates folderLooked `json:"duplicates"`
	Check      folderLooked `json:"check"`
}

// photos measures how long tfpair duplicates and tfpair check take for a large folder, and what they hold.
func photos(ctx context.Context, o options) error {
	r, err := openResults(o, "photos")
	if err != nil {
		return err
	}
	p, err := row(o, r, fmt.Sprintf("photos/%d", o.photos), func() (photosLooked, error) {
		return withFolder(func(folder string) (photosLooked, error) { return lookAtPhotos(ctx, o, folder) })
	})
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name string
		folderLooked
	}{{"duplicates", p.Duplicates}, {"check", p.Check}} {
		fmt.Fprintf(o.out, "%-10s %d photos, %d copies planted, %d named: %.2f ms an image (%.2f of a processor), second run %.1f %%, peak %.0f and %.0f MiB\n",
			c.name, p.Photos, p.Planted, c.Copies, c.Image, 1000*c.Runs[0].Processor/float64(p.Photos), 100*c.Ratio,
			c.Runs[0].Peak, c.Runs[1].Peak)
	}
	return nil
}

func lookAtPhotos(ctx context.Context, o options, folder string) (p photosLooked, err error) {
	p.Photos, p.Planted = o.photos, o.photos/photosPerCopy
	data := filepath.Join(folder, "photos")
	if p.Bytes, err = drawPhotos(ctx, data, o.photos); err != nil {
		return p, err
	}
	if p.Duplicates, err = lookTwice(ctx, o, &duplicatesSummary{}, "duplicates", data, "--cache", filepath.Join(folder, "duplicates")); err != nil {
		return p, err
	}
	p.Check, err = lookTwice(ctx, o, &checkSummary{}, "check", "--data", data, "--cache", filepath.Join(folder, "check"))
	return p, err
}

// lookTwice runs a command of tfpair, and once more. copies returns what it has decoded.
func lookTwice(ctx context.Context, o options, summary copiesCounted, arguments ...string) (l folderLooked, err error) {
	for i := range l.Runs {
		if l.Runs[i], err = o.ask(ctx, summary, arguments...); err != nil {
			return l, err
		}
		images, found := summary.counted()
		if images != o.photos || i > 0 && found != l.Copies {
			return l, fmt.Errorf("run %d of tfpair %s: %d images and %d copies, want %d and, as before, %d",
				i+1, arguments[0], images, found, o.photos, l.Copies)
		}
		l.Copies = found
	}
	l.Image, l.Ratio = 1000*l.Runs[0].Seconds/float64(o.photos), l.Runs[1].Seconds/l.Runs[0].Seconds
	return l, nil
}

// copiesCounted is a summary of a command that finds copies.
type copiesCounted interface{ counted() (images, copies int) }

// duplicatesSummary is the summary of tfpair duplicates.
type duplicatesSummary struct{ Images, Copies int }

func (s *duplicatesSummary) counted() (images, copies int) { return s.Images, s.Copies }

// checkSummary is the summary of tfpair check.
type checkSummary struct {
	Images int
	Copies []struct {
		Kind  string
		Count int
	}
}

func (s *checkSummary) counted() (images, copies int) {
	for _, c := range s.Copies {
		copies += c.Count
	}
	return s.Images, copies
}

// drawPhotos writes n JPEG files of different pictures below folder, a class for each thousand, and returns
// how many bytes they have. Equal numbers make equal files.
func drawPhotos(ctx context.Context, folder string, n int) (int64, error) {
	var bytes atomic.Int64
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		if i%photosPerFolder == 0 {
			if err := os.MkdirAll(filepath.Dir(photoPath(folder, i)), 0o755); err != nil {
				return 0, err
			}
		}
		g.Go(func() error {
			if err := within.Err(); err != nil {
				return err
			}
			written, err := writePhoto(photoPath(folder, i), i)
			bytes.Add(written)
			return err
		})
	}
	err := g.Wait()
	return bytes.Load(), err
}

func photoPath(folder string, i int) string {
	return filepath.Join(folder, fmt.Sprintf("class-%03d", i/photosPerFolder), fmt.Sprintf("%06d.jpg", i))
}

// writePhoto writes the i-th picture, or the one before it at a lower quality, and returns its bytes.
func writePhoto(path string, i int) (int64, error) {
	quality := 85
	if i%photosPerCopy == photosPerCopy-1 {
		i, quality = i-1, 60
	}
	img := image.NewRGBA(image.Rect(0, 0, photoSide, photoSide))
	drawPhoto(img, rand.New(rand.NewPCG(uint64(i), 0)))
	var file bytes.Buffer
	if err := jpeg.Encode(&file, img, &jpeg.Options{Quality: quality}); err != nil {
		return 0, err
	}
	return int64(file.Len()), os.WriteFile(path, file.Bytes(), 0o644)
}

// drawPhoto fills a square picture with a surface between drawn colours, and a texture over it.
func drawPhoto(img *image.RGBA, rng *rand.Rand) {
	var cells [photoCells + 1][photoCells + 1][3]int
	for y := range cells {
		for x := range cells[y] {
			for c := range cells[y][x] {
				cells[y][x][c] = rng.IntN(256)
			}
		}
	}
	const side = photoSide
	grain := rng.Uint64() | 1
	for y := range side {
		row, down := y*photoCells/side, y*photoCells%side
		for x := range side {
			column, across := x*photoCells/side, x*photoCells%side
			at := img.Pix[img.PixOffset(x, y):][:4]
			grain ^= grain << 13 // xorshift, Marsaglia, 2003: noise that costs little
			grain ^= grain >> 7
			grain ^= grain << 17
			for c := range 3 {
				top := cells[row][column][c]*(side-across) + cells[row][column+1][c]*across
				bottom := cells[row+1][column][c]*(side-across) + cells[row+1][column+1][c]*across
				at[c] = uint8((top*(side-down)+bottom*down)/(side*side)*63/64 + int(grain%4))
			}
			at[3] = 255
		}
	}
}

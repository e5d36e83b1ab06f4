package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

const (
	tinySide     = 24 // pixels
	tinyPerClass = 20
	tinyHeld     = 200 // pictures whose rows are for validation
)

// rowsHeld is what command rows measures of one list or folder.
type rowsHeld struct {
	Pictures int     `json:"pictures"`
	Rows     int     `json:"rows"`     // of the list; 0: class folders
	Decoded  begun   `json:"decoded"`  // no pixels are kept
	Kept     begun   `json:"kept"`     // a training before has kept them
	Load     float64 `json:"load"`     // of the machine, before
	ListMiB  float64 `json:"list_mib"` // of the list file
}

// begun is the beginning of a training.
type begun struct {
	Seconds float64 `json:"seconds_to_first_step"`
	Peak    float64 `json:"peak_mib"` // resident, until the first step
}

// rows measures how soon a training on a long list begins, and what it holds.
func rows(ctx context.Context, o options) error {
	r, err := openResults(o, "rows")
	if err != nil {
		return err
	}
	for _, c := range []struct {
		pictures, rows int
		shards         bool
	}{{20_000, 100_000, false}, {20_000, 1_000_000, false}, {200_000, 100_000, false}, {200_000, 1_000_000, false},
		{200_000, 0, false}, {200_000, 0, true}, {1_000_000, 0, false}} {
		what := "class folders"
		switch {
		case c.rows > 0:
			what = fmt.Sprint(c.rows, " rows")
		case c.shards:
			what = ".tar shards"
		}
		held, err := row(o, r, fmt.Sprintf("rows/%d pictures, %s", c.pictures, what), func() (rowsHeld, error) {
			return withFolder(func(folder string) (rowsHeld, error) { return holdRows(ctx, o, folder, c.pictures, c.rows, c.shards) })
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(o.out, "%d pictures, %s: first step after %.1f s (kept pixels: %.1f s), peak %.0f MiB (%.0f MiB)\n",
			held.Pictures, what, held.Decoded.Seconds, held.Kept.Seconds, held.Decoded.Peak, held.Kept.Peak)
	}
	return nil
}

func holdRows(ctx context.Context, o options, folder string, pictures, rows int, shards bool) (h rowsHeld, err error) {
	h.Pictures, h.Rows, h.Load = pictures, rows, load()
	data := filepath.Join(folder, "pictures")
	draw := drawTiny
	if shards {
		draw = packTiny
	}
	if err := draw(ctx, data, pictures); err != nil {
		return h, err
	}
	if rows > 0 {
		list := filepath.Join(data, "pairs.csv")
		if err := writeRows(list, pictures, rows); err != nil {
			return h, err
		}
		info, err := os.Stat(list)
		if err != nil {
			return h, err
		}
		data, h.ListMiB = list, float64(info.Size())/mib
	}
	if h.Decoded, err = beginRows(ctx, o, data, filepath.Join(folder, "decoded"), "0"); err != nil {
		return h, err
	}
	runtime, err := libtensorflow.Folder(os.Getenv, libtensorflow.Auto)
	if err != nil {
		return h, err
	}
	cache := []string{"XDG_CACHE_HOME=" + filepath.Join(folder, "cache"), libtensorflow.FolderVariable + "=" + runtime}
	if _, err = beginRows(ctx, o, data, filepath.Join(folder, "keeps"), "2", cache...); err != nil {
		return h, err
	}
	h.Kept, err = beginRows(ctx, o, data, filepath.Join(folder, "kept"), "2", cache...)
	return h, err
}

// beginRows trains one step.
func beginRows(ctx context.Context, o options, data, run, kept string, environment ...string) (b begun, err error) {
	argv := append([]string{"env"}, environment...)
	argv = append(argv, o.tfpair, "train", "--json", "--preset", "siamese", "--data", data, "--out", run, "--group-by", "none", "--pixel-cache", kept,
		"--set", "train.steps=1", "--set", fmt.Sprint("input.size=", tinySide+8))
	c, err := start(ctx, "tfpair train", argv)
	if err != nil {
		return b, err
	}
	if err := c.await("step", &line{}); err != nil {
		return b, err
	}
	b.Seconds = time.Since(c.began).Seconds()
	if b.Peak, err = mostResident(c.cmd.Process.Pid); err != nil {
		return b, errors.Join(err, c.end())
	}
	return b, c.end()
}

func tinyPath(i int) string {
	class := i / tinyPerClass
	return fmt.Sprintf("group-%03d/class-%05d/%07d.jpg", class/1000, class, i)
}

// drawTiny writes n JPEG files of different pictures below folder, in classes.
func drawTiny(ctx context.Context, folder string, n int) error {
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for first := 0; first < n && within.Err() == nil; first += tinyPerClass {
		g.Go(func() error {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, tinyPath(first))), 0o755); err != nil {
				return err
			}
			for i := first; i < min(first+tinyPerClass, n); i++ {
				if err := os.WriteFile(filepath.Join(folder, tinyPath(i)), tinyPicture(i), 0o644); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// tinyPerShard is how many pictures are in a .tar.
const tinyPerShard = 10_000

// packTiny writes the pictures of drawTiny as samples with their classes, in .tar shards.
func packTiny(ctx context.Context, folder string, n int) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for first := 0; first < n && ctx.Err() == nil; first += tinyPerShard {
		file, err := os.Create(filepath.Join(folder, fmt.Sprintf("%06d.tar", first/tinyPerShard)))
		if err != nil {
			return err
		}
		buffer := bufio.NewWriter(file)
		w := tar.NewWriter(buffer)
		for i := first; i < min(first+tinyPerShard, n); i++ {
			for _, f := range []struct {
				extension string
				content   []byte
			}{{"jpg", tinyPicture(i)}, {"cls", fmt.Append(nil, i/tinyPerClass)}} {
				h := &tar.Header{Name: fmt.Sprintf("%07d.%s", i, f.extension), Typeflag: tar.TypeReg, Size: int64(len(f.content)), Mode: 0o644}
				if err := w.WriteHeader(h); err != nil {
					return err
				}
				if _, err := w.Write(f.content); err != nil {
					return err
				}
			}
		}
		if err := errors.Join(w.Close(), buffer.Flush(), file.Close()); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// tinyPicture returns the JPEG file of the i-th picture, a few squares of drawn colour.
func tinyPicture(i int) []byte {
	rng := rand.New(rand.NewPCG(uint64(i), 1))
	img := image.NewRGBA(image.Rect(0, 0, tinySide, tinySide))
	var cells [9]color.RGBA
	for c := range cells {
		cells[c] = color.RGBA{uint8(rng.Uint32()), uint8(rng.Uint32()), uint8(rng.Uint32()), 255}
	}
	for y := range tinySide {
		for x := range tinySide {
			img.SetRGBA(x, y, cells[y*3/tinySide*3+x*3/tinySide])
		}
	}
	var file bytes.Buffer
	_ = jpeg.Encode(&file, img, nil) // a buffer takes all
	return file.Bytes()
}

// writeRows writes a list of pairs, half of them same, those of the last pictures for validation. Its first rows name each
// picture once, so that a short list asks for as many pixels as a long one.
func writeRows(path string, pictures, rows int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	fmt.Fprintln(w, "left,right,same,split")
	rng := rand.New(rand.NewPCG(uint64(rows), 2))
	for i := range rows {
		from, to, split := 0, pictures-tinyHeld, "train"
		if i%1000 == 0 {
			from, to, split = to, pictures, "val"
		}
		if i < pictures/2 {
			left, right, same := once(i)
			if split = "train"; left >= pictures-tinyHeld {
				split = "val"
			}
			fmt.Fprintf(w, "%s,%s,%d,%s\n", tinyPath(left), tinyPath(right), same, split)
			continue
		}
		left := from + rng.IntN(to-from)
		same := rng.IntN(2)
		right := left - left%tinyPerClass + (left+1+rng.IntN(tinyPerClass-1))%tinyPerClass
		for same == 0 && right/tinyPerClass == left/tinyPerClass {
			right = from + rng.IntN(to-from)
		}
		fmt.Fprintf(w, "%s,%s,%d,%s\n", tinyPath(left), tinyPath(right), same, split)
	}
	return errors.Join(w.Flush(), file.Close())
}

// once returns row i of those that name each picture once: of two classes the first halves make same pairs, and the second
// halves different ones.
func once(i int) (left, right, same int) {
	const half = tinyPerClass / 2
	class, k := i/tinyPerClass*2*tinyPerClass, i%tinyPerClass
	if k < half {
		left = class + k/(half/2)*tinyPerClass + 2*(k%(half/2))
		return left, left + 1, 1
	}
	return class + k, class + tinyPerClass + k, 0
}

package copies

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"image"
	"io/fs"
	"runtime"
	"sync"

	"github.com/disintegration/imaging"
	"golang.org/x/sync/errgroup"

	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/phash"
)

// Options say how pictures are read.
type Options struct {
	Workers  int                   // pictures decoded at once; 0: one per CPU
	Limits   decode.Limits         // on the files
	Cache    *Cache                // what was read before, and takes what is read; nil: none
	Progress func(done, total int) // called after each picture, one call at a time; nil: none
}

// Read returns the prints of all images of d, in their order, and how many files it opened. Files that
// the cache knows are not opened. Each other file is read once; memory is bounded by Workers and Limits,
// and about 1 KiB for each image. What was read is in the cache also where ctx ends the work.
// A file that cannot be read or decoded has a Fault. The error is that of ctx or of writing the cache,
// or says that the machine has no more of something, such as files that may be open.
func Read(ctx context.Context, d *dataset.Dataset, o Options) (prints []Print, opened int, err error) {
	prints = make([]Print, len(d.Images))
	var mu sync.Mutex // protects done, opened, prints that the cache is handed, and calls of Progress
	done := 0
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(cmp.Or(o.Workers, runtime.GOMAXPROCS(0)))
	for i := range d.Images {
		g.Go(func() error {
			if err := within.Err(); err != nil {
				return err
			}
			p, known, err := o.read(d.Root, d.Images[i].Path)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			prints[i] = p
			if !known {
				opened++
			}
			if done++; o.Progress != nil {
				o.Progress(done, len(prints))
			}
			if known || opened%saveEvery != 0 {
				return nil
			}
			return o.Cache.save(prints, false)
		})
	}
	err = g.Wait()
	if opened > 0 {
		err = errors.Join(err, o.Cache.save(prints, err == nil))
	}
	if err != nil {
		return nil, opened, err
	}
	return prints, opened, nil
}

// saveEvery is how many files are read between two savings of the cache: half a minute's.
const saveEvery = 10_000

// read returns the print of a file, and whether the cache knew it. The error says that the machine has no more of
// something.
func (o Options) read(root fs.FS, path string) (p Print, known bool, err error) {
	info, err := fs.Stat(root, path)
	if err != nil {
		return Print{Path: path, Fault: reason(err)}, false, nil
	}
	stamp := stampOf(info)
	if p, known := o.Cache.get(path, stamp); known {
		return p, true, nil
	}
	img, file, err := decode.OpenFile(root, path, o.Limits)
	if p = (Print{Path: path, Stamp: stamp}); len(file) > 0 {
		p.SHA256 = sha256.Sum256(file)
		p.Facts, _ = decode.Inspect(file) // what is wrong with it stands in Fault
	}
	if regular.Exhausted(err) {
		return p, false, err
	}
	if err != nil {
		p.Fault = reason(err)
		return p, false, nil
	}
	p.Width, p.Height = int32(img.Rect.Dx()), int32(img.Rect.Dy())
	p.Pixels, p.Detail, p.Views, p.Small = pixels(img), detail(img), phash.ViewsOf(img), small(img)
	return p, false, nil
}

// reason returns err without the path, which stands beside it.
func reason(err error) string {
	var of *decode.ImageError
	if errors.As(err, &of) {
		return of.Err.Error()
	}
	return regular.Reason(err).Error()
}

// pixels returns the checksum of the size and the colours of a picture.
func pixels(img *image.NRGBA) (sum [sha256.Size]byte) {
	h := sha256.New()
	size := img.Rect.Size()
	h.Write(binary.LittleEndian.AppendUint64(nil, uint64(size.X)<<32|uint64(size.Y)))
	for y := range size.Y {
		h.Write(img.Pix[y*img.Stride:][:4*size.X])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// small returns the mean colours of a picture.
func small(img *image.NRGBA) (s Small) {
	const side = 4
	at := imaging.Resize(img, side, side, imaging.Box)
	for p := range side * side {
		copy(s[3*p:3*p+3], at.Pix[4*p:])
	}
	return s
}

// detail returns the energy of the Laplacian of the luma, summed over the picture, by the variance of the
// luma. It falls where a picture is made smaller, larger or blurred, and does not change with its contrast.
func detail(img *image.NRGBA) float32 {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	rows := [3][]float64{make([]float64, w), make([]float64, w), make([]float64, w)} // y-2, y-1, y
	var sum, squares, energy float64
	for y := range h {
		rows[0], rows[1], rows[2] = rows[1], rows[2], rows[0]
		for x, p := 0, img.Pix[y*img.Stride:]; x < w; x, p = x+1, p[4:] {
			l := 0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2]) // ITU-R BT.601
			rows[2][x] = l
			sum += l
			squares += l * l
		}
		for x := 1; y >= 2 && x < w-1; x++ {
			l := rows[0][x] + rows[2][x] + rows[1][x-1] + rows[1][x+1] - 4*rows[1][x]
			energy += l * l
		}
	}
	n := float64(w) * float64(h)
	variance := squares/n - sum/n*sum/n
	if variance < 1 {
		return 0
	}
	return float32(energy / variance)
}

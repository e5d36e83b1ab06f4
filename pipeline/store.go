package pipeline

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"maps"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/kept"
	"github.com/tfpair/tfpair/pipeline/phash"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// StoreOptions says how images are read and how much of them is kept.
type StoreOptions struct {
	Resizer   resize.Resizer // to the model's size
	Labels    resize.Resizer // of label images, to the same size; zero: Resizer
	Workers   int            // images decoded at once, each within Limits; 0: one per CPU
	MaxMemory int64          // bytes of pixels kept in memory; 0: 1 GiB, negative: none
	MaxDisk   int64          // most kept on disk, and half of what is free; 0: 8 GiB, negative: none
	SpillDir  string         // folder of the file on disk; "": the system's temporary one
	Limits    decode.Limits  // on the files, before they are decoded
	JPEG      decode.JPEG    // decodes plain JPEG files; nil: Go's decoder
	Kept      *kept.Options  // where pixels are kept across programs, and found; nil: nowhere
	Identify  bool           // what images are known by is kept, see Identity
	Thumbnail bool           // a thumbnail of each picture that is decoded is kept, too, see Thumbnail: by Kept, or else until the Store is closed
}

// Store holds the decoded and resized images of a dataset: in memory, then in a
// file without a name, and beyond the limits of both not at all, so that such
// images are decoded again whenever they are asked for. It is safe for concurrent
// use.
//
// Prepare starts its own goroutines and returns when they have ended; a Sequence
// owns those that it starts. Who makes a Store closes it, after all these.
type Store struct {
	data    *dataset.Dataset
	labels  []int32
	answers map[int32]bool // label images
	options StoreOptions
	side    int // S, pixels per side
	bytes   int // of one image: S·S·3
	cache   *cache

	plain, label *shelf // of images and of label images
	album        *album // of thumbnails without Kept; nil: none is kept

	spare sync.Pool // of *[]uint8: memory of pictures that were resized
	files sync.Pool // of *[]uint8: memory of files that were decoded

	mu         sync.Mutex       // protects sizes and identities
	sizes      [][2]int32       // [image] width and height in its file; zeros: nobody has looked
	identities []phash.Identity // [image]; zero: it was not decoded; nil without Options.Identify
}

// Resize sets how images are brought to a network's size, and label images in a mode of
// their own; "" is that of the others. Errors are those of resize.New.
func (o *StoreOptions) Resize(images resize.Options, labels string) (err error) {
	if o.Resizer, err = resize.New(images); err != nil || labels == "" {
		return err
	}
	images.Mode = labels
	o.Labels, err = resize.New(images)
	return err
}

// NewStore returns an empty Store of the images of ds.
func NewStore(ds *dataset.Dataset, o StoreOptions) *Store {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.MaxMemory == 0 {
		o.MaxMemory = 1 << 30
	}
	if o.MaxDisk == 0 {
		o.MaxDisk = 8 << 30
	}
	if o.SpillDir == "" {
		o.SpillDir = os.TempDir()
	}
	if o.Labels.Bytes() == 0 {
		o.Labels = o.Resizer
	}
	answers := map[int32]bool{}
	for _, image := range ds.All().LabelImages() {
		answers[image] = true
	}
	var identities []phash.Identity
	if o.Identify {
		identities = make([]phash.Identity, len(ds.Images))
	}
	s := &Store{
		sizes:      make([][2]int32, len(ds.Images)),
		identities: identities,
		answers:    answers,
		data:       ds,
		labels:     Labels(ds),
		options:    o,
		side:       o.Resizer.Options().Size,
		bytes:      o.Resizer.Bytes(),
		cache:      newCache(len(ds.Images), o),
	}
	if o.Thumbnail && o.Kept == nil {
		s.album = newAlbum(o.SpillDir)
	}
	s.plain = s.shelf(o.Resizer)
	if s.label = s.plain; o.Labels.Options() != o.Resizer.Options() {
		s.label = s.shelf(o.Labels)
	}
	return s
}

// Size returns S: images are [S,S,3].
func (s *Store) Size() int { return s.side }

// Decoder names what decodes plain JPEG files: decode.LibJPEG, or "" where that is Go's decoder.
func (s *Store) Decoder() string {
	if s.options.JPEG == nil {
		return ""
	}
	return decode.LibJPEG
}

// Cached returns how many images are kept in memory and how many on disk.
func (s *Store) Cached() (memory, disk int) { return s.cache.counts() }

// Close gives the memory and the disk back. A closed Store keeps nothing more.
func (s *Store) Close() error {
	s.plain.close()
	s.label.close()
	return errors.Join(s.album.close(), s.cache.close())
}

// Prepare decodes the given images, in parallel, and keeps them as far as the
// limits allow. It returns every image that cannot be decoded, in the order given.
// progress, which may be nil, is called after each image, one call at a time. The
// error is that of ctx, or says that the machine has no more of something, such as files that may be open.
func (s *Store) Prepare(
	ctx context.Context, images []int32, progress func(done, total int),
) ([]BadImage, error) {
	errs := map[int]error{} // few
	var next atomic.Int64
	var mu sync.Mutex // protects errs and done, and calls of progress
	done := 0
	g, ctx := errgroup.WithContext(ctx)
	for range min(s.options.Workers, len(images)) {
		g.Go(func() error {
			buffer := make([]uint8, s.bytes)
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(images) {
					return nil
				}
				var err error
				if !s.known(images[i]) {
					err = s.decode(buffer, images[i])
				}
				if regular.Exhausted(err) {
					return err
				}
				mu.Lock()
				if err != nil {
					errs[i] = err
				}
				done++
				if progress != nil {
					progress(done, len(images))
				}
				mu.Unlock()
			}
			return ctx.Err()
		})
	}
	err := g.Wait()
	s.plain.publish()
	s.label.publish()
	if err != nil {
		return nil, err
	}
	return s.bad(images, errs), nil
}

// bad returns the images with errors, in order.
func (s *Store) bad(images []int32, errs map[int]error) []BadImage {
	var bad []BadImage
	for _, i := range slices.Sorted(maps.Keys(errs)) {
		bad = append(bad, s.badImage(images[i], errs[i]))
	}
	return bad
}

func (s *Store) badImage(image int32, err error) BadImage {
	return BadImage{Image: image, Path: s.data.Images[image].Path, Err: err}
}

// Pixels reads the given images into dst [N,S,S,3] RGB in [0,255]. What is not
// kept is decoded; the error is that of the first image that cannot be.
func (s *Store) Pixels(dst []uint8, images []int32) error {
	if len(dst) != len(images)*s.bytes {
		panic(fmt.Sprintf("pipeline: %d bytes for %d images of %d", len(dst), len(images), s.bytes))
	}
	for i, image := range images {
		if err := s.load(dst[i*s.bytes:(i+1)*s.bytes], image); err != nil {
			return err
		}
	}
	return nil
}

// load reads one image into dst [S,S,3], from the cache or else from its file.
func (s *Store) load(dst []uint8, image int32) error {
	if s.cache.get(dst, image) {
		return nil
	}
	return s.decode(dst, image)
}

// decode reads one image from its file into dst [S,S,3], or what was kept of it, and keeps it if it can.
func (s *Store) decode(dst []uint8, image int32) error {
	root, path, on := s.data.Root, s.data.Images[image].Path, s.of(image)
	stamp := on.stamp(root, path) // of before the file is read
	if e, ok := on.pixels.Stamped(stamp); ok && s.take(dst, image, on, e) {
		return nil
	}
	file, err := s.file(path)
	if err != nil {
		return err
	}
	defer s.files.Put(&file)
	var about kept.About
	if on.pixels != nil || s.identities != nil {
		about.Identity.SHA256 = sha256.Sum256(file)
	}
	if e, ok := on.pixels.Find(about.Identity.SHA256, stamp); ok && s.take(dst, image, on, e) {
		return nil
	}
	picture, img, err := s.picture(path, file, on.resizer.Reduction)
	if err != nil {
		return err
	}
	about.Width, about.Height = picture.Size()
	s.measured(image, about.Width, about.Height)
	if about.Identified = s.identities != nil; about.Identified {
		about.Identity.Hash, about.Identity.Hashed = phash.Of(img)
		s.identify(image, about.Identity)
	}
	on.resizer.Into(dst, img)
	if on.thumbs != nil || s.album.wants(image) {
		if small, err := s.thumbnailOf(path, file, picture, img); err == nil { // else Thumbnail says what is wrong
			on.thumbs.Put(stamp, about, small)
			s.album.put(image, small)
		}
	}
	s.spare.Put(&img.Pix)
	onDisk := on.pixels.Put(stamp, about, dst)
	s.cache.put(image, dst, !onDisk)
	return nil
}

// file reads a file. Who has decoded it puts it into s.files.
func (s *Store) file(path string) ([]byte, error) {
	var memory []uint8
	if spare, ok := s.files.Get().(*[]uint8); ok {
		memory = *spare
	}
	return decode.FileIn(s.data.Root, path, s.options.Limits, memory)
}

// picture decodes a file, reduced as reduce says. The error is an *decode.ImageError.
func (s *Store) picture(path string, file []byte, reduce func(width, height int) int) (decode.Picture, *image.NRGBA, error) {
	picture, err := decode.Reader{Limits: s.options.Limits, JPEG: s.options.JPEG, Reduce: reduce}.Examine(file)
	if err != nil {
		return picture, nil, &decode.ImageError{Path: path, Err: err}
	}
	if spare, ok := s.spare.Get().(*[]uint8); ok {
		picture.Memory = *spare
	}
	img, err := picture.Decode(context.Background())
	if err != nil {
		return picture, nil, &decode.ImageError{Path: path, Err: err}
	}
	return picture, img, nil
}

// measured keeps how large a picture is in its file.
func (s *Store) measured(image int32, width, height int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes[image] = [2]int32{int32(width), int32(height)}
}

// FileSize returns the width and the height of an image in its file, in pixels, as stored. The file is read where that
// is not known yet. Errors are those of decode.File, and *decode.ImageError.
func (s *Store) FileSize(image int32) (width, height int, err error) {
	s.mu.Lock()
	known := s.sizes[image]
	s.mu.Unlock()
	if known[0] > 0 {
		return int(known[0]), int(known[1]), nil
	}
	path := s.data.Images[image].Path
	file, err := decode.File(s.data.Root, path, s.options.Limits)
	if err != nil {
		return 0, 0, err
	}
	picture, err := decode.Reader{Limits: s.options.Limits}.Examine(file)
	if err != nil {
		return 0, 0, &decode.ImageError{Path: path, Err: err}
	}
	width, height = picture.Size()
	s.measured(image, width, height)
	return width, height, nil
}

// take reads a picture that was kept, unless it lacks something or is damaged.
func (s *Store) take(dst []uint8, image int32, on *shelf, e kept.Entry) bool {
	if s.identities != nil && !e.Identified || !on.pixels.Read(dst, e) {
		return false
	}
	s.told(image, e)
	s.cache.put(image, dst, false)
	return true
}

// known reports whether an image need not be read to be used: its pixels are at hand, and what it is known by.
func (s *Store) known(image int32) bool {
	if s.cache.has(image) {
		return true
	}
	on := s.of(image)
	e, ok := on.pixels.Stamped(on.stamp(s.data.Root, s.data.Images[image].Path))
	if !ok || s.identities != nil && !e.Identified {
		return false
	}
	s.told(image, e)
	return true
}

// told keeps what was kept of an image beside its pixels.
func (s *Store) told(image int32, e kept.Entry) {
	s.measured(image, e.Width, e.Height)
	s.identify(image, e.Identity)
}

// identify keeps what an image is known by, where that is wanted.
func (s *Store) identify(image int32, id phash.Identity) {
	if s.identities == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identities[image] = id
}

// Identity returns what an image is known by, and false where it was not decoded yet or the
// Store was not asked to keep it. Prepare decodes all.
func (s *Store) Identity(image int32) (phash.Identity, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.identities == nil {
		return phash.Identity{}, false
	}
	id := s.identities[image]
	return id, id != phash.Identity{} // no file has the SHA-256 of zeros
}

// Contents returns the SHA-256 of the files of images, as far as their Identity is known.
func (s *Store) Contents(images []int32) map[[sha256.Size]byte]bool {
	contents := map[[sha256.Size]byte]bool{}
	for _, i := range images {
		if id, ok := s.Identity(i); ok {
			contents[id.SHA256] = true
		}
	}
	return contents
}

// Firsts leads from images, as far as their Identity is known, to the first of them that is the
// same file.
func (s *Store) Firsts(images []int32) map[int32]int32 {
	of, firsts := map[[sha256.Size]byte]int32{}, map[int32]int32{}
	for _, i := range images {
		id, ok := s.Identity(i)
		if !ok {
			continue
		}
		if _, known := of[id.SHA256]; !known {
			of[id.SHA256] = i
		}
		firsts[i] = of[id.SHA256]
	}
	return firsts
}

package pipeline

import (
	"crypto/sha256"
	"fmt"
	"image"
	"io/fs"
	"runtime"

	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/kept"
	"github.com/tfpair/tfpair/pipeline/resize"
	"github.com/tfpair/tfpair/pipeline/thumbnail"
)

// shelf is what is kept across programs of pictures that are resized in one way.
type shelf struct {
	resizer resize.Resizer
	pixels  *kept.Pixels // nil without StoreOptions.Kept
	thumbs  *kept.Pixels // nil also without StoreOptions.Thumbnail
}

// shelf opens what was kept of pictures that were made with r.
func (s *Store) shelf(r resize.Resizer) *shelf {
	on := &shelf{resizer: r}
	if s.options.Kept == nil {
		return on
	}
	decoder := "image/jpeg"
	if s.options.JPEG != nil {
		decoder = s.options.JPEG.Name()
	}
	way := fmt.Sprintf("%s\n%s\n%s\n%+v", r.Options(), decoder, runtime.Version(), s.options.Limits)
	on.pixels = kept.Open(*s.options.Kept, way, r.Bytes())
	if s.options.Thumbnail {
		on.thumbs = kept.Open(*s.options.Kept, fmt.Sprintf("thumbnail %d\n%s", thumbnail.Side, way), kept.AnyLength)
	}
	return on
}

// of returns where an image is kept.
func (s *Store) of(image int32) *shelf {
	if s.answers[image] {
		return s.label
	}
	return s.plain
}

// stamp returns the stamp of a file, one that tells nothing where nothing is kept.
func (on *shelf) stamp(root fs.FS, path string) kept.Stamp {
	if on.pixels == nil {
		return kept.Stamp{}
	}
	return kept.StampOf(root, path)
}

func (on *shelf) publish() {
	on.pixels.Publish()
	on.thumbs.Publish()
}

func (on *shelf) close() {
	on.pixels.Close()
	on.thumbs.Close()
}

// Thumbnail returns the thumbnail of an image, a JPEG file: the one that was kept, or else one that is made of its file, and
// kept. Errors are those of decode.File, and *decode.ImageError.
func (s *Store) Thumbnail(image int32) ([]byte, error) {
	if small := s.album.get(image); small != nil {
		return small, nil
	}
	root, path, on := s.data.Root, s.data.Images[image].Path, s.of(image)
	stamp := on.stamp(root, path)
	if e, ok := on.thumbs.Stamped(stamp); ok {
		if small := on.thumbs.ReadAll(e); small != nil {
			return small, nil
		}
	}
	file, err := decode.File(root, path, s.options.Limits)
	if err != nil {
		return nil, err
	}
	var about kept.About
	if on.thumbs != nil {
		about.Identity.SHA256 = sha256.Sum256(file)
		if e, ok := on.thumbs.Find(about.Identity.SHA256, stamp); ok {
			if small := on.thumbs.ReadAll(e); small != nil {
				return small, nil
			}
		}
	}
	picture, img, err := s.picture(path, file, on.resizer.Reduction) // as for the network: a thumbnail does not tell who was first
	if err != nil {
		return nil, err
	}
	small, err := s.thumbnailOf(path, file, picture, img)
	s.spare.Put(&img.Pix)
	if err == nil {
		about.Width, about.Height = picture.Size()
		on.thumbs.Put(stamp, about, small)
		s.album.put(image, small)
	}
	return small, err
}

// thumbnailOf returns the thumbnail of a picture that was decoded for a network, as img. Only where img is smaller than a
// thumbnail, and the picture is not, its file is decoded once more.
func (s *Store) thumbnailOf(path string, file []byte, of decode.Picture, img *image.NRGBA) ([]byte, error) {
	width, height := of.Size()
	if has := max(img.Rect.Dx(), img.Rect.Dy()); has >= thumbnail.Side || has >= max(width, height) {
		return thumbnail.Of(img)
	}
	_, larger, err := s.picture(path, file, thumbnail.Reduce)
	if err != nil {
		return nil, err
	}
	defer s.spare.Put(&larger.Pix)
	return thumbnail.Of(larger)
}

package decode

import (
	"context"
	"fmt"
	"image"
	"slices"
	"sync/atomic"
)

// Decoder reads a format that the package does not read by itself: package heif has two. Its
// functions are called from several goroutines.
type Decoder struct {
	Name    string                                 // of the format, for errors
	Matches func(data []byte) bool                 // whether data are of the format, by their first bytes
	Header  func(data []byte) (Header, error)      // what is known before memory is taken for pixels
	Decode  func(data []byte) (image.Image, error) // only called for what the limits let through
}

// Header is what a Decoder knows of a picture before it decodes it.
type Header struct {
	Width, Height int     // of what Decode returns, in pixels
	PerPixel      float64 // bytes that decoding holds at once for each of them, the result included
	Orientation   int     // how Decode's picture is to be turned, as in EXIF; 0 is upright
	More          bool    // the file has more pictures than the one that Decode returns
}

// more is formats and what Add was given; nil before the first call.
var more atomic.Pointer[[]format]

// Add makes Decode and the other functions read more formats, for the rest of the process. Call it
// where a program starts: what a file means should not change while it runs. A format that is there
// already is an error, and then nothing is added. It is safe for concurrent use.
func Add(decoders ...Decoder) error {
	for {
		before := more.Load()
		after := slices.Clone(known())
		for _, d := range decoders {
			if d.Name == "" || d.Matches == nil || d.Header == nil || d.Decode == nil {
				return fmt.Errorf("decoder %q lacks a name or a function", d.Name)
			}
			if reads(after, d.Name) {
				return fmt.Errorf("decoder of %s: there is one already", d.Name)
			}
			after = append(after, d.format())
		}
		if more.CompareAndSwap(before, &after) {
			return nil
		}
	}
}

// known returns all formats, in the order in which they are tried.
func known() []format {
	if p := more.Load(); p != nil {
		return *p
	}
	return formats
}

// Reads reports whether a format, such as "JPEG", is read.
func Reads(name string) bool { return reads(known(), name) }

func reads(list []format, name string) bool {
	return slices.ContainsFunc(list, func(f format) bool { return f.name == name })
}

func (d Decoder) format() format {
	return format{
		name: d.Name,
		is:   d.Matches,
		header: func(data []byte) (header, error) {
			h, err := d.Header(data)
			return header{width: h.Width, height: h.Height, perPixel: h.PerPixel, orientation: max(h.Orientation, 1),
				mode: inColour, more: h.More}, err
		},
		decode: func(_ context.Context, data []byte, _ header) (image.Image, error) { return d.Decode(data) },
	}
}

// Formats returns the names of the formats that are read, in the order in which they are tried.
func Formats() []string {
	var all []string
	for _, f := range known() {
		if !slices.Contains(all, f.name) {
			all = append(all, f.name)
		}
	}
	return all
}

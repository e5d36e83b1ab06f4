package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// decodeFiles decodes the JPEG files of folder in turn, one a step, and brings them to a size, on one core.
func decodeFiles(folder, size, decoder string) error {
	runtime.GOMAXPROCS(1)
	s, err := strconv.Atoi(size)
	if err != nil {
		return err
	}
	resizer, err := resize.New(resize.Options{Size: s})
	if err != nil {
		return err
	}
	var reader decode.Reader
	switch decoder {
	case "go":
	case "runtime":
		jpeg, err := session.SharedJPEG(session.Options{Device: session.CPU, Threads: 1})
		if err != nil {
			return err
		}
		reader.JPEG, reader.Reduce = jpeg, resizer.Reduction
	default:
		return fmt.Errorf("decoder %q: want go or runtime", decoder)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.jpg"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no JPEG file in %q: %w", folder, err)
	}
	next, pixels, memory := 0, make([]uint8, resizer.Bytes()), []uint8(nil)
	return serve(func() error {
		path := files[next%len(files)]
		next++
		file, err := decode.File(os.DirFS(folder), filepath.Base(path), reader.Limits)
		if err != nil {
			return err
		}
		picture, err := reader.Examine(file)
		if err != nil {
			return err
		}
		picture.Memory = memory
		img, err := picture.Decode(context.Background())
		if err != nil {
			return err
		}
		resizer.Into(pixels, img)
		memory = img.Pix
		return nil
	})
}

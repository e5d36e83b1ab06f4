package main

import (
	"archive/zip"
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	decoder "github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// writePixels writes the test pairs as the model in folder version takes them, left and
// right in a file each, and returns the files and which pairs are the same.
func writePixels(o options, version, folder string) (files []string, same []bool, err error) {
	pairs, err := readPairs(testPairs(o))
	if err != nil {
		return nil, nil, err
	}
	resizer, err := resizerOf(version)
	if err != nil {
		return nil, nil, err
	}
	images, err := zip.OpenReader(archive(o))
	if err != nil {
		return nil, nil, err
	}
	defer images.Close()
	for side, name := range []string{"left.rgb", "right.rgb"} {
		paths := make([]string, len(pairs))
		for i, p := range pairs {
			paths[i] = p[side]
		}
		files = append(files, filepath.Join(folder, name))
		if err := writeSide(files[side], images, paths, resizer); err != nil {
			return nil, nil, err
		}
	}
	for _, p := range pairs {
		same = append(same, p[2] == "1")
	}
	return files, same, nil
}

// readPairs returns the rows left, right, same of a file that begins with those names.
func readPairs(path string) ([][]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // read only
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("pairs %q: %w", path, err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], []string{"left", "right", "same"}) {
		return nil, fmt.Errorf("pairs %q: want a header left,right,same", path)
	}
	return rows[1:], nil
}

// resizerOf returns what brings pictures to the size of the model in folder version.
func resizerOf(version string) (resize.Resizer, error) {
	text, err := os.ReadFile(filepath.Join(version, "assets.extra", "tfpair.json"))
	if err != nil {
		return resize.Resizer{}, err
	}
	var manifest struct{ Preprocessing resize.Options }
	if err := json.Unmarshal(text, &manifest); err != nil {
		return resize.Resizer{}, err
	}
	return resize.New(manifest.Preprocessing)
}

func writeSide(to string, images fs.FS, paths []string, r resize.Resizer) error {
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	w, pixels := bufio.NewWriter(f), make([]byte, r.Bytes())
	for _, path := range paths {
		img, err := decoder.Open(images, path, decoder.Limits{})
		if err != nil {
			return errors.Join(err, f.Close())
		}
		r.Into(pixels, img)
		_, _ = w.Write(pixels) // Flush returns its error
	}
	return errors.Join(w.Flush(), f.Close())
}

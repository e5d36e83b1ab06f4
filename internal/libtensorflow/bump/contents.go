package main

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

const (
	libraries = "tensorflow/libtensorflow" // begins the paths of both in a wheel
	included  = "tensorflow/include/"
)

// contents is what a wheel holds that matters to us.
type contents struct {
	functions map[string]bool   // that the libraries export
	headers   map[string][]byte // the C API's and all that they include, by path
}

// open reads a wheel; work is a folder for what is on the way.
func open(path, work string) (c contents, err error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return c, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	defer z.Close()
	c = contents{functions: map[string]bool{}, headers: map[string][]byte{}}
	files := map[string]*zip.File{}
	for _, f := range z.File {
		files[f.Name] = f
		if strings.HasPrefix(f.Name, libraries) && strings.HasSuffix(f.Name, ".so.2") {
			if err := c.export(f, filepath.Join(work, "library")); err != nil {
				return c, fmt.Errorf("%s: %w", f.Name, err)
			}
		}
	}
	for _, root := range []string{"tensorflow/c/c_api.h", "tensorflow/c/eager/c_api.h"} {
		if err := c.include(files, root); err != nil {
			return c, err
		}
	}
	return c, nil
}

// export adds the functions that a library exports.
func (c contents) export(f *zip.File, scratch string) (err error) {
	data, err := contentsOf(f)
	if err != nil {
		return err
	}
	if err := os.WriteFile(scratch, data, 0o644); err != nil {
		return err
	}
	library, err := elf.Open(scratch)
	if err != nil {
		return err
	}
	symbols, err := library.DynamicSymbols()
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF && elf.ST_TYPE(s.Info) == elf.STT_FUNC {
			c.functions[s.Name] = true
		}
	}
	return errors.Join(err, library.Close(), os.Remove(scratch))
}

var includes = regexp.MustCompile(`(?m)^\s*#\s*include\s+"([^"]+)"`)

// include adds a header and those that it includes.
func (c contents) include(files map[string]*zip.File, path string) error {
	if c.headers[path] != nil {
		return nil
	}
	f := files[included+path]
	if f == nil {
		return fmt.Errorf("the wheel has no header %s", path)
	}
	text, err := contentsOf(f)
	if err != nil {
		return err
	}
	c.headers[path] = text
	for _, found := range includes.FindAllSubmatch(text, -1) {
		if err := c.include(files, string(found[1])); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func contentsOf(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}

// list finds the headers in pin.go.
var list = regexp.MustCompile(`(?s)(var headers = \[\]string\{\n)(.*?)(\n\})`)

// compare writes what differs from the installed runtime, and returns pin.go with the headers of the
// wheel. A function that the binding calls and the wheel lacks is an error.
func (c contents) compare(pinned string) (string, error) {
	text, err := os.ReadFile(namesFile)
	if err != nil {
		return "", err
	}
	called := strings.Fields(string(text))
	missing := slices.DeleteFunc(slices.Clone(called), func(name string) bool { return c.functions[name] })
	if len(missing) > 0 {
		return "", fmt.Errorf("the libraries lack %d C functions that the binding calls: %s", len(missing), strings.Join(missing, ", "))
	}
	fmt.Printf("- C functions: all %d that the binding calls are there\n", len(called))
	folder, err := libtensorflow.Find(os.Getenv, libtensorflow.CPU)
	if err != nil {
		return "", err
	}
	var rows []string
	before := list.FindStringSubmatch(pinned)[2]
	for _, path := range slices.Sorted(maps.Keys(c.headers)) {
		rows = append(rows, fmt.Sprintf("\t%q,", path))
		installed, err := os.ReadFile(filepath.Join(folder, "include", filepath.FromSlash(path)))
		switch {
		case err != nil:
			fmt.Printf("- header `%s` is new\n", path)
		case !bytes.Equal(installed, c.headers[path]):
			fmt.Printf("- header `%s` differs\n", path)
		}
	}
	for path := range strings.Lines(before) {
		path = strings.Trim(path, "\t\n\",")
		if c.headers[path] == nil {
			fmt.Printf("- header `%s` is included no more\n", path)
		}
	}
	fmt.Printf("- headers: %d\n", len(rows))
	return list.ReplaceAllString(pinned, "${1}"+strings.Join(rows, "\n")+"${3}"), nil
}

//go:build ignore

// Names_gen writes stub/names.txt: every C.TF_… and C.TFE_… in the Go files of the
// binding that the two libraries export. Run `go generate ./internal/libtensorflow` after a
// change of the binding or of the release; it needs an installed runtime.
package main

import (
	"bytes"
	"debug/elf"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

const binding = "github.com/galeone/tensorflow/tensorflow/go"

func main() {
	log.SetFlags(0)
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", binding).Output()
	if err != nil {
		log.Fatalf("folder of %s: %v", binding, err)
	}
	used, err := usedNames(strings.TrimSpace(string(out)))
	if err != nil {
		log.Fatal(err)
	}
	folder, err := libtensorflow.Find(os.Getenv, libtensorflow.CPU)
	if err != nil {
		log.Fatal(err)
	}
	libraries, err := filepath.Glob(filepath.Join(folder, "lib", "*.so.2"))
	if err != nil {
		log.Fatal(err)
	}
	var text bytes.Buffer
	exported := exportedNames(libraries)
	for _, name := range slices.Sorted(maps.Keys(used)) {
		if exported[name] {
			fmt.Fprintln(&text, name)
		}
	}
	if err := os.WriteFile("stub/names.txt", text.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}

// usedNames returns the C names in the Go files below a folder.
func usedNames(dir string) (map[string]bool, error) {
	pattern := regexp.MustCompile(`\bC\.(TFE?_\w+)`)
	names := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range pattern.FindAllSubmatch(text, -1) {
			names[string(m[1])] = true
		}
		return err
	})
	return names, err
}

// exportedNames returns the functions that the libraries export.
func exportedNames(libraries []string) map[string]bool {
	names := map[string]bool{}
	for _, library := range libraries {
		f, err := elf.Open(library)
		if err != nil {
			log.Fatal(err)
		}
		symbols, err := f.DynamicSymbols()
		f.Close()
		if err != nil {
			log.Fatalf("%s: %v", library, err)
		}
		for _, s := range symbols {
			if s.Section != elf.SHN_UNDEF && elf.ST_TYPE(s.Info) == elf.STT_FUNC {
				names[s.Name] = true
			}
		}
	}
	return names
}

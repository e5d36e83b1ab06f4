package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/tfpair/tfpair/internal/session"
)

// entry is one finished measurement.
type entry struct {
	ID      string    `json:"id"` // "program1/keras/seed=0"
	At      time.Time `json:"at"`
	Commit  string    `json:"commit"`
	Machine string    `json:"machine"`
	// Versions of what took part: the TensorFlow runtime, and the packages of the peers that were installed.
	Versions map[string]string `json:"versions,omitempty"`
	Values   json.RawMessage   `json:"values"`
}

// results are the finished measurements of one command, kept in a file.
type results struct {
	path     string
	commit   string
	machine  string
	versions map[string]string // of what has been installed up to now
	list     []entry
}

// openResults reads the results of a command, none where it has no file yet.
func openResults(o options, command string) (*results, error) {
	r := &results{
		path:     filepath.Join(o.results, command+".json"),
		commit:   commit(),
		machine:  machine(),
		versions: o.versions,
	}
	data, err := os.ReadFile(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	} else if err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	if err := json.Unmarshal(data, &r.list); err != nil {
		return nil, fmt.Errorf("results %q: %w", r.path, err)
	}
	return r, nil
}

// get decodes the values of a measurement and reports whether it is finished.
func (r *results) get(id string, values any) (bool, error) {
	i := slices.IndexFunc(r.list, func(e entry) bool { return e.ID == id })
	if i < 0 {
		return false, nil
	}
	if err := json.Unmarshal(r.list[i].Values, values); err != nil {
		return false, fmt.Errorf("results %q: %q: %w", r.path, id, err)
	}
	return true, nil
}

// put keeps a measurement in place of an earlier one, and writes the file.
func (r *results) put(id string, values any) error {
	raw, err := json.Marshal(values)
	if err != nil {
		return fmt.Errorf("results: %q: %w", id, err)
	}
	r.list = slices.DeleteFunc(r.list, func(e entry) bool { return e.ID == id })
	r.list = append(r.list, entry{id, time.Now().UTC().Round(time.Second), r.commit, r.machine, r.versions, raw})
	data, err := json.MarshalIndent(r.list, "", " ")
	if err != nil {
		return fmt.Errorf("results: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(r.path), 0o755); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	if err := renameio.WriteFile(r.path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	return nil
}

// row returns the kept values of id, or measures and keeps them. It says on o.out which it does.
func row[T any](o options, r *results, id string, measure func() (T, error)) (T, error) {
	var values T
	if !o.again {
		if done, err := r.get(id, &values); done || err != nil {
			fmt.Fprintf(o.out, "%s: kept from before\n", id)
			return values, err
		}
	}
	fmt.Fprintf(o.out, "%s: ", id)
	values, err := measure()
	if err != nil {
		fmt.Fprintln(o.out)
		return values, fmt.Errorf("%s: %w", id, err)
	}
	shown, err := json.Marshal(values)
	if err != nil {
		return values, fmt.Errorf("%s: %w", id, err)
	}
	fmt.Fprintf(o.out, "%s\n", shown)
	return values, r.put(id, values)
}

// commit returns the checked-out commit, marked where the tree differs from it.
func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// machine says what the numbers were measured on, and what by the runtime chooses its kernels there.
func machine() string {
	model := runtime.GOARCH
	data, _ := os.ReadFile("/proc/cpuinfo") // elsewhere than on Linux the architecture must do
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			model = strings.TrimSpace(strings.TrimLeft(name, " \t:"))
			break
		}
	}
	return fmt.Sprintf("%s (%s), %d cores, %s", model, session.Processor(), runtime.NumCPU(), runtime.GOOS)
}

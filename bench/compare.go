package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
)

// noteworthy is by which share a number must differ to be shown.
const noteworthy = 0.1

// compareResults shows which numbers of the results in folder b differ from those in a by more than a tenth. Of a list
// of numbers that is the median.
func compareResults(out io.Writer, a, b string) error {
	files, err := filepath.Glob(filepath.Join(a, "*.json"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("folder %q holds no results", a)
	}
	for _, file := range files {
		command := strings.TrimSuffix(filepath.Base(file), ".json")
		before, err := openResults(options{results: a}, command)
		if err != nil {
			return err
		}
		after, err := openResults(options{results: b}, command)
		if err != nil {
			return err
		}
		for _, e := range before.list {
			var values json.RawMessage
			found, err := after.get(e.ID, &values)
			if err != nil {
				return err
			}
			if !found {
				continue
			}
			was, is := map[string]float64{}, map[string]float64{}
			flatten("", e.Values, was)
			flatten("", values, is)
			for _, name := range slices.Sorted(maps.Keys(was)) {
				x, y := was[name], is[name]
				if _, ok := is[name]; ok && math.Abs(y-x) > noteworthy*math.Abs(x) {
					fmt.Fprintf(out, "%s: %s: %s %.4g, was %.4g (%+.0f %%)\n", command, e.ID, strings.TrimPrefix(name, "."), y, x, 100*(y/x-1))
				}
			}
		}
	}
	return nil
}

// flatten puts the numbers of a JSON value into numbers, by the names that lead to them.
func flatten(name string, value json.RawMessage, numbers map[string]float64) {
	var parts map[string]json.RawMessage
	if json.Unmarshal(value, &parts) == nil {
		for key, part := range parts {
			flatten(name+"."+key, part, numbers)
		}
		return
	}
	var list []float64
	if json.Unmarshal(value, &list) == nil {
		if len(list) > 0 {
			numbers[name] = spread(list).Median
		}
		return
	}
	var x float64
	if json.Unmarshal(value, &x) == nil {
		numbers[name] = x
	}
}

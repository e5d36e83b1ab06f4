package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// checkData refuses a command whose data are not there.
func (o options) checkData(c command) error {
	if len(c.data) > 0 && o.data == "" {
		return fmt.Errorf("%s reads %v: say where they are with -data FOLDER or TFPAIR_DATA=FOLDER; README.md lists the files",
			c.name, c.data)
	}
	for _, name := range c.data {
		folder := filepath.Join(o.data, name)
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s reads the folder %q, which is not there: -data wants the folder that holds it", c.name, folder)
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (o options) omniglot() string    { return filepath.Join(o.data, "omniglot") }
func (o options) oneShotRuns() string { return filepath.Join(o.omniglot(), "all_runs.zip") }
func (o options) grocery() string     { return filepath.Join(o.data, "grocery") }

func archive(o options) string   { return filepath.Join(o.data, "mnist", "mnist-small.zip") }
func testPairs(o options) string { return filepath.Join(o.data, "mnist", "test_pairs.csv") }

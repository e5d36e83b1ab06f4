package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/tfpair/tfpair/models/index"
)

// migratedTimes is a migration of photos from one network to another that was killed on its way.
type migratedTimes struct {
	Images    int     `json:"images"`
	Resumed   int     `json:"resumed"` // that were embedded before the kill
	Killed    float64 `json:"seconds_before_the_kill"`
	Seconds   float64 `json:"seconds"`        // of the command that went on
	Fresh     float64 `json:"fresh_seconds"`  // of building the same from nothing
	Equal     float64 `json:"equal"`          // share of 500 queries whose ten answers are those of the fresh index, in its order
	Largest   float64 `json:"largest"`        // difference of a number of an embedding from the fresh one
	Untouched bool    `json:"old_untouched"`  // the files of the index before are as they were
	Early     bool    `json:"new_before_end"` // the new index was there before the end, which must not be
}

// migration moves an index of the test photos from EfficientNet-Lite0 to MobileNetV2, is killed and goes on.
func migration(ctx context.Context, o options) (migratedTimes, error) {
	return withFolder(func(folder string) (t migratedTimes, err error) {
		in := func(name string) string { return filepath.Join(folder, name) }
		photos := filepath.Join(o.grocery(), "test")
		run := func(into any, arguments ...string) (float64, error) {
			began := time.Now()
			_, err := complete(ctx, "tfpair "+arguments[0], append([]string{o.tfpair}, arguments...), into)
			return time.Since(began).Seconds(), err
		}
		for name, weights := range map[string]string{"before": "efficientnet-lite0", "after": "mobilenetv2"} {
			if _, err := run(&struct{}{}, "export", "--weights", weights, "--out", in(name), "--json"); err != nil {
				return t, err
			}
		}
		if _, err := run(&struct{}{}, "index", "build", "--model", in("before"), "--data", photos, "--out", in("old.index"), "--json"); err != nil {
			return t, err
		}
		sums, err := folderSums(in("old.index"))
		if err != nil {
			return t, err
		}
		migrate := []string{"index", "migrate", "--index", in("old.index"), "--model", in("after"), "--out", in("new.index"), "--json"}
		if t.Killed, err = killedHalfway(ctx, o.tfpair, migrate, in("new.index.part"), 1000); err != nil {
			return t, err
		}
		_, err = os.Stat(in("new.index"))
		t.Early = err == nil
		var said struct{ Images, Resumed int }
		if t.Seconds, err = run(&said, migrate...); err != nil {
			return t, err
		}
		t.Images, t.Resumed = said.Images, said.Resumed
		if t.Fresh, err = run(&struct{}{}, "index", "build", "--model", in("after"), "--data", photos, "--out", in("fresh.index"), "--json"); err != nil {
			return t, err
		}
		after, err := folderSums(in("old.index"))
		if err != nil {
			return t, err
		}
		t.Untouched = after == sums
		return t, t.compare(in("new.index"), in("fresh.index"))
	})
}

// killedHalfway starts a command and kills it when the index that it makes has so many images.
func killedHalfway(ctx context.Context, program string, arguments []string, part string, images int) (seconds float64, err error) {
	cmd := exec.CommandContext(ctx, program, arguments...)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			return 0, errors.Join(errors.New("it ended before it could be killed"), err)
		case <-time.After(50 * time.Millisecond):
		}
		if _, items, err := index.ReadItems(part); err == nil && len(items) >= images {
			seconds := time.Since(began).Seconds()
			if err := cmd.Process.Kill(); err != nil {
				return 0, err
			}
			if err := <-ended; err == nil {
				return 0, errors.New("it ended before it was killed")
			}
			return seconds, nil
		}
	}
}

// folderSums returns the SHA-256 of all files of a folder.
func folderSums(folder string) (sums string, err error) {
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		sums += fmt.Sprintf("%s %x\n", path, sha256.Sum256(data))
		return err
	})
	return sums, err
}

// compare holds the index that was migrated against one that was built from nothing.
func (t *migratedTimes) compare(moved, fresh string) error {
	a, err := index.Read(moved)
	if err != nil {
		return err
	}
	b, err := index.Read(fresh)
	if err != nil {
		return err
	}
	rows := map[string]int{}
	for row, item := range a.All() {
		rows[item.ID] = row
	}
	const asked = 500
	equal := 0
	for row, item := range b.All() {
		at, ok := rows[item.ID]
		if !ok {
			return fmt.Errorf("%s is not in the migrated index", item.ID)
		}
		want := b.Vector(row)
		for i, x := range a.Vector(at) {
			t.Largest = max(t.Largest, float64(x-want[i]), float64(want[i]-x))
		}
		if row >= asked {
			continue
		}
		x, err := a.Search(want, indexK)
		if err != nil {
			return err
		}
		y, err := b.Search(want, indexK)
		if err != nil {
			return err
		}
		same := true
		for i := range y[0] {
			same = same && a.Item(x[0][i].Row).ID == b.Item(y[0][i].Row).ID
		}
		if same {
			equal++
		}
	}
	t.Equal = float64(equal) / asked
	return nil
}

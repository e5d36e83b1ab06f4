package check

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// layouts are the ways in which times are read: those of RFC 3339 and ISO 8601, of databases, and of EXIF.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04",
	"2006-01-02", "2006:01:02 15:04:05", "20060102"}

// parseTime reads a time; numbers of more than eight digits are seconds since 1970. Times without a zone are UTC.
func parseTime(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(n) >= 1e8 && math.Abs(n) < 1e11 {
		return time.Unix(int64(n), 0), nil
	}
	return time.Time{}, fmt.Errorf("time %q: want one such as 2026-11-27, 2026-11-27T08:30:00Z or seconds since 1970", text)
}

// PartByTime gives the data splits anew: the newest images are for test, those before them for validation, and
// the others for training, as a service meets pictures that are newer than its training. Copies of one
// picture and groups stay together and count as new as their newest image. Splits that the data names are
// forgotten. The error is a *dataset.OptionsError where images have no time, or the data lists pairs.
func PartByTime(d *dataset.Dataset, groups []copies.Group, val, test float64) error {
	if d.Times == nil || d.Kind().Lists() {
		return &dataset.OptionsError{Reason: "a split by time wants a list of images with classes or label images, with a column time"}
	}
	sets, _ := together(d, groups)
	labels := d.LabelImageSet()
	newest, members := map[int32]time.Time{}, map[int32][]int32{}
	images := 0
	for i := range d.Images {
		if labels[int32(i)] {
			continue
		}
		t, err := parseTime(d.Times[i])
		if err != nil {
			return &dataset.OptionsError{Reason: fmt.Sprintf("image %q: %v", d.Images[i].Path, err)}
		}
		root := sets.Root(int32(i))
		if before, ok := newest[root]; !ok || t.After(before) {
			newest[root] = t
		}
		members[root] = append(members[root], int32(i))
		images++
	}
	var roots []int32
	for root := range members {
		roots = append(roots, root)
	}
	slices.SortFunc(roots, func(a, b int32) int { // the newest first
		return cmp.Or(newest[b].Compare(newest[a]), cmp.Compare(a, b))
	})
	d.Unsplit()
	split := make([]dataset.Split, len(d.Images))
	taken := 0
	for _, root := range roots {
		to := dataset.Train
		switch share := float64(taken) / float64(images); {
		case share < test:
			to = dataset.Test
		case share < test+val:
			to = dataset.Val
		}
		for _, i := range members[root] {
			split[i] = to
		}
		taken += len(members[root])
	}
	for i := range d.Images {
		d.Images[i].Split = split[i]
	}
	for i := range d.Matches {
		d.Matches[i].Split = split[d.Matches[i].Image]
	}
	return nil
}

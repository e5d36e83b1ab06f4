package dataset

import (
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// runFS is a run of two training and two test images, with these labels.
func runFS(labels string) fstest.MapFS {
	m := files("run1/training/x.png", "run1/training/y.png", "run1/test/a.png", "run1/test/b.png")
	m["run1/"+labelsName] = &fstest.MapFile{Data: []byte(labels)}
	return m
}

func TestRuns(t *testing.T) {
	d := mustOpen(t, Options{Data: ".", FS: runFS(
		"run1/test/a.png run1/training/y.png\r\nrun1/test/b.png run1/training/x.png")})
	// The support is in the order of names: x, image 3, is class 0 and y, image 1, class 1.
	want := []Episode{{Support: []int32{3, 1}, Class: []int32{0, 1}, Query: []int32{0, 2}, Answer: []int32{1, 0}}}
	if diff := cmp.Diff(want, d.Episodes); diff != "" {
		t.Errorf("episodes (-want +got):\n%s", diff)
	}
	if got := d.Summary(); !strings.Contains(got, "1 episode of 4 images") {
		t.Errorf("Summary() = %q", got)
	}
	if err := d.CheckPairs(); err == nil || !strings.Contains(err.Error(), "one-shot runs are for evaluation") {
		t.Errorf("CheckPairs() = %v", err)
	}
	if left := d.Without([]int32{2}); len(left.Images) != 3 || len(left.Episodes) != 0 {
		t.Errorf("without a test image: %d images, %d episodes, want 3, 0", len(left.Images), len(left.Episodes))
	}
	if all := d.Without(nil); !cmp.Equal(all.Episodes, want) || all.Fingerprint() != d.Fingerprint() {
		t.Errorf("without nothing: %v", all.Episodes)
	}
}

func TestRunsErrors(t *testing.T) {
	file := "run1/" + labelsName
	for labels, want := range map[string]string{
		"run1/test/a.png\n": file + ":1: 1 word, want a test image and a training image",
		"run1/test/a.png run1/training/x.png\nrun1/test/c.png run1/training/y.png\n": file + `:2: image "run1/test/c.png" is not in the data`,
		"../a.png run1/training/x.png\n":                                             file + `:1: image "../a.png" does not lie in the data`,
		"run1/test run1/training/x.png\n":                                            file + `:1: image "run1/test" is not in the data`,
		"run1/test/a.png run1/training/x.png\nrun1/test/a.png run1/training/y.png\n": file + `:2: test image "run1/test/a.png" is there twice`,
		"run1/test/a.png run1/training/x.png\n":                                      "labels name 1 training image, want at least 2",
		"":                                                                           "labels name 0 training images, want at least 2",
		"run1/test/a.png run1/training/x.png\nrun1/training/x.png run1/training/y.png": `"run1/training/x.png" is a test image and a training image`,
	} {
		if _, err := Open(Options{Data: ".", FS: runFS(labels)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("labels %q: %v, want %q", labels, err, want)
		}
	}
	_, err := Open(Options{Data: ".", FS: files("a/1.png", "b/1.png"), Format: "runs"})
	if err == nil || !strings.Contains(err.Error(), "no folder holds a class_labels.txt") {
		t.Errorf("class folders as runs: %v", err)
	}
}

// TestLakesRuns: twenty runs of twenty classes, one training and one test image each.
func TestLakesRuns(t *testing.T) {
	d := mustOpen(t, Options{Data: dataDir(t, path.Join("omniglot", "all_runs.zip"))})
	if d.Format != "runs" || len(d.Episodes) != 20 || len(d.Images) != 800 {
		t.Fatalf("format %q, %d episodes of %d images, want runs, 20, 800", d.Format, len(d.Episodes), len(d.Images))
	}
	for i, e := range d.Episodes {
		if len(e.Support) != 20 || len(e.Query) != 20 {
			t.Errorf("run %d: %d training and %d test images, want 20 each", i+1, len(e.Support), len(e.Query))
		}
	}
	// The archive's first line: run01/test/item01.png run01/training/class08.png
	if answer := d.Episodes[0].Answer[0]; answer != 7 {
		t.Errorf("run01/test/item01.png is class %d, want class08, the eighth", answer)
	}
}

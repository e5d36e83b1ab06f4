package pipeline

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"

	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/phash"
)

// oneImage is the number of bytes that one image of the tests takes.
const oneImage = testSize * testSize * 3

// checkPixels demands of the store what a plain decode of each file gives.
func checkPixels(t *testing.T, s *Store, images []int32) {
	t.Helper()
	got := make([]uint8, len(images)*s.bytes)
	if err := s.Pixels(got, images); err != nil {
		t.Fatal(err)
	}
	for row, i := range images {
		if !bytes.Equal(got[row*s.bytes:(row+1)*s.bytes], testPixels(t, s.data, s, i)) {
			t.Errorf("image %d in row %d has other pixels than its file", i, row)
		}
	}
}

// TestStoreCaps fills the memory, then the disk, and decodes the rest again.
func TestStoreCaps(t *testing.T) {
	tests := []struct {
		name          string
		memory, disk  int64 // caps in bytes
		inMem, onDisk int
		again         int64 // files opened when 10 images are read twice after Prepare
	}{
		{"default", 0, 0, 10, 0, 0},
		{"memory only", 10 * oneImage, -1, 10, 0, 0},
		{"one byte short", 10*oneImage - 1, -1, 9, 0, 2},
		{"spill", 4 * oneImage, 0, 4, 6, 0},
		{"disk only", -1, 10 * oneImage, 0, 10, 0},
		{"both full", 3 * oneImage, 5 * oneImage, 3, 5, 4},
		{"neither", -1, -1, 0, 0, 20},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ds, root := testData(t, 10)
			s := testStore(t, ds, StoreOptions{
				Workers: 3, MaxMemory: test.memory, MaxDisk: test.disk, SpillDir: t.TempDir(),
			})
			bad, err := s.Prepare(t.Context(), all(ds), nil)
			if bad != nil || err != nil {
				t.Fatal(bad, err)
			}
			if got := root.opens.Swap(0); got != 10 {
				t.Errorf("Prepare opened %d files, want 10", got)
			}
			if m, d := s.Cached(); m != test.inMem || d != test.onDisk {
				t.Errorf("%d in memory, %d on disk, want %d and %d", m, d, test.inMem, test.onDisk)
			}
			checkPixels(t, s, all(ds))
			checkPixels(t, s, []int32{9, 0, 8, 1, 7, 2, 6, 3, 5, 4})
			if got := root.opens.Load(); got != test.again {
				t.Errorf("reading twice opened %d files, want %d", got, test.again)
			}
		})
	}
}

// TestStoreFillsItself: without Prepare the first reading keeps what it decodes.
func TestStoreFillsItself(t *testing.T) {
	ds, root := testData(t, 6)
	s := testStore(t, ds, StoreOptions{})
	checkPixels(t, s, all(ds))
	checkPixels(t, s, all(ds))
	if got := root.opens.Load(); got != 6 {
		t.Errorf("opened %d files, want 6", got)
	}
	if _, err := s.Prepare(t.Context(), all(ds), nil); err != nil || root.opens.Load() != 6 {
		t.Errorf("Prepare of kept images opened %d files, error %v", root.opens.Load()-6, err)
	}
}

func TestPrepareListsAllBad(t *testing.T) {
	ds, root := testData(t, 20)
	spoil(ds, root, 3, 11, 19)
	s := testStore(t, ds, StoreOptions{Workers: 4})
	last := 0
	bad, err := s.Prepare(t.Context(), []int32{19, 0, 1, 2, 3, 4, 11}, func(done, total int) {
		if last++; done != last || total != 7 {
			t.Errorf("progress %d of %d, want %d of 7", done, total, last)
		}
	})
	if err != nil || last != 7 {
		t.Errorf("error %v, %d calls of progress", err, last)
	}
	var got []int32
	for _, b := range bad {
		got = append(got, b.Image)
		var ie *decode.ImageError
		if b.Path != ds.Images[b.Image].Path || !errors.As(b.Err, &ie) {
			t.Errorf("%+v: want path %q and a *decode.ImageError", b, ds.Images[b.Image].Path)
		}
	}
	if want := []int32{19, 3, 11}; !reflect.DeepEqual(got, want) {
		t.Errorf("bad images %v, want %v", got, want)
	}
}

// full is a file system of a process that has as many files open as it may.
type full struct{ fs.FS }

func (full) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EMFILE}
}

// TestExhausted: where no more files may be open no picture is bad, and the work ends.
func TestExhausted(t *testing.T) {
	ds, _ := testData(t, 4)
	ds.Root = full{ds.Root}
	s := testStore(t, ds, StoreOptions{})
	if bad, err := s.Prepare(t.Context(), []int32{0, 1}, nil); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("Prepare = %v, %v, want EMFILE", bad, err)
	}
	for _, err := range s.Sequence(t.Context(), []int32{0, 1}, 2, func(BadImage) error { return nil }) {
		if !errors.Is(err, syscall.EMFILE) {
			t.Errorf("Sequence: %v, want EMFILE", err)
		}
	}
}

func TestPrepareCancelled(t *testing.T) {
	ds, _ := testData(t, 50)
	s := testStore(t, ds, StoreOptions{Workers: 2})
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	bad, err := s.Prepare(ctx, all(ds), func(done, _ int) {
		if calls++; done == 5 {
			cancel()
		}
	})
	// Each of the two workers may finish the image it is at.
	if !errors.Is(err, context.Canceled) || bad != nil || calls > 7 {
		t.Errorf("bad %v, error %v, %d images", bad, err, calls)
	}
	cancel()
}

// TestSpillLeavesNoName: the file on disk has no name, and a folder that cannot be
// written to is no error.
func TestSpillLeavesNoName(t *testing.T) {
	dir := t.TempDir()
	ds, root := testData(t, 4)
	s := testStore(t, ds, StoreOptions{MaxMemory: -1, SpillDir: dir})
	checkPixels(t, s, all(ds))
	if _, disk := s.Cached(); disk != 4 {
		t.Errorf("%d images on disk, want 4", disk)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("spill folder holds %v, error %v", entries, err)
	}
	missing := filepath.Join(dir, "missing")
	s = testStore(t, ds, StoreOptions{MaxMemory: -1, SpillDir: missing})
	root.opens.Store(0)
	checkPixels(t, s, all(ds))
	checkPixels(t, s, all(ds))
	if got := root.opens.Load(); got != 8 {
		t.Errorf("without a spill folder two readings open %d files, want 8", got)
	}
}

// TestDiskFails: images whose write fails are decoded again, as are those whose
// file cannot be read any more.
func TestDiskFails(t *testing.T) {
	ds, _ := testData(t, 6)
	s := testStore(t, ds, StoreOptions{MaxMemory: -1, SpillDir: t.TempDir()})
	checkPixels(t, s, []int32{0, 1})
	writable := s.cache.file
	readOnly, err := os.Open(os.DevNull) // reads give EOF, writes EBADF
	if err != nil {
		t.Fatal(err)
	}
	s.cache.file = readOnly
	checkPixels(t, s, all(ds))
	if _, disk := s.Cached(); disk != 2 || !s.cache.full {
		t.Errorf("%d images on disk, full %v, want 2 and true", disk, s.cache.full)
	}
	if err := writable.Close(); err != nil {
		t.Error(err)
	}
}

func TestClosedStoreDecodes(t *testing.T) {
	for _, memory := range []int64{0, -1} {
		ds, root := testData(t, 3)
		s := testStore(t, ds, StoreOptions{MaxMemory: memory, SpillDir: t.TempDir()})
		checkPixels(t, s, all(ds))
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		checkPixels(t, s, all(ds))
		if m, d := s.Cached(); m != 0 || d != 0 || root.opens.Load() != 6 {
			t.Errorf("closed: %d in memory, %d on disk, %d files opened", m, d, root.opens.Load())
		}
	}
}

// TestIdentity: a Store that is asked to keeps what its images are known by, and no other.
func TestIdentity(t *testing.T) {
	ds, _ := testData(t, 5)
	s := testStore(t, ds, StoreOptions{Workers: 3, Identify: true})
	if _, ok := s.Identity(0); ok {
		t.Error("an image is known before it was read")
	}
	if bad, err := s.Prepare(t.Context(), all(ds), nil); bad != nil || err != nil {
		t.Fatal(bad, err)
	}
	for _, i := range all(ds) {
		img, file, err := decode.OpenFile(ds.Root, ds.Images[i].Path, decode.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := s.Identity(i); !ok || got != phash.Identify(file, img) {
			t.Errorf("image %d: Identity = %v, %t, want that of its file", i, got, ok)
		}
	}
	plain := testStore(t, ds, StoreOptions{})
	if _, err := plain.Prepare(t.Context(), all(ds), nil); err != nil {
		t.Fatal(err)
	}
	if id, ok := plain.Identity(0); ok {
		t.Errorf("a Store that was not asked to knows %v", id)
	}
}

package kept

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tfpair/tfpair/pipeline/phash"
)

const size = 12 // bytes of a picture of these tests

// at returns options with a clock that stands still.
func at(folder string, limit int64, now time.Time) Options {
	return Options{Folder: folder, MaxBytes: limit, Now: func() time.Time { return now }}
}

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func picture(i int) []uint8 { return bytes.Repeat([]uint8{uint8(i)}, size) }

func aboutOf(i int) About {
	return About{Identity: phash.Identity{SHA256: sumOf(i), Hash: phash.Hash(i), Hashed: i%2 == 0}, Identified: true, Width: 100 + i, Height: 70 + i}
}

func sumOf(i int) Sum { return sha256.Sum256([]byte{uint8(i)}) }

func stampOfTest(i int) Stamp {
	return Stamp{Device: 1, Number: uint64(i), Size: 7, Modified: 1, Changed: noon.Add(-time.Hour).UnixNano()}
}

// keepSome keeps pictures from..to-1 in a pack.
func keepSome(o Options, from, to int) {
	p := Open(o, "way", size)
	for i := from; i < to; i++ {
		p.Put(stampOfTest(i), aboutOf(i), picture(i))
	}
	p.Close()
}

// look returns which of pictures 0..n-1 are found by their stamps, and fails where one has wrong pixels.
func look(t *testing.T, o Options, way string, n int) (found []int) {
	t.Helper()
	p := Open(o, way, size)
	defer p.Close()
	for i := range n {
		e, ok := p.Stamped(stampOfTest(i))
		got := make([]uint8, size)
		if !ok || !p.Read(got, e) {
			continue
		}
		if !bytes.Equal(got, picture(i)) || e.About != aboutOf(i) {
			t.Errorf("picture %d is %v, %+v", i, got, e)
		}
		found = append(found, i)
	}
	return found
}

func TestKept(t *testing.T) {
	o := at(t.TempDir()+"/pixels", 1<<20, noon)
	keepSome(o, 0, 3)
	keepSome(o, 3, 5)
	if got := look(t, o, "way", 6); fmt.Sprint(got) != "[0 1 2 3 4]" {
		t.Errorf("found %v, want pictures 0 to 4", got)
	}
	if got := look(t, o, "another way", 6); got != nil {
		t.Errorf("found %v of another way, want none", got)
	}
	info, err := os.Stat(o.Folder)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v (%v), want one that nobody else reads", info.Mode(), err)
	}

	p := Open(o, "way", size)
	other := stampOfTest(77) // the same contents, elsewhere
	if _, ok := p.Find(sumOf(1), other); !ok {
		t.Error("picture 1 is not found by its contents")
	}
	p.Close()
	p = Open(o, "way", size)
	if _, ok := p.Stamped(other); !ok {
		t.Error("picture 1 is not found by the stamp of its second file")
	}
	p.Close()
}

// TestFresh: a file that changed a moment ago may change again without another stamp, so that its stamp is not
// relied on; nor is one that tells nothing.
func TestFresh(t *testing.T) {
	o := at(t.TempDir(), 1<<20, noon)
	p := Open(o, "way", size)
	fresh := stampOfTest(1)
	fresh.Changed = noon.Add(-time.Second).UnixNano()
	p.Put(fresh, About{Identity: phash.Identity{SHA256: sumOf(1)}}, picture(1))
	p.Put(Stamp{}, About{Identity: phash.Identity{SHA256: sumOf(2)}}, picture(2))
	p.Close()
	p = Open(o, "way", size)
	defer p.Close()
	for _, s := range []Stamp{fresh, {}} {
		if _, ok := p.Stamped(s); ok {
			t.Errorf("stamp %+v leads to a picture", s)
		}
	}
	if _, ok := p.Find(sumOf(2), Stamp{}); !ok {
		t.Error("picture 2 is not found by its contents")
	}
}

// TestDamaged changes each byte of a pack, and cuts it at each: a picture that is found is as it was kept.
func TestDamaged(t *testing.T) {
	from := at(t.TempDir(), 1<<20, noon)
	keepSome(from, 0, 3)
	pack, err := os.ReadFile(packsIn(from.Folder)[0])
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(packsIn(from.Folder)[0])
	for i := range pack {
		flipped := bytes.Clone(pack)
		flipped[i] ^= 0x10
		for _, text := range [][]byte{flipped, pack[:i]} {
			o := at(t.TempDir(), 1<<20, noon)
			if err := os.WriteFile(filepath.Join(o.Folder, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
			if found := look(t, o, "way", 3); len(found) == 3 {
				t.Fatalf("a pack of %d bytes that is damaged at %d gives all its pictures", len(text), i)
			}
		}
	}
}

// TestDamagedGoes: a picture that was found damaged and made again is whole for the next program, which need not make it once more.
func TestDamagedGoes(t *testing.T) {
	o := at(t.TempDir(), 1<<20, noon)
	keepSome(o, 0, 3)
	from := packsIn(o.Folder)[0]
	pack, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	pack[size] ^= 0x10                                                                         // of picture 1
	path := filepath.Join(o.Folder, filepath.Base(from)[:len("0123456789abcdef-")]+"0"+suffix) // before all others
	if err := os.WriteFile(path, pack, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(from); err != nil {
		t.Fatal(err)
	}

	p := Open(o, "way", size)
	e, ok := p.Stamped(stampOfTest(1))
	if !ok || p.Read(make([]uint8, size), e) {
		t.Fatal("picture 1 is not damaged: the test looks at nothing")
	}
	p.Put(stampOfTest(1), aboutOf(1), picture(1))
	p.Close()
	if got := look(t, o, "way", 3); fmt.Sprint(got) != "[1]" {
		t.Errorf("found %v, want the picture that was made again", got)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the damaged pack is there still")
	}
}

// TestLimit: packs that were used last stay.
func TestLimit(t *testing.T) {
	folder := t.TempDir()
	keepSome(at(folder, 1<<20, noon), 0, 2)
	for _, path := range packsIn(folder) { // the file system's clock is another one
		if err := os.Chtimes(path, noon, noon); err != nil {
			t.Fatal(err)
		}
	}
	keepSome(at(folder, 1<<20, noon.Add(time.Hour)), 2, 4)
	look(t, at(folder, 1<<20, noon.Add(9000*time.Hour)), "way", 2) // uses the first
	limit := int64(0)
	for _, path := range packsIn(folder) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		limit += info.Size()
	}
	keepSome(at(folder, limit, noon.Add(9001*time.Hour)), 4, 6)
	if got := look(t, at(folder, limit, noon), "way", 6); fmt.Sprint(got) != "[0 1 4 5]" {
		t.Errorf("found %v, want the two packs that were used last", got)
	}
	keepSome(at(folder, size-1, noon), 6, 7)
	if got := look(t, at(folder, limit, noon), "way", 7); len(got) > 0 && got[len(got)-1] == 6 {
		t.Error("a picture is kept that is larger than the limit")
	}
}

// TestPrograms: several programs keep and find at the same time, what one that was killed left goes
// with the next, and one that still writes is left alone.
func TestPrograms(t *testing.T) {
	folder := t.TempDir()
	var programs sync.WaitGroup
	for k := range 8 {
		programs.Go(func() {
			for i := range 5 {
				keepSome(at(folder, 1<<20, noon), 5*k+i, 5*k+i+1)
				look(t, at(folder, 1<<20, noon), "way", 40)
			}
		})
	}
	programs.Wait()
	if got := look(t, at(folder, 1<<20, noon), "way", 40); len(got) != 40 {
		t.Errorf("found %v, want 40 pictures", got)
	}

	killed, writing := filepath.Join(folder, asidePrefix+"0000000000000000001"), filepath.Join(folder, asidePrefix+"0000000000000000002")
	for _, path := range []string{killed, writing} {
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(writing)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	keepSome(at(folder, 1<<20, noon), 40, 41)
	if _, err := os.Stat(killed); err == nil {
		t.Error("what a killed program left is there still")
	}
	if _, err := os.Stat(writing); err != nil {
		t.Errorf("what a program writes is gone: %v", err)
	}
}

// TestClaim: a small file that claims to hold many pictures costs no memory for them, and goes.
func TestClaim(t *testing.T) {
	o := at(t.TempDir(), 1<<20, noon)
	p := Open(o, "way", size)
	p.Close()
	path := filepath.Join(o.Folder, p.prefix+"1"+suffix)
	var text bytes.Buffer
	if err := binary.Write(&text, binary.LittleEndian, footer{Records: 1 << 23, Stamps: 1 << 23, Bytes: size, Magic: magic}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	Open(o, "way", size).Close()
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("a file of %d bytes took %d bytes of memory", text.Len(), grown)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("what is damaged is there still")
	}
}

// TestNoFolder: where nothing can be kept nothing is, and that is no error.
func TestNoFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o := at(file, 1<<20, noon)
	keepSome(o, 0, 2)
	if got := look(t, o, "way", 2); got != nil {
		t.Errorf("found %v in a folder that is a file", got)
	}
	var none *Pixels
	if none.Put(Stamp{}, About{}, nil) {
		t.Error("a nil Pixels keeps a picture")
	}
	none.Publish()
	none.Close()
}

// TestManyMemory: pictures that are kept take some 150 bytes each while they are put, and found by the next program.
func TestManyMemory(t *testing.T) {
	const n, most = 20_000, 350 // bytes of all that is made, of which a part lives at once
	o := at(t.TempDir(), 1<<30, noon)
	stamp := func(i int) Stamp {
		return Stamp{Device: 1, Number: uint64(i), Size: 7, Modified: 1, Changed: noon.Add(-time.Hour).UnixNano()}
	}
	each := func(what string, do func()) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		do()
		runtime.ReadMemStats(&after)
		if bytes := (after.TotalAlloc - before.TotalAlloc) / n; bytes > most {
			t.Errorf("%s makes %d bytes for each picture, want %d at most", what, bytes, most)
		}
	}
	p := Open(o, "way", size)
	pixels := picture(1)
	each("Put", func() {
		for i := range n {
			var about About
			binary.LittleEndian.PutUint64(about.Identity.SHA256[:], uint64(i+1)*0x9e3779b97f4a7c15)
			p.Put(stamp(i), about, pixels)
		}
		p.Close()
	})
	each("Open", func() { p = Open(o, "way", size) })
	defer p.Close()
	for i := range n {
		if _, ok := p.Stamped(stamp(i)); !ok {
			t.Fatalf("picture %d is not found", i)
		}
	}
}

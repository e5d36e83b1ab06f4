package cli

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// badPaths makes, in the current folder, what nobody should read to its end, and returns their names.
func badPaths(t *testing.T) []string {
	t.Helper()
	const sparse, links, deep = 100 << 30, 23, 400
	f, err := os.Create("sparse")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(sparse); err != nil {
		t.Skipf("no file of 100 GiB can be made here: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", "device"); err != nil {
		t.Fatal(err)
	}
	// Each folder holds two links to the next: 2²³ paths.
	for i := range links {
		folder := filepath.Join("dag", fmt.Sprint(i))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "b"} {
			if err := os.Symlink(fmt.Sprintf("../%d", i+1), filepath.Join(folder, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.MkdirAll(fmt.Sprintf("dag/%d", links), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("deep/"+strings.Repeat("d/", deep), 0o755); err != nil {
		t.Fatal(err)
	}
	// Each line says nine times what the one before says: 9⁹ values.
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x]\n")
	for i := range 9 {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), ", "))
	}
	// A line without an end.
	long := strings.Repeat("x,", 40<<20)
	for name, text := range map[string]string{"bomb.yaml": bomb.String(), "long.csv": long, "empty": ""} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("unix", "socket") // a name without a folder: paths of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	zipBomb(t, "bomb.zip", "bars/1.png", "cross/1.png")
	zipBomb(t, "bomb.pth", "archive/data.pkl", "archive/version")
	for _, ending := range []string{".csv", ".npy", ".jsonl", ".safetensors", ".pth", ".zip", ".index", ".pem", ".h5"} {
		if err := os.Link("sparse", "sparse"+ending); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"/dev/zero", "device", "sparse", "sparse.csv", "sparse.npy", "sparse.jsonl", "sparse.safetensors", "sparse.pth",
		"sparse.zip", "sparse.index", "sparse.pem", "sparse.h5", "socket", "bomb.zip", "bomb.pth", "dag/0", "deep", "bomb.yaml", "long.csv", "empty"}
}

// zipBomb writes an archive whose entries are 4 MiB, and 4 GiB of zeros when they are unpacked.
func zipBomb(t *testing.T, name string, entries ...string) {
	t.Helper()
	const block, blocks = 64 << 20, 64
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	end := [2]int{} // of the first block and of the second, which can stand again and again: all before it is zeros, too
	for i := range end {
		if _, err := w.Write(make([]byte, block)); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		end[i] = packed.Len()
	}
	data := slices.Concat(packed.Bytes()[:end[0]], bytes.Repeat(packed.Bytes()[end[0]:end[1]], blocks-1), []byte{1, 0, 0, 0xff, 0xff})
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(f)
	for _, entry := range entries {
		raw, err := archive.CreateRaw(&zip.FileHeader{Name: entry, Method: zip.Deflate,
			CompressedSize64: uint64(len(data)), UncompressedSize64: block * blocks})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := raw.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestBadPaths: a device, a socket, a bomb of zip, a file of 100 GiB, a folder of 2²³ paths, a bomb of YAML or a line of 80 MB
// behind any flag or argument that takes a path is answered, without more memory than a picture may take.
func TestBadPaths(t *testing.T) {
	right := pipeCommands(t)
	bad := badPaths(t)
	for _, argument := range [][]string{{"describe"}, {"seen"}, {"duplicates", "--cache", "off"}, {"weights", "inspect"}} {
		for _, b := range bad {
			t.Run(argument[0]+" "+filepath.Base(b), func(t *testing.T) { answers(t, append(slices.Clone(argument), b)) })
		}
	}
	for _, p := range pages(rootPage(newApp(silent))) {
		name := strings.TrimPrefix(p.name, "tfpair ")
		for _, f := range p.command.Flags {
			if !takesPath(f) {
				continue
			}
			flag := f.Names()[0]
			for _, b := range bad {
				t.Run(name+" "+flag+" "+filepath.Base(b), func(t *testing.T) {
					args := pipeArguments(flag, right[name])
					args[1] = b
					answers(t, slices.Concat(strings.Fields(name), args))
				})
			}
		}
	}
}

// answers runs a command that names something bad.
func answers(t *testing.T, args []string) {
	const (
		guard = 2 * time.Minute // against a command that reads for ever
		most  = 300 << 20       // bytes
	)
	line := "tfpair " + strings.Join(args, " ")
	var said strings.Builder
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	resident := fromPeak(t)
	done := make(chan int, 1)
	go func() { // ends with the command
		done <- Run(t.Context(), append([]string{"tfpair"}, args...), IO{Out: io.Discard, Err: &said, Getenv: os.Getenv})
	}()
	select {
	case code := <-done:
		if code == exitCrashed || strings.Contains(said.String(), "panic") {
			t.Errorf("%s = %d:\n%s", line, code, said.String())
		}
		if code != exitDone && !strings.Contains(said.String(), "tfpair: ") {
			t.Errorf("%s = %d and says nothing:\n%s", line, code, said.String())
		}
	case <-time.After(guard):
		t.Fatalf("%s has not ended after %v", line, guard)
	}
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > most {
		t.Errorf("%s allocates %d MiB, want at most %d:\n%s", line, taken>>20, most>>20, said.String())
	}
	if grown := resident(); grown > most {
		t.Errorf("%s grows by %d MiB, want at most %d:\n%s", line, grown>>20, most>>20, said.String())
	}
}

// fromPeak returns what returns by how many bytes of resident memory the process has been above now, of the
// C library's, too; 0 where the system does not tell.
func fromPeak(t *testing.T) func() int {
	status := func(key string) (kib int) {
		text, err := os.ReadFile("/proc/self/status")
		if err != nil {
			return 0
		}
		if _, rest, ok := strings.Cut(string(text), "\n"+key+":"); ok {
			if _, err := fmt.Sscan(rest, &kib); err != nil {
				t.Fatal(err)
			}
		}
		return kib
	}
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // the peak is now
		return func() int { return 0 }
	}
	now := status("VmRSS")
	return func() int { return (status("VmHWM") - now) << 10 }
}

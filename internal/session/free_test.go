//go:build tensorflow && cgo

package session

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
)

// TestFree: the tensors of runs and of decoded files are freed without the garbage collector.
func TestFree(t *testing.T) {
	const times, most = 40, 40 << 20 // a fourth of the tensors of each case, all together
	call := prepare(t, open(t), []string{"x"}, []string{"y"})
	x := make([]float32, 1<<20)
	decoder, err := SharedJPEG(Options{Device: CPU})
	if err != nil {
		t.Fatal(err)
	}
	file := noise(t, 1700)
	if len(file) < 4*most/times {
		t.Fatalf("a file of %d bytes, want %d or more", len(file), 4*most/times)
	}
	for name, once := range map[string]func() error{
		"results": func() error { _, err := call.Run(Of(x, 1<<19, 2)); return err },
		"files":   func() error { _, err := decoder.Decode(file, 8, nil); return err },
	} {
		t.Run(name, func(t *testing.T) {
			for range 5 { // what the runtime keeps for itself
				if err := once(); err != nil {
					t.Fatal(err)
				}
			}
			defer debug.SetGCPercent(debug.SetGCPercent(-1))
			before := outsideGo(t)
			for range times {
				if err := once(); err != nil {
					t.Fatal(err)
				}
			}
			if grown := outsideGo(t) - before; grown > most {
				t.Errorf("%d calls keep %d MiB, want at most %d", times, grown>>20, most>>20)
			}
		})
	}
}

// outsideGo returns the resident bytes of the process that are not in Go's heap.
func outsideGo(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skipf("resident memory is not to be had here: %v", err)
	}
	var size, resident int
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		t.Fatal(err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return resident*os.Getpagesize() - int(m.HeapInuse)
}

// noise returns a JPEG file of noise, which hardly compresses.
func noise(t *testing.T, side int) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, side, side))
	r := rand.New(rand.NewPCG(1, 0))
	for i := range img.Pix {
		img.Pix[i] = uint8(r.UintN(256))
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

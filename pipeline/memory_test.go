package pipeline

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"
)

// TestMemory: images come back as they were put in, over several blocks, whatever their size.
func TestMemory(t *testing.T) {
	for _, size := range []int{1, blockBytes / 3, blockBytes/2 + 1, blockBytes + 1} {
		m := memory{bytes: size}
		r := rand.New(rand.NewPCG(uint64(size), 1))
		var want [][]byte
		for i := range int32(5) {
			pixels := make([]byte, size)
			for k := 0; k < size; k += 1 + size/64 {
				pixels[k] = byte(r.Uint32())
			}
			if place, ok := m.add(pixels); !ok || place != i {
				t.Fatalf("%d bytes: image %d is at %d, %t", size, i, place, ok)
			}
			want = append(want, pixels)
		}
		for i, pixels := range want {
			if !bytes.Equal(m.at(int32(i)), pixels) {
				t.Errorf("%d bytes: image %d is another", size, i)
			}
		}
		if blocks := (5 + m.perBlock() - 1) / m.perBlock(); len(m.blocks) != blocks {
			t.Errorf("%d bytes: %d blocks, want %d", size, len(m.blocks), blocks)
		}
		if err := m.free(); err != nil || m.images != 0 || m.blocks != nil {
			t.Errorf("%d bytes: freed with %v, %d images left", size, err, m.images)
		}
	}
}

// TestCloseWhileRead: who reads while the Store is closed gets the pixels, from memory or decoded again.
func TestCloseWhileRead(t *testing.T) {
	ds, _ := testData(t, 6)
	s := testStore(t, ds, StoreOptions{})
	want := make([]uint8, len(all(ds))*s.bytes)
	if err := s.Pixels(want, all(ds)); err != nil {
		t.Fatal(err)
	}
	if m, _ := s.Cached(); m != 6 {
		t.Fatalf("%d images in memory, want 6", m)
	}
	var readers sync.WaitGroup
	begun := make(chan struct{}, 4)
	for range cap(begun) {
		readers.Go(func() {
			got := make([]uint8, len(want))
			for k := range 20 {
				if err := s.Pixels(got, all(ds)); err != nil || !bytes.Equal(got, want) {
					t.Errorf("reading %d: %v, or other pixels", k, err)
				}
				if k == 0 {
					begun <- struct{}{}
				}
			}
		})
	}
	<-begun
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	readers.Wait()
}

package pipeline

import (
	"errors"

	"golang.org/x/sys/unix"
)

// blockBytes is the least that a memory asks the system for. What is not written yet takes no memory.
const blockBytes = 16 << 20

// memory is room for images of one size beside the heap. In the heap their pixels would be most of what is alive,
// and a heap grows to twice of that before garbage is collected.
type memory struct {
	bytes  int      // of one image
	blocks [][]byte // each of perBlock images
	images int
}

func (m *memory) perBlock() int { return max(1, blockBytes/m.bytes) }

// add keeps a copy of pixels and returns its place, and false where the system lends no memory.
func (m *memory) add(pixels []uint8) (int32, bool) {
	if m.images == len(m.blocks)*m.perBlock() {
		block, err := unix.Mmap(-1, 0, m.perBlock()*m.bytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			return 0, false
		}
		m.blocks = append(m.blocks, block)
	}
	place := int32(m.images)
	m.images++
	copy(m.at(place), pixels)
	return place, true
}

// at returns the pixels at a place. They are gone with free.
func (m *memory) at(place int32) []uint8 {
	block, row := int(place)/m.perBlock(), int(place)%m.perBlock()
	return m.blocks[block][row*m.bytes:][:m.bytes]
}

// free gives all back.
func (m *memory) free() error {
	var errs []error
	for _, block := range m.blocks {
		errs = append(errs, unix.Munmap(block))
	}
	m.blocks, m.images = nil, 0
	return errors.Join(errs...)
}

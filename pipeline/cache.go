package pipeline

import (
	"errors"
	"math"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// cache keeps images of one size: the first in memory, the next in a file, the
// rest nowhere. What it lacks can be decoded again, so no trouble with the disk is
// an error: a full disk ends the keeping, a failed read is a miss.
type cache struct {
	bytes     int // of one image
	maxMemory int64
	maxDisk   int64
	dir       string

	mu     sync.RWMutex // protects what follows
	memory memory
	places []int32  // by image, 1 + place in memory; 0 where not there
	slots  []int32  // by image, 1 + place in the file; 0 where not there
	onDisk int      // images in the file
	taken  int32    // places in the file, also those being written or failed
	file   *os.File // nil before the first spill
	full   bool     // nothing more goes to disk
	closed bool     // nothing more is kept
}

func newCache(images int, o StoreOptions) *cache {
	return &cache{
		bytes:     o.Resizer.Bytes(),
		maxMemory: o.MaxMemory,
		maxDisk:   o.MaxDisk,
		dir:       o.SpillDir,
		memory:    memory{bytes: o.Resizer.Bytes()},
		places:    make([]int32, images),
		slots:     make([]int32, images),
	}
}

func (c *cache) counts() (memory, disk int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.memory.images, c.onDisk
}

func (c *cache) has(image int32) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.keeps(image)
}

// keeps is has of whoever holds mu.
func (c *cache) keeps(image int32) bool { return c.places[image] > 0 || c.slots[image] > 0 }

// remember copies an image from memory to dst and reports whether it was there.
func (c *cache) remember(dst []uint8, image int32) bool {
	c.mu.RLock() // until the copy is made: close gives the memory back
	defer c.mu.RUnlock()
	if c.places[image] == 0 {
		return false
	}
	copy(dst, c.memory.at(c.places[image]-1))
	return true
}

// get copies an image to dst and reports whether the cache had it.
func (c *cache) get(dst []uint8, image int32) bool {
	if c.remember(dst, image) {
		return true
	}
	c.mu.RLock()
	slot, file := c.slots[image], c.file
	c.mu.RUnlock()
	if slot == 0 {
		return false
	}
	_, err := file.ReadAt(dst, int64(slot-1)*int64(c.bytes))
	return err == nil
}

// put keeps a copy of an image's pixels if there is room: in memory, or else, with spill, in the file.
func (c *cache) put(image int32, pixels []uint8, spill bool) {
	slot, file := c.place(image, pixels, spill)
	if file == nil {
		return
	}
	_, err := file.WriteAt(pixels, int64(slot)*int64(c.bytes))
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
		c.full = true
	case !c.closed && c.slots[image] == 0: // else another worker was first
		c.slots[image] = slot + 1
		c.onDisk++
	}
}

// place keeps an image in memory, or else reserves a place in the file; without
// room in either the file is nil.
func (c *cache) place(image int32, pixels []uint8, spill bool) (int32, *os.File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.keeps(image) {
		return 0, nil
	}
	if int64(c.memory.images+1)*int64(c.bytes) <= c.maxMemory {
		if place, ok := c.memory.add(pixels); ok {
			c.places[image] = place + 1
			return 0, nil
		}
		c.maxMemory = 0
	}
	if !spill || c.full || c.maxDisk < int64(c.bytes) {
		return 0, nil
	}
	if c.file == nil {
		file, err := createUnlinked(c.dir)
		if err != nil {
			c.full = true
			return 0, nil
		}
		c.file, c.maxDisk = file, min(c.maxDisk, available(c.dir)/2) // the rest is for others
	}
	if int64(c.taken+1)*int64(c.bytes) > c.maxDisk {
		return 0, nil
	}
	c.taken++
	return c.taken - 1, c.file
}

// available returns the free bytes of the disk that dir is on, all where nobody knows.
func available(dir string) int64 {
	if dir == "" {
		dir = os.TempDir()
	}
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return math.MaxInt64
	}
	return int64(min(s.Bavail*uint64(s.Bsize), math.MaxInt64))
}

func (c *cache) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	clear(c.places)
	clear(c.slots)
	c.onDisk = 0
	err := c.memory.free()
	if c.file != nil {
		err = errors.Join(err, c.file.Close())
	}
	c.file = nil
	return err
}

// createUnlinked opens a new file in dir that has no name, so that the space comes back however the process ends. Where
// the system cannot do that, the name is removed at once.
func createUnlinked(dir string) (*os.File, error) {
	if file, err := openUnnamed(dir); err == nil {
		return file, nil
	}
	file, err := os.CreateTemp(dir, "tfpair-pixels-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

//go:build !linux

package collective

import (
	"errors"
	"sync/atomic"
)

type ownRoom struct{}

func (ownRoom) close() {}

// makeRoom fails: processes share memory on Linux only.
func makeRoom() (ownRoom, string, error) { return ownRoom{}, "", errors.ErrUnsupported }

func openRoom(string) (room, error) { return room{}, errors.ErrUnsupported }

func sleep(*atomic.Uint32, uint32) {}

func wake(*atomic.Uint32) {}

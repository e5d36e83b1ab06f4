//go:build !linux

package serve

import (
	"errors"
	"net"
)

func keep(any, net.Addr, bool) error { return errors.ErrUnsupported }

func descriptors() (int, bool) { return 0, false }

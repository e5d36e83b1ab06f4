//go:build !linux

package main

import (
	"errors"
	"net"
)

func keep(any, net.Addr, bool) error { return errors.ErrUnsupported }

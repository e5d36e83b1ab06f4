package regular

import (
	"errors"
	"syscall"
)

// Exhausted reports whether err says that the process or the machine has no more of something, such as files that may
// be open: nothing is wrong with the file that it names.
func Exhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

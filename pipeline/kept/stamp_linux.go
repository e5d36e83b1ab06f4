package kept

import (
	"io/fs"
	"syscall"
)

func stampOf(info fs.FileInfo) Stamp {
	of, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Stamp{}
	}
	return Stamp{Device: of.Dev, Number: of.Ino, Size: info.Size(), Modified: info.ModTime().UnixNano(), Changed: of.Ctim.Nano()}
}

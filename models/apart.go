package models

import (
	"os"
	"path/filepath"

	"github.com/tfpair/tfpair/models/savedmodel"
)

// A network of integers is small up to smallNetwork bytes that see images of smallSide × smallSide: EfficientNet-Lite0 has 5 MB.
const (
	smallNetwork = 8 << 20
	smallSide    = 224
)

// small reports whether info is a network whose operations are so short that one thread is sooner done with an image than
// several that wait for each other. How long they are is taken from the size of the graph and of its images.
func (info Info) small() bool {
	f, err := os.Stat(filepath.Join(info.Path, savedmodel.FileName))
	side := int64(info.Manifest.Preprocessing.Size)
	return err == nil && info.Manifest.Quantized != nil && f.Size()*side*side <= smallNetwork*smallSide*smallSide
}

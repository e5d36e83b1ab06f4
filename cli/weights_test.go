package cli

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/models/weights"
)

// weights FILE KIND: writes a file of weights that is not to be imported.
//
//	evil       a pickle that has Python run a command
//	header     safetensors with a header of 2 GB
//	torch      safetensors with the first two tensors of torchvision's ResNet50
//	nan        tfpair's own names, not a number among them
//	hdf5       what HDF5 begins with
//	NAME       what models/weights/testdata has under this name; half/NAME: half of it
func weightsCommand(ts *testscript.TestScript, _ bool, args []string) {
	var data []byte
	switch args[1] {
	case "evil":
		data = []byte("\x80\x02cposix\nsystem\n(X\x0b\x00\x00\x00touch ownedtR.")
	case "header":
		data = append(binary.LittleEndian.AppendUint64(nil, 2<<30), "{}"...)
	case "torch":
		data = safetensors("conv1.weight", "[1,1,1,1]", "layer1.0.conv1.weight", "[1,1,1,1]")
	case "nan":
		data = safetensors("backbone/stem_conv/kernel", "[1]", "backbone/stem_bn/beta", "[1]")
		copy(data[len(data)-4:], "\x00\x00\xc0\x7f")
	case "hdf5":
		data = []byte("\x89HDF\r\n\x1a\n")
	default:
		name, half := strings.CutPrefix(args[1], "half/")
		var err error
		data, err = os.ReadFile(filepath.Join("..", "models", "weights", "testdata", name))
		ts.Check(err)
		if half {
			data = data[:len(data)/2]
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o644))
}

// fetchedLite0 is the file that tfpair weights fetch efficientnet-lite0 leaves in the user's cache.
func fetchedLite0() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return pretrained.Sets[0].Path(cache)
}

// readsHDF5 says whether the reader of HDF5 is built in.
func readsHDF5() (bool, error) {
	f, err := os.CreateTemp("", "tfpair-hdf5-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(f.Name())
	if _, err := f.WriteString("\x89HDF\r\n\x1a\n"); err != nil {
		return false, err
	}
	if err := f.Close(); err != nil {
		return false, err
	}
	_, err = weights.Read(f.Name())
	var missing *weights.NoHDF5Error
	return !errors.As(err, &missing), nil
}

// safetensors returns a file of tensors of one element, given their names and shapes.
func safetensors(namesAndShapes ...string) []byte {
	var entries []string
	for i := 0; i < len(namesAndShapes); i += 2 {
		entries = append(entries, fmt.Sprintf(`%q:{"dtype":"F32","shape":%s,"data_offsets":[%d,%d]}`,
			namesAndShapes[i], namesAndShapes[i+1], 2*i, 2*i+4))
	}
	header := "{" + strings.Join(entries, ",") + "}"
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(data, header...), bytes.Repeat([]byte{0, 0, 0x80, 0x3f}, len(namesAndShapes)/2)...) // ones
}

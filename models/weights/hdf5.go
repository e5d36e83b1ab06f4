package weights

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/models/weights/hdf5"
)

const hdf5Name, kerasName = "hdf5", "keras"

// hdf5Format and kerasFormat are read where the program is built with the tag hdf5, which
// needs the C library; see readHDF5 and readKeras.
var hdf5Format = Format{
	Name:  hdf5Name,
	Brief: "as Keras writes .h5 and .weights.h5",
	is:    func(s *source) bool { return s.begins(hdf5.Signature) },
	read:  readHDF5,
}

// kerasWeights is the member of a .keras archive that holds the weights, an HDF5 file.
const kerasWeights = "model.weights.h5"

var kerasFormat = Format{
	Name:  kerasName,
	Brief: "as Keras 3 writes .keras: a zip archive with " + kerasWeights,
	is:    func(s *source) bool { return s.member(kerasWeights) != nil },
	read:  readKeras,
}

// variables ends the group of a layer's weights in Keras 3, which has the layer's name.
const variables = "/vars"

// NoHDF5Error says that a file is one of Keras, and that this program was built without
// the reader for it.
type NoHDF5Error struct{ Path, Format string }

func (e *NoHDF5Error) Error() string {
	return fmt.Sprintf("weights %q: a file of Keras (%s), which this build of tfpair cannot read",
		e.Path, e.Format)
}

// readHDF5 reads every dataset of numbers, under its path in the file, but for those that
// belong to the training: moments, counters, seeds, metrics.
func readHDF5(s *source) (*File, error) {
	if !hdf5.Built {
		return nil, &NoHDF5Error{s.path, hdf5Name}
	}
	if err := hdf5.Check(s.r, s.size); err != nil {
		return nil, err
	}
	return readHDF5File(s.path, s.r, s.size)
}

// readKeras reads the HDF5 file that a .keras archive has in it. The library opens paths only,
// so there is a temporary file while it reads.
func readKeras(s *source) (*File, error) {
	if !hdf5.Built {
		return nil, &NoHDF5Error{s.path, kerasName}
	}
	member := s.member(kerasWeights)
	if member.UncompressedSize64 > maxBytes {
		return nil, fmt.Errorf("member %q has %d bytes, limit %d", member.Name,
			member.UncompressedSize64, int64(maxBytes))
	}
	folder, err := aside.CreateFolder(os.TempDir(), "tfpair-keras-") // and not a file aside, which would be locked for the library
	if err != nil {
		return nil, err
	}
	defer folder.Cleanup() //nolint:errcheck // what cannot be removed the next one sweeps
	disk, err := os.Create(filepath.Join(folder.Path(), "weights.h5"))
	if err != nil {
		return nil, err
	}
	defer disk.Close()
	if err := unpack(disk, member); err != nil {
		return nil, fmt.Errorf("member %q: %w", member.Name, err)
	}
	size := int64(member.UncompressedSize64)
	if err := hdf5.Check(disk, size); err != nil {
		return nil, fmt.Errorf("member %q: %w", member.Name, err)
	}
	return readHDF5File(disk.Name(), disk, size)
}

// unpack writes a member of an archive, which ends where the archive says.
func unpack(w io.Writer, member *zip.File) error {
	r, err := member.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(w, r)
	return err
}

// readHDF5File reads the file at path, whose size bytes are r's, after hdf5.Check.
func readHDF5File(path string, r io.ReaderAt, size int64) (*File, error) {
	read, err := hdf5.Read(path, r, hdf5.Want{
		Skip:  ofTraining,
		Label: func(group string) bool { return strings.HasSuffix(group, variables) },
		Take:  newBudget(size).take,
	})
	if err != nil {
		return nil, err
	}
	f := &File{Tensors: read.Tensors, Layers: map[string]string{}}
	for group, layer := range read.Labels {
		f.Layers[strings.TrimSuffix(group, variables)] = layer
	}
	return f, nil
}

// ofTraining says whether what is at path belongs to the training that wrote the file.
func ofTraining(path string) bool {
	switch path {
	case "optimizer", "optimizer_weights", "metrics":
		return true
	}
	return false
}

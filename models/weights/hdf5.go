package weights

import "fmt"

const hdf5Name, kerasName = "hdf5", "keras"

// hdf5Format and kerasFormat are read where the program is built with the tag hdf5, which
// needs the C library; see readHDF5 and readKeras.
var hdf5Format = Format{
	Name:  hdf5Name,
	Brief: "as Keras writes .h5 and .weights.h5",
	is:    func(s *source) bool { return s.begins("\x89HDF\r\n\x1a\n") },
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

// NoHDF5Error says that a file is one of Keras, and that this program was built without
// the reader for it.
type NoHDF5Error struct{ Path, Format string }

func (e *NoHDF5Error) Error() string {
	return fmt.Sprintf("weights %q: a file of Keras (%s), which this build of tfpair cannot read",
		e.Path, e.Format)
}

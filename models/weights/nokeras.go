//go:build !hdf5 || !cgo

package weights

// readHDF5 refuses: reading HDF5 takes the build tag hdf5.
func readHDF5(s *source) (*File, error) { return nil, &NoHDF5Error{s.path, hdf5Name} }

// readKeras refuses likewise.
func readKeras(s *source) (*File, error) { return nil, &NoHDF5Error{s.path, kerasName} }

//go:build !tensorflow

package session

import "image"

// Session stands for a session in a program without TensorFlow: there is none.
type Session struct{}

// Call stands for a run of one.
type Call struct{}

// Load returns ErrNotBuilt.
func Load(string, string, Options) (*Session, error) { return nil, ErrNotBuilt }

// Rows stands for a run of one, with a row for each image.
type Rows struct{}

// PrepareRows returns ErrNotBuilt.
func (*Session) PrepareRows(_, _ string) (*Rows, error) { return nil, ErrNotBuilt }

// OpenSingle returns ErrNotBuilt.
func (*Session) OpenSingle(Options) error { return ErrNotBuilt }

// Shape returns ErrNotBuilt.
func (*Session) Shape(string) ([]int64, error) { return nil, ErrNotBuilt }

// Run returns ErrNotBuilt.
func (*Rows) Run(Value) (Value, error) { return Value{}, ErrNotBuilt }

// Prepare returns ErrNotBuilt.
func (*Session) Prepare(_, _, _ []string) (*Call, error) { return nil, ErrNotBuilt }

// Close returns ErrNotBuilt.
func (*Session) Close() error { return ErrNotBuilt }

// Run returns ErrNotBuilt.
func (*Call) Run(...Value) ([]Value, error) { return nil, ErrNotBuilt }

// Remote stands for a server that runs a graph.
type Remote struct{}

// JPEG stands for a decoder of JPEG files.
type JPEG struct{}

// SharedJPEG returns ErrNotBuilt.
func SharedJPEG(Options) (*JPEG, error) { return nil, ErrNotBuilt }

// Name returns "".
func (*JPEG) Name() string { return "" }

// Decode returns ErrNotBuilt.
func (*JPEG) Decode([]byte, int, []uint8) (*image.NRGBA, error) { return nil, ErrNotBuilt }

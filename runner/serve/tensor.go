package serve

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tfpair/tfpair/pipeline/decode"
)

// input is one picture of a tensor: its pixels [S,S,3], or a file, as it was sent.
type input struct{ pixels, file []byte }

// embedInputs returns the embeddings [N,D] of pictures that are pixels or files.
func (c *call) embedInputs(l *loaded, inputs []input) ([]float32, error) {
	if n, most := len(inputs), c.service.limits.Pictures; n == 0 || n > most {
		return nil, malformed("a batch must have 1 to %d pictures, got %d", most, n)
	}
	pictures := make([]decode.Picture, len(inputs))
	weight := int64(0)
	for i, in := range inputs {
		if in.file == nil {
			weight++
			continue
		}
		var of int64
		var err error
		if pictures[i], of, err = c.examine(l, in.file); err != nil {
			return nil, &pictureError{i, len(inputs), err}
		}
		weight += of
	}
	if err := c.holdPixels(l, len(inputs)); err != nil {
		return nil, err
	}
	size := l.resizer.Bytes()
	return c.inTurn(l, len(inputs), weight, func(ctx context.Context) ([]uint8, error) {
		pixels := make([]uint8, len(inputs)*size)
		for i, in := range inputs {
			if in.file == nil {
				copy(pixels[i*size:], in.pixels)
			} else if err := c.decodeOne(ctx, l, pictures[i], pixels[i*size:(i+1)*size]); err != nil {
				return nil, &pictureError{i, len(inputs), err}
			}
		}
		return pixels, nil
	})
}

// shapeOf returns the shape of one picture at the model's size.
func (l *loaded) shapeOf() []int {
	size := l.info.Manifest.Preprocessing.Size
	return []int{size, size, 3}
}

// arrays reads nested arrays of whole numbers in [0,255].
type arrays struct{ *jsontext.Decoder }

func arraysOf(data []byte) arrays { return arrays{jsontext.NewDecoder(bytes.NewBuffer(data))} } // a Buffer is not copied

// tensor appends the numbers of an array of that shape to data.
func (a arrays) tensor(data []byte, shape []int) ([]byte, error) {
	if len(shape) == 0 {
		token, err := a.ReadToken()
		if err != nil {
			return nil, ofJSON(err)
		}
		value, err := strconv.ParseUint(token.String(), 10, 8)
		if token.Kind() != '0' || err != nil {
			return nil, malformed("a pixel must be a whole number from 0 to 255, got %s", token)
		}
		return append(data, byte(value)), nil
	}
	n := 0
	err := a.each(func() (err error) {
		if n++; n > shape[0] {
			return malformed("an array of the pixels has more than %d entries", shape[0])
		}
		data, err = a.tensor(data, shape[1:])
		return err
	})
	if err == nil && n != shape[0] {
		err = malformed("an array of the pixels has %d entries, want %d", n, shape[0])
	}
	return data, err
}

// each calls f before each entry of the array that comes next, which f reads.
func (a arrays) each(f func() error) error {
	token, err := a.ReadToken()
	if err != nil {
		return ofJSON(err)
	}
	if token.Kind() != '[' {
		return malformed("an array is wanted, got %s", token.Kind())
	}
	for a.PeekKind() != ']' {
		if a.PeekKind() == 0 {
			_, err := a.ReadToken()
			return ofJSON(err)
		}
		if err := f(); err != nil {
			return err
		}
	}
	_, err = a.ReadToken()
	return ofJSON(err)
}

// member reads an object of one member, whose value f reads; wrong is the error of another object.
func (a arrays) member(wrong error, f func(name string) error) error {
	if _, err := a.ReadToken(); err != nil {
		return ofJSON(err)
	}
	name, err := a.ReadToken()
	if err != nil {
		return ofJSON(err)
	}
	if name.Kind() != '"' { // the object is empty
		return wrong
	}
	if err := f(name.String()); err != nil {
		return err
	}
	if a.PeekKind() != '}' {
		return wrong
	}
	_, err = a.ReadToken()
	return ofJSON(err)
}

// flat appends the numbers of an array to data, however it is nested, most at most.
func (a arrays) flat(data []byte, most int) ([]byte, error) {
	for {
		token, err := a.ReadToken()
		switch {
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return nil, ofJSON(err)
		case token.Kind() == '[' || token.Kind() == ']':
			continue
		}
		value, err := strconv.ParseUint(token.String(), 10, 8)
		if token.Kind() != '0' || err != nil {
			return nil, malformed("a pixel must be a whole number from 0 to 255, got %s", token)
		}
		if len(data) == most {
			return nil, malformed("data has more than the %d numbers of its shape", most)
		}
		data = append(data, byte(value))
	}
}

// ofJSON returns the error of a client whose JSON cannot be read.
func ofJSON(err error) error {
	if err == nil {
		return nil
	}
	return malformed("the JSON cannot be read: %v", err)
}

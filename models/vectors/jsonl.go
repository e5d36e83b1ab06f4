package vectors

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/tfpair/tfpair/internal/named"
)

// jsonl has a JSON object per line, of one image each.
var jsonl = named.Row[Format]{
	Brief: "a JSON object per line: path, embedding_space, embedding",
	New: func(raw named.Raw) (Format, error) {
		return Format{write: writeJSONL, read: readJSONL}, named.Options(raw, &struct{}{})
	},
}

// maxLine is the longest line that is read, in bytes: embeddings of a hundred thousand
// numbers have shorter ones.
const maxLine = 4 << 20

// line is one image.
type line struct {
	Path      string    `json:"path"`
	Space     string    `json:"embedding_space"`
	Embedding []float32 `json:"embedding"`
}

func writeJSONL(w io.Writer, v *Vectors) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for i, path := range v.Paths {
		if err := e.Encode(line{path, v.Space, v.Row(i)}); err != nil {
			return err
		}
	}
	return nil
}

func readJSONL(r io.Reader, _ int64) (*Vectors, error) {
	v := &Vectors{}
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	for s.Scan() {
		var l line
		err := json.Unmarshal(s.Bytes(), &l)
		if err == nil {
			err = v.add(l)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(v.Paths)+1, err)
		}
	}
	return v, s.Err()
}

// add appends an image. The first one says what the space and D are.
func (v *Vectors) add(l line) error {
	if len(v.Paths) == 0 {
		v.Space, v.Dim = l.Space, len(l.Embedding)
	}
	switch {
	case l.Space != v.Space:
		return fmt.Errorf("embedding space %q, want %q as before", l.Space, v.Space)
	case len(l.Embedding) != v.Dim:
		return fmt.Errorf("%d numbers, want %d as before", len(l.Embedding), v.Dim)
	}
	v.Paths, v.Data = append(v.Paths, l.Path), append(v.Data, l.Embedding...)
	return nil
}

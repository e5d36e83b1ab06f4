package weights

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/nlpodyssey/safetensors"
)

// safetensorsFormat: eight bytes with the length of a JSON header, the header, the numbers.
var safetensorsFormat = Format{
	Name:  "safetensors",
	Brief: "as Hugging Face, timm and tfpair write",
	is:    func(s *source) bool { return len(s.head) > 8 && s.head[8] == '{' },
	read:  readSafetensors,
}

func readSafetensors(s *source) (*File, error) {
	header := binary.LittleEndian.Uint64(s.head)
	if header > maxHeader {
		return nil, fmt.Errorf("its header claims %d bytes, limit %d", header, maxHeader)
	}
	if header > uint64(s.size-8) {
		return nil, fmt.Errorf("its header claims %d bytes of a file of %d", header, s.size)
	}
	data, err := s.bytes(0, s.size)
	if err != nil {
		return nil, err
	}
	if err := checkEnd(data[8:], header); err != nil {
		return nil, err
	}
	_, about, err := safetensors.ReadMetadata(data) // offsets and shapes checked
	if err != nil {
		return nil, err
	}
	data = data[8+header:]
	f := &File{Metadata: about.Metadata()}
	left := newBudget(s.size)
	for name, info := range about.Tensors() {
		e, err := elementOf(info.DType.String())
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		shape := make([]int64, len(info.Shape))
		for i, side := range info.Shape {
			shape[i] = int64(min(side, maxElements+1)) // above: refused by the next line
		}
		if _, err := left.take(name, shape); err != nil {
			return nil, err
		}
		f.add(Tensor{Name: name, Shape: shape,
			Data: e.all(data[info.DataOffsets[0]:info.DataOffsets[1]])}, e)
	}
	return f, nil
}

// checkEnd says where a file ends early, whose header of so many bytes is at the beginning of data.
// The library says so, too, but not how much is missing.
func checkEnd(data []byte, header uint64) error {
	var about safetensors.Metadata
	if err := json.Unmarshal(data[:header], &about); err != nil {
		return nil // said by the library
	}
	end, have := uint64(0), uint64(len(data))-header
	for _, info := range about.Tensors() {
		end = max(end, info.DataOffsets[1])
	}
	if end > have {
		return fmt.Errorf("it ends early: its header tells of %d bytes of numbers, and it has %d", end, have)
	}
	return nil
}

//go:build linux && amd64 && tensorflow

package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
)

// writeTorch writes two tensors as torch.save does since PyTorch 1.6: a zip of a pickle and of storages.
func writeTorch(path string) error {
	shapes := map[string][]int{"first.weight": {4, 3, 3, 3}, "first.bias": {4}}
	var pickle bytes.Buffer
	pickle.WriteString("\x80\x02ccollections\nOrderedDict\n)R(") // protocol 2: OrderedDict(), MARK
	storages := map[string][]byte{}
	for i, name := range []string{"first.weight", "first.bias"} {
		shape := shapes[name]
		elements := 1
		for _, n := range shape {
			elements *= n
		}
		key := fmt.Sprint(i)
		pickleTensor(&pickle, name, key, elements, shape)
		var data []byte
		for x := range elements {
			data = binary.LittleEndian.AppendUint32(data, 0x3f800000+uint32(x)<<8) // 1 and a little more
		}
		storages["archive/data/"+key] = data
	}
	pickle.WriteString("u.") // SETITEMS, STOP
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	add := func(name string, data []byte) error {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(data)
		}
		return err
	}
	if err := add("archive/data.pkl", pickle.Bytes()); err != nil {
		return err
	}
	for _, name := range []string{"archive/data/0", "archive/data/1"} {
		if err := add(name, storages[name]); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, packed.Bytes(), 0o644)
}

// pickleTensor writes a name and _rebuild_tensor_v2((storage of floats), 0, shape, strides, False, OrderedDict()).
func pickleTensor(b *bytes.Buffer, name, key string, elements int, shape []int) {
	text := func(s string) {
		b.WriteByte('X') // BINUNICODE
		b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
		b.WriteString(s)
	}
	tuple := func(list []int) {
		b.WriteByte('(')
		for _, n := range list {
			b.WriteByte('J') // BININT
			b.Write(binary.LittleEndian.AppendUint32(nil, uint32(n)))
		}
		b.WriteByte('t')
	}
	strides, n := make([]int, len(shape)), 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i], n = n, n*shape[i]
	}
	text(name)
	b.WriteString("ctorch._utils\n_rebuild_tensor_v2\n((")
	text("storage")
	b.WriteString("ctorch\nFloatStorage\n")
	text(key)
	text("cpu")
	b.WriteByte('J')
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(elements)))
	b.WriteString("tQJ\x00\x00\x00\x00") // the storage, and where in it the tensor begins
	tuple(shape)
	tuple(strides)
	b.WriteString("\x89ccollections\nOrderedDict\n)RtR")
}

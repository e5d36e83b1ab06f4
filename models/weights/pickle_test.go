package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pickler writes pickles of protocol 2, as torch.save does.
type pickler struct{ bytes.Buffer }

func (p *pickler) op(codes ...byte) { p.Write(codes) }

func (p *pickler) global(module, name string) { fmt.Fprintf(p, "c%s\n%s\n", module, name) }

func (p *pickler) text(s string) {
	p.op('X')
	p.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
	p.WriteString(s)
}

func (p *pickler) integer(n int64) {
	p.op('J')
	p.Write(binary.LittleEndian.AppendUint32(nil, uint32(int32(n))))
}

func (p *pickler) tuple(list ...int64) {
	p.op('(')
	for _, n := range list {
		p.integer(n)
	}
	p.op('t')
}

// tensor writes _rebuild_tensor_v2((storage), offset, shape, stride, False, OrderedDict()).
func (p *pickler) tensor(class, key string, elements, offset int64, shape, stride []int64, legacy bool) {
	p.global("torch._utils", "_rebuild_tensor_v2")
	p.op('(', '(')
	p.text("storage")
	p.global("torch", class)
	p.text(key)
	p.text("cpu")
	p.integer(elements)
	if legacy {
		p.op('N')
	}
	p.op('t', 'Q')
	p.integer(offset)
	p.tuple(shape...)
	p.tuple(stride...)
	p.op(0x89)
	p.global("collections", "OrderedDict")
	p.op(')', 'R', 't', 'R')
}

// begin and end write the OrderedDict around the tensors.
func (p *pickler) begin() {
	p.op(0x80, 2)
	p.global("collections", "OrderedDict")
	p.op(')', 'R', '(')
}

func (p *pickler) end() { p.op('u', '.') }

func strides(shape []int64) []int64 {
	list, n := make([]int64, len(shape)), int64(1)
	for i := len(shape) - 1; i >= 0; i-- {
		list[i] = n
		n *= shape[i]
	}
	return list
}

func floats(data []float32) []byte {
	var b []byte
	for _, x := range data {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// state pickles tensors, each with a storage of its own whose key is its number.
func state(tensors []Tensor, legacy bool) []byte {
	var p pickler
	p.begin()
	for i, t := range tensors {
		p.text(t.Name)
		p.tensor("FloatStorage", fmt.Sprint(i), int64(len(t.Data)), 0, t.Shape, strides(t.Shape), legacy)
	}
	p.end()
	return p.Bytes()
}

// member is one of a zip archive; claimed is the size that it claims, 0: its own.
type member struct {
	name    string
	data    []byte
	claimed uint64
	method  uint16
}

func archive(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name, Method: m.method, CRC32: crc32.ChecksumIEEE(m.data),
			CompressedSize64: uint64(len(m.data)), UncompressedSize64: uint64(len(m.data))}
		if m.claimed > 0 {
			h.CompressedSize64, h.UncompressedSize64 = m.claimed, m.claimed
		}
		w, err := z.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// torchZip returns tensors as torch.save writes them.
func torchZip(t testing.TB, tensors []Tensor) []byte {
	list := []member{{name: "archive/data.pkl", data: state(tensors, false)},
		{name: "archive/byteorder", data: []byte("little")}}
	for i, x := range tensors {
		list = append(list, member{name: fmt.Sprintf("archive/data/%d", i), data: floats(x.Data)})
	}
	return archive(t, list...)
}

// legacyHead are the first three pickles: magic number, version, what the machine was.
const legacyHead = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19." + "\x80\x02M\xe9\x03." + "\x80\x02}."

// torchLegacy returns tensors as torch.save wrote them before 1.6, storages in reverse.
func torchLegacy(tensors []Tensor) []byte {
	var p pickler
	p.WriteString(legacyHead)
	p.Write(state(tensors, true))
	p.op(0x80, 2, ']', '(')
	for i := range slices.Backward(tensors) {
		p.text(fmt.Sprint(i))
	}
	p.op('e', '.')
	for _, t := range slices.Backward(tensors) {
		p.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(t.Data))))
		p.Write(floats(t.Data))
	}
	return p.Bytes()
}

// TestPytorch: both formats give what safetensors gives.
func TestPytorch(t *testing.T) {
	tensors := smallFiles()["torchvision"]
	want := mustRead(t, torchZip(t, tensors))
	if want.Format != "pytorch" {
		t.Errorf("format %q, want pytorch", want.Format)
	}
	legacy := mustRead(t, torchLegacy(tensors))
	if legacy.Format != "pytorch-legacy" {
		t.Errorf("format %q, want pytorch-legacy", legacy.Format)
	}
	for _, f := range []*File{want, legacy} {
		network, canonical := smallNetwork("torchvision")
		got, err := f.Import(network)
		if err != nil {
			t.Fatalf("%s: %v", f.Format, err)
		}
		if diff := cmp.Diff(canonical, got.Tensors); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", f.Format, diff)
		}
	}
}

// TestViews: tensors that share a storage, lie in it in another order, or are half floats.
func TestViews(t *testing.T) {
	var p pickler
	p.begin()
	p.text("module.last two")
	p.tensor("FloatStorage", "a", 6, 4, []int64{2}, []int64{1}, false)
	p.text("module.transposed")
	p.tensor("FloatStorage", "a", 6, 0, []int64{3, 2}, []int64{1, 3}, false)
	p.text("module.half")
	p.tensor("HalfStorage", "b", 3, 0, []int64{3}, []int64{1}, false)
	p.text("module.count")
	p.tensor("LongStorage", "c", 1, 0, nil, nil, false)
	p.end()
	var inner pickler // {"epoch": 3, "state_dict": the same}
	inner.op(0x80, 2, '}', '(')
	inner.text("epoch")
	inner.integer(3)
	inner.text("state_dict")
	inner.Write(p.Bytes()[2 : p.Len()-1])
	inner.op('u', '.')
	var beside pickler // {"best_acc1": a tensor, "model": "resnet50", "state_dict": the same}
	beside.op(0x80, 2, '}', '(')
	beside.text("best_acc1")
	beside.tensor("LongStorage", "c", 1, 0, nil, nil, false)
	beside.text("model")
	beside.text("resnet50")
	beside.text("state_dict")
	beside.Write(p.Bytes()[2 : p.Len()-1])
	beside.op('u', '.')
	for name, data := range map[string][]byte{"state dict": p.Bytes(), "training script's": inner.Bytes(),
		"a tensor beside it": beside.Bytes()} {
		f := mustRead(t, archive(t, member{name: "x/data.pkl", data: data},
			member{name: "x/data/a", data: floats([]float32{0, 1, 2, 3, 4, 5})},
			member{name: "x/data/b", data: []byte{0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00}}, // 1, -2, 2⁻²⁴
			member{name: "x/data/c", data: []byte{9, 0, 0, 0, 0, 0, 0, 0}}))
		want := []Tensor{{Name: "count", Shape: []int64{}, Data: []float32{9}},
			{Name: "half", Shape: []int64{3}, Data: []float32{1, -2, 0x1p-24}},
			{Name: "last two", Shape: []int64{2}, Data: []float32{4, 5}},
			{Name: "transposed", Shape: []int64{3, 2}, Data: []float32{0, 3, 1, 4, 2, 5}}}
		if diff := cmp.Diff(want, f.Tensors); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", name, diff)
		}
	}
}

// malicious is a pickle that has Python run a command.
func malicious(module, name string) []byte {
	var p pickler
	p.op(0x80, 2)
	p.global(module, name)
	p.op('(')
	p.text("touch owned")
	p.op('t', 'R', '.')
	return p.Bytes()
}

// of returns a file of one tensor "x" with this storage and view, its storage of six numbers.
func ofView(t testing.TB, class string, elements, offset int64, shape, stride []int64) []byte {
	var p pickler
	p.begin()
	p.text("x")
	p.tensor(class, "0", elements, offset, shape, stride, false)
	p.end()
	return archive(t, member{name: "x/data.pkl", data: p.Bytes()},
		member{name: "x/data/0", data: floats([]float32{0, 1, 2, 3, 4, 5})})
}

// hostile are files that are refused, by what the error says.
func hostile(t testing.TB) map[string][]byte {
	six := []Tensor{{Name: "x", Shape: []int64{6}, Data: []float32{0, 1, 2, 3, 4, 5}}}
	whole, legacy := torchZip(t, six), torchLegacy(six)
	one := func(data string) []byte { return archive(t, member{name: "x/data.pkl", data: []byte(data)}) }
	return map[string][]byte{
		`"posix.system", which no dictionary of tensors needs; nothing of it was executed`: one(string(malicious("posix", "system"))),
		`pytorch-legacy: the pickle names "os.system"`:                                     malicious("os", "system"),
		`the pickle names "builtins.eval"`:                                                 []byte(legacyHead + string(malicious("builtins", "eval"))),
		`the pickle names "torchvision.models.resnet.ResNet"`:                              one("\x80\x02ctorchvision.models.resnet\nResNet\n)\x81."),
		`the pickle names "nt.system"`:                                                     one("\x80\x02(int\nsystem\n."),
		`the pickle names "__builtin__.eval"`:                                              one("\x80\x02\x8c\x0b__builtin__\x8c\x04eval\x93."),
		"opcode 0x81, which no dictionary of tensors has":                                  one("\x80\x02}\x81."),
		"the pickle ends early":                                                            one("\x80\x02X\xff\xff\xff\xff"),
		"pytorch: the pickle ends early":                                                   one("\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f}."),
		"the pickle is damaged":                                                            one("\x80\x02}(K\x01u."),
		"an integer without digits":                                                        one("\x80\x02\x8a\x00."),
		"it holds no dictionary of tensors":                                                one("\x80\x02]."),
		"it holds no tensors":                                                              one("\x80\x02}."),
		"a key that is no string":                                                          one("\x80\x02}(K\x01K\x02u."),
		"refers to something that is no storage":                                           one("\x80\x02)Q."),
		"cut off or damaged":                                                               whole[:len(whole)/2],
		"it ends early: storage":                                                           legacy[:len(legacy)-3],
		"a pickle that torch.save did not write":                                           []byte("\x80\x02K\x01."),
		"a TorchScript archive holds code":                                                 archive(t, member{name: "x/data.pkl", data: []byte("\x80\x02}.")}, member{name: "x/constants.pkl"}),
		`its byte order is "big"`:                                                          archive(t, member{name: "x/data.pkl"}, member{name: "x/byteorder", data: []byte("big")}),
		"compressed, which torch.save never does":                                          archive(t, member{name: "x/data.pkl", data: []byte("\x03\x00"), claimed: 2 << 30, method: zip.Deflate}),
		`member "x/data.pkl" of 2147483648 bytes goes beyond the end`:                      archive(t, member{name: "x/data.pkl", data: []byte("\x80\x02}."), claimed: 2 << 30}),
		`member "x/data/0" has 24 bytes, want 28`:                                          ofView(t, "FloatStorage", 7, 0, []int64{6}, []int64{1}),
		`member "x/data/0" has 24 bytes, want 48`:                                          ofView(t, "DoubleStorage", 6, 0, []int64{6}, []int64{1}),
		"7 elements at 0 go beyond its storage of 6":                                       ofView(t, "FloatStorage", 6, 0, []int64{7}, []int64{1}),
		"elements at 4 go beyond":                                                          ofView(t, "FloatStorage", 6, 4, []int64{3}, []int64{1}),
		"elements at -1 go beyond":                                                         ofView(t, "FloatStorage", 6, -1, []int64{3}, []int64{1}),
		"stride [-1]":                                                                      ofView(t, "FloatStorage", 6, 0, []int64{3}, []int64{-1}),
		"more elements than the file has bytes":                                            ofView(t, "FloatStorage", 6, 0, []int64{1 << 20}, []int64{0}),
		"has a side of -1":                                                                 ofView(t, "FloatStorage", 6, 0, []int64{-1}, []int64{1}),
		"has 9 dimensions, limit 8":                                                        ofView(t, "FloatStorage", 6, 0, make([]int64, 9), make([]int64, 9)),
		`the pickle names "torch.QInt8Storage"`:                                            ofView(t, "QInt8Storage", 6, 0, []int64{6}, []int64{1}),
		"safetensors: its header claims 2147483648 bytes, limit":                           []byte("\x00\x00\x00\x80\x00\x00\x00\x00{}"),
		"safetensors: its header claims 64 bytes of a file of 10":                          []byte("\x40\x00\x00\x00\x00\x00\x00\x00{}"),
		"invalid header deserialization":                                                   []byte("\x02\x00\x00\x00\x00\x00\x00\x00{]"),
		"it ends early: its header tells of 24 bytes of numbers, and it has 20":            header(`{"x":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}}`, 20),
		"metadata incomplete buffer":                                                       header(`{"x":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}}`, 28),
		"invalid metadata offset for tensor": header(
			`{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"y":{"dtype":"F32","shape":[3],"data_offsets":[8,20]}}`, 20),
		"invalid metadata offset for tensor \"y\"": header(
			`{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"y":{"dtype":"F32","shape":[3],"data_offsets":[16,28]}}`, 28),
		"mismatch":                         header(`{"x":{"dtype":"F32","shape":[1073741824],"data_offsets":[0,24]}}`, 24),
		"compute num elements":             header(`{"x":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,24]}}`, 24),
		"numbers of type U64 are not read": header(`{"x":{"dtype":"U64","shape":[3],"data_offsets":[0,24]}}`, 24),
		"safetensors: it holds no tensors": header(`{}`, 0),
		"its content is of no known format (known: safetensors, as ": []byte("hello"),
		"no known format": nil,
		"no known format (known: safetensors, as Hugging Face, timm and tfpair write; pytorch": archive(t, member{name: "x.txt"}),
	}
}

// header returns a safetensors file with this header and so many bytes behind it.
func header(text string, behind int) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	return append(append(data, text...), make([]byte, behind)...)
}

func TestHostile(t *testing.T) {
	for want, data := range hostile(t) {
		f, err := read("f", bytes.NewReader(data), int64(len(data)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("read of %.40q = %v, %v, want %q", data, f, err, want)
		}
	}
}

// TestCutOff: a file that ends anywhere is refused, with the least of memory.
func TestCutOff(t *testing.T) {
	tensors := smallFiles()["efficientnet-lite0"][:4]
	for _, data := range [][]byte{torchZip(t, tensors), torchLegacy(tensors), safe(t, tensors)} {
		for n := range len(data) {
			if f, err := read("f", bytes.NewReader(data[:n]), int64(n)); err == nil {
				t.Fatalf("%s: the first %d of %d bytes were read", f.Format, n, len(data))
			}
		}
	}
}

// FuzzRead: no file panics, or takes more memory than eight times its size.
func FuzzRead(f *testing.F) {
	for _, data := range hostile(f) {
		f.Add(data)
	}
	tensors := smallFiles()["efficientnet-lite0"][:4]
	f.Add(torchZip(f, tensors))
	f.Add(torchLegacy(tensors))
	f.Add(safe(f, tensors))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := read("f", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		if n := got.Parameters(); n > int64(len(data)) {
			t.Errorf("%d numbers of %d bytes", n, len(data))
		}
		_, _ = got.Import(Network{Name: resNet50, Shapes: map[string][]int64{"backbone/conv1_conv/kernel": {7, 7, 3, 64}}})
	})
}

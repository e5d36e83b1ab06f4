package weights

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/big"
	"slices"
	"strings"

	"github.com/nlpodyssey/gopickle/types"
)

// pytorchFormat: a zip archive with the pickle NAME/data.pkl and the storages NAME/data/KEY.
var pytorchFormat = Format{
	Name:  "pytorch",
	Brief: "as torch.save writes .pth and .pt",
	is:    func(s *source) bool { return s.member("data.pkl") != nil },
	read:  readPytorch,
}

// pytorchLegacyFormat: five pickles, then the storages, each with its number of elements.
var pytorchLegacyFormat = Format{
	Name:  "pytorch-legacy",
	Brief: "as torch.save wrote before PyTorch 1.6",
	is: func(s *source) bool {
		return len(s.head) > 1 && s.head[0] == 0x80 && s.head[1] >= 2 && s.head[1] <= 5
	},
	read: readPytorchLegacy,
}

func readPytorch(s *source) (*File, error) {
	if s.member("constants.pkl") != nil {
		return nil, fmt.Errorf("a TorchScript archive holds code; save the module's state_dict")
	}
	pickled := s.member("data.pkl")
	folder := strings.TrimSuffix(pickled.Name, "data.pkl")
	if order := s.member("byteorder"); order != nil {
		text, err := s.stored(order, headBytes)
		if err != nil {
			return nil, err
		}
		if string(text) != "little" {
			return nil, fmt.Errorf("its byte order is %q, want little", text)
		}
	}
	data, err := s.stored(pickled, maxHeader)
	if err != nil {
		return nil, err
	}
	loaded := map[string]*storage{}
	x, _, err := unpickle(data, func(id *types.Tuple) (*storage, error) {
		of, err := storageOf(id)
		if err != nil {
			return nil, err
		}
		if before := loaded[of.key]; before != nil {
			return before, nil
		}
		loaded[of.key] = of
		of.at, err = s.findStorage(folder+"data/"+of.key, of.elements*of.size)
		return of, err
	})
	if err != nil {
		return nil, err
	}
	return s.tensors(x)
}

// stored returns the bytes of a member, at most so many.
func (s *source) stored(f *zip.File, most int64) ([]byte, error) {
	at, n, err := s.place(f)
	if err != nil {
		return nil, err
	}
	if n > most {
		return nil, fmt.Errorf("member %q has %d bytes, limit %d", f.Name, n, most)
	}
	if err := s.checkSum(f, at); err != nil {
		return nil, err
	}
	return s.bytes(at, n)
}

// checkSum compares the bytes of a member, which begin at at, with its CRC-32.
func (s *source) checkSum(f *zip.File, at int64) error {
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, io.NewSectionReader(s.r, at, int64(f.UncompressedSize64))); err != nil {
		return fmt.Errorf("member %q: %w", f.Name, err)
	}
	if sum.Sum32() != f.CRC32 {
		return fmt.Errorf("member %q is damaged: its bytes have CRC-32 %08x, the archive says %08x (or torch.save "+
			"was told to write no checksums: set_crc32_options(True) and save again)", f.Name, sum.Sum32(), f.CRC32)
	}
	return nil
}

// findStorage returns where the storage that is the member of this whole name begins, of so many bytes.
func (s *source) findStorage(name string, bytes int64) (int64, error) {
	i := slices.IndexFunc(s.archive.File, func(f *zip.File) bool { return f.Name == name })
	if i < 0 {
		return 0, fmt.Errorf("member %q is missing", name)
	}
	at, n, err := s.place(s.archive.File[i])
	if err != nil {
		return 0, err
	}
	if n != bytes {
		return 0, fmt.Errorf("member %q has %d bytes, want %d", name, n, bytes)
	}
	return at, s.checkSum(s.archive.File[i], at)
}

// pytorchMagic is the number that the first pickle holds.
const pytorchMagic = "1950a86a20f9469cfc6c"

func readPytorchLegacy(s *source) (*File, error) {
	at := int64(0)
	next := func(load func(*types.Tuple) (*storage, error)) (any, error) {
		data, err := s.bytes(at, min(maxHeader, s.size-at))
		if err != nil {
			return nil, err
		}
		x, n, err := unpickle(data, load)
		at += int64(n)
		return x, err
	}
	loaded := map[string]*storage{}
	load := func(id *types.Tuple) (*storage, error) {
		of, err := storageOf(id)
		if err != nil || id.Len() > 5 && id.Get(5) != nil {
			return nil, fmt.Errorf("the pickle refers to something that is no whole storage")
		}
		if before := loaded[of.key]; before != nil {
			return before, nil
		}
		loaded[of.key] = of
		return of, nil
	}
	magic, err := next(load)
	if err != nil {
		return nil, err
	}
	if n, ok := magic.(*big.Int); !ok || n.Text(16) != pytorchMagic {
		return nil, fmt.Errorf("a pickle that torch.save did not write")
	}
	for range 2 { // the protocol's version, and how large the machine's numbers were
		if _, err := next(nil); err != nil {
			return nil, err
		}
	}
	x, err := next(load)
	if err != nil {
		return nil, err
	}
	keys, err := next(nil)
	if err != nil {
		return nil, err
	}
	if err := s.placeStorages(keys, loaded, at); err != nil {
		return nil, err
	}
	return s.tensors(x)
}

// placeStorages finds the storages that follow the pickles from at on, in the order of keys.
func (s *source) placeStorages(keys any, loaded map[string]*storage, at int64) error {
	list, ok := keys.(*types.List)
	if !ok || list.Len() != len(loaded) {
		return fmt.Errorf("the list of storages is not that of %d storages", len(loaded))
	}
	placed := map[string]bool{}
	for _, key := range *list {
		name, _ := key.(string)
		of := loaded[name]
		if of == nil || placed[name] {
			return fmt.Errorf("the list of storages names %q, which no tensor uses, or twice", name)
		}
		placed[name] = true
		count, err := s.bytes(at, 8)
		if err != nil {
			return err
		}
		if n := int64(binary.LittleEndian.Uint64(count)); n != of.elements {
			return fmt.Errorf("storage %q has %d elements, want %d", name, n, of.elements)
		}
		of.at = at + 8
		if at = of.at + of.elements*of.size; at > s.size {
			return fmt.Errorf("it ends early: storage %q ends at byte %d, and the file at %d",
				name, at, s.size)
		}
	}
	return nil
}

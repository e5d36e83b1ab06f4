package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// castagnoli is the polynomial of TFRecord's checksums.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// record frames data as a TFRecord: length [8 bytes], its checksum [4], data, its
// checksum [4], all little endian; see tensorflow/core/lib/io/record_writer.h.
func record(data []byte) []byte {
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	framed := binary.LittleEndian.AppendUint32(slices.Clone(length), masked(length))
	framed = append(framed, data...)
	return binary.LittleEndian.AppendUint32(framed, masked(data))
}

// masked returns the CRC-32C of data as TFRecord keeps it: turned by 15 bits and moved
// by a constant, because a checksum of data that holds checksums is weak. See
// tensorflow/core/lib/hash/crc32c.h.
func masked(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

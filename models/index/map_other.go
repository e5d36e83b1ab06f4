//go:build !unix || !(amd64 || arm64 || riscv64 || loong64)

package index

import "os"

// mapping is for systems that map files.
type mapping struct{}

// mapped reads the first n numbers of a file.
func mapped(f *os.File, n int) ([]float32, *mapping, error) {
	data, err := readVectors(f, n)
	return data, nil, err
}

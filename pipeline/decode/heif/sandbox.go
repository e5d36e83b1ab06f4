package heif

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

const (
	page        = 64 << 10         // bytes of WebAssembly memory
	mostMemory  = 512 << 20        // bytes that one picture may take inside of the sandbox
	mostTime    = 60 * time.Second // a photo of 12 megapixels takes about one
	mostAtATime = 2                // pictures in all sandboxes of the process
)

// sandbox runs a decoder that is compiled to WebAssembly: C code that sees its own memory and
// nothing of the machine. Each picture has an instance of its own, so that no file can leave
// anything for the next.
type sandbox struct {
	packed  []byte // the module, gzip
	once    sync.Once
	err     error
	runtime wazero.Runtime
	module  wazero.CompiledModule
}

// turns bounds how many pictures are decoded at once, since each may take mostMemory.
var turns = make(chan struct{}, mostAtATime)

// compile readies the module, once a process.
func (s *sandbox) compile(ctx context.Context) error {
	s.once.Do(func() {
		r, err := gzip.NewReader(bytes.NewReader(s.packed))
		if err != nil {
			s.err = err
			return
		}
		code, err := io.ReadAll(r)
		if err != nil {
			s.err = err
			return
		}
		config := wazero.NewRuntimeConfig().WithMemoryLimitPages(mostMemory / page)
		s.runtime = wazero.NewRuntimeWithConfig(ctx, config)
		if _, s.err = wasi_snapshot_preview1.Instantiate(ctx, s.runtime); s.err == nil {
			s.module, s.err = s.runtime.CompileModule(ctx, code)
		}
	})
	return s.err
}

// errRefused is what a decoder says of a file that it cannot read: no reason.
var errRefused = errors.New("the decoder cannot read it")

// instance is a decoder at work on one file.
type instance struct {
	module api.Module
	ctx    context.Context
}

// codec is what a module wants to know and says of a file: its function decode is called twice, for the
// numbers of the picture and for its pixels.
type codec struct {
	numbers int // of 32 bits, the first two are width and height
	// arguments are those of decode behind the file and its length. Out has room for the numbers and 8
	// bytes more, pixels is 0 where only the numbers are wanted.
	arguments func(headOnly, out, pixels uint64) []uint64
	size      func(numbers []uint32) (int, error) // of the pixels in bytes
	picture   func(raw []byte, numbers []uint32) (image.Image, error)
}

// decode decodes a file whose boxes promise w×h pixels.
func (s *sandbox) decode(data []byte, w, h int, c codec) (image.Image, error) {
	return s.with(func(i instance) (image.Image, error) {
		in, err := i.put(data)
		if err != nil {
			return nil, err
		}
		const more = 8
		out, err := i.allocate(4*c.numbers + more)
		if err != nil {
			return nil, err
		}
		decode := func(headOnly, pixels uint64) error {
			ok, err := i.call("decode", append([]uint64{in, uint64(len(data))}, c.arguments(headOnly, out, pixels)...)...)
			if err == nil && ok == 0 {
				err = errRefused
			}
			return err
		}
		if err := decode(1, 0); err != nil {
			return nil, err
		}
		numbers, err := i.numbers(out, c.numbers)
		if err != nil {
			return nil, err
		}
		if int(numbers[0]) != w || int(numbers[1]) != h {
			return nil, fmt.Errorf("boxes say %dx%d pixels, the picture has %dx%d", w, h, numbers[0], numbers[1])
		}
		size, err := c.size(numbers)
		if err != nil {
			return nil, err
		}
		pixels, err := i.allocate(size)
		if err != nil {
			return nil, err
		}
		if err := decode(0, pixels); err != nil {
			return nil, err
		}
		raw, err := i.get(pixels, size)
		if err != nil {
			return nil, err
		}
		return c.picture(raw, numbers)
	})
}

// with calls work on an instance of its own. A trap inside, or too much memory, is an error, and so
// is more time than any honest picture takes: then the instance works on, for it cannot be stopped
// (a decoder that looks at the clock takes four times as long), and its turn does not come back.
func (s *sandbox) with(work func(instance) (image.Image, error)) (image.Image, error) {
	late := time.NewTimer(mostTime)
	defer late.Stop()
	select {
	case turns <- struct{}{}:
	case <-late.C:
		return nil, fmt.Errorf("no decoder was free for %v", mostTime)
	}
	type result struct {
		img image.Image
		err error
	}
	done := make(chan result, 1)
	go func() {
		img, err := s.instantiate(work)
		<-turns
		done <- result{img, err}
	}()
	select {
	case r := <-done:
		return r.img, r.err
	case <-late.C:
		return nil, fmt.Errorf("decoding took longer than %v", mostTime)
	}
}

func (s *sandbox) instantiate(work func(instance) (image.Image, error)) (img image.Image, err error) {
	defer func() { // a panic here would reach nobody who can recover
		if r := recover(); r != nil {
			img, err = nil, fmt.Errorf("decoder panic: %v", r)
		}
	}()
	ctx := withMemory(context.Background())
	if err := s.compile(ctx); err != nil {
		return nil, fmt.Errorf("start the decoder: %w", err)
	}
	// The modules are reactors: without a name several live side by side.
	m, err := s.runtime.InstantiateModule(ctx, s.module, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize"))
	if err != nil {
		return nil, fmt.Errorf("start the decoder: %w", err)
	}
	defer func() { _ = m.Close(ctx) }() // its memory goes back all the same
	return work(instance{m, ctx})
}

// call calls a function of the module, which returns one number.
func (i instance) call(name string, arguments ...uint64) (uint64, error) {
	f := i.module.ExportedFunction(name)
	if f == nil {
		return 0, fmt.Errorf("the decoder has no %s", name)
	}
	result, err := f.Call(i.ctx, arguments...)
	if err != nil {
		return 0, fmt.Errorf("the decoder stopped: %w", err)
	}
	if len(result) != 1 {
		return 0, nil
	}
	return result[0], nil
}

// allocate takes size bytes of the module's memory.
func (i instance) allocate(size int) (uint64, error) {
	at, err := i.call("malloc", uint64(size))
	if err == nil && at == 0 {
		err = fmt.Errorf("the decoder needs more than %d MiB", mostMemory>>20)
	}
	return at, err
}

// put copies data into the module's memory.
func (i instance) put(data []byte) (uint64, error) {
	at, err := i.allocate(len(data))
	if err == nil && !i.module.Memory().Write(uint32(at), data) {
		err = errRefused
	}
	return at, err
}

// get copies size bytes of the module's memory.
func (i instance) get(at uint64, size int) ([]byte, error) {
	view, ok := i.module.Memory().Read(uint32(at), uint32(size))
	if !ok {
		return nil, errRefused
	}
	return bytes.Clone(view), nil
}

// numbers reads n little-endian numbers of 32 bits.
func (i instance) numbers(at uint64, n int) ([]uint32, error) {
	values := make([]uint32, n)
	for k := range values {
		v, ok := i.module.Memory().ReadUint32Le(uint32(at) + uint32(4*k))
		if !ok {
			return nil, errRefused
		}
		values[k] = v
	}
	return values, nil
}

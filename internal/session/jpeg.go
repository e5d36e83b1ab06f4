//go:build tensorflow && cgo

package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"unsafe"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	config "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

// JPEG decodes JPEG files by the libjpeg-turbo that is inside the runtime. It is safe for
// concurrent use: each call works on the goroutine that makes it.
type JPEG struct {
	session *tf.Session
	file    tf.Output         // scalar string: the bytes of a file
	pixels  map[int]tf.Output // by ratio: [H/ratio, W/ratio, 3] uint8 RGB, rounded up
	held    atomic.Int64      // bytes of tensors since garbage was collected
}

// jpegRatios are how many times smaller than the file says a picture can be decoded.
var jpegRatios = []int{1, 2, 4, 8}

// shared is the decoder of this process.
var shared struct {
	sync.Mutex
	jpeg *JPEG // nil before the first
}

// SharedJPEG returns the decoder of JPEG files that this process has, and opens it the first time. Give it
// the options of the networks' sessions: the first session decides how many threads an operation has in
// this process. It is never closed. Errors are those of Open.
func SharedJPEG(o Options) (*JPEG, error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.jpeg != nil {
		return shared.jpeg, nil
	}
	j, err := openJPEG(o)
	if err == nil {
		shared.jpeg = j
	}
	return j, err
}

func openJPEG(o Options) (*JPEG, error) {
	options, err := o.toTF()
	if err != nil {
		return nil, err
	}
	g := tf.NewGraph()
	file, err := g.AddOperation(tf.OpSpec{Type: "Placeholder", Name: "file",
		Attrs: map[string]any{"dtype": tf.String, "shape": tf.ScalarShape()}})
	if err != nil {
		return nil, fmt.Errorf("build graph: %w", err)
	}
	j := &JPEG{file: file.Output(0), pixels: map[int]tf.Output{}}
	for _, ratio := range jpegRatios {
		decoded, err := g.AddOperation(tf.OpSpec{Type: "DecodeJpeg", Name: "pixels" + strconv.Itoa(ratio),
			Input: []tf.Input{j.file}, Attrs: map[string]any{
				"channels": int64(3), "ratio": int64(ratio),
				"fancy_upscaling":       false, // as image/jpeg does
				"try_recover_truncated": false,
				"acceptable_fraction":   float32(1),
				"dct_method":            "INTEGER_ACCURATE",
			}})
		if err != nil {
			return nil, fmt.Errorf("build graph: %w", err)
		}
		j.pixels[ratio] = decoded.Output(0)
	}
	if options, err = inCaller(options); err != nil {
		return nil, err
	}
	if j.session, err = tf.NewSession(g, options); err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	return j, nil
}

// inCaller returns o, changed so that operations run on the thread that asks for them.
func inCaller(o *tf.SessionOptions) (*tf.SessionOptions, error) {
	var c config.ConfigProto
	if err := proto.Unmarshal(o.Config, &c); err != nil {
		return nil, fmt.Errorf("decode session options: %w", err)
	}
	c.InterOpParallelismThreads, c.UsePerSessionThreads = -1, false
	c.DeviceCount = map[string]int32{"GPU": 0}
	text, err := proto.Marshal(&c)
	if err != nil {
		return nil, fmt.Errorf("encode session options: %w", err)
	}
	return &tf.SessionOptions{Config: text}, nil
}

// Name returns "libjpeg-turbo of TensorFlow" and the version.
func (j *JPEG) Name() string { return "libjpeg-turbo of TensorFlow " + libtensorflow.Version }

// Decode returns the picture in data at 1/ratio of its size, rounded up, opaque, as it is stored.
// ratio is 1, 2, 4 or 8.
func (j *JPEG) Decode(data []byte, ratio int) (*image.NRGBA, error) {
	pixels, ok := j.pixels[ratio]
	if !ok {
		return nil, fmt.Errorf("JPEG at 1/%d of its size, want one of 1/%d", ratio, jpegRatios)
	}
	if len(data) == 0 {
		return nil, errors.New("no data")
	}
	file, err := tf.NewTensor(unsafe.String(&data[0], len(data))) // copied into the runtime's memory
	if err != nil {
		return nil, fmt.Errorf("make tensor of %d bytes: %w", len(data), err)
	}
	results, err := j.session.Run(map[tf.Output]*tf.Tensor{j.file: file}, []tf.Output{pixels}, nil)
	if err != nil {
		return nil, err
	}
	t := results[0]
	shape := t.Shape()
	img := opaque(t.TensorData(), int(shape[1]), int(shape[0]))
	runtime.KeepAlive(t)
	if j.held.Add(int64(len(data)+len(img.Pix))) > collectBytes {
		j.held.Store(0)
		runtime.GC()
	}
	return img, nil
}

// opaque returns rgb [h,w,3] as a picture.
func opaque(rgb []uint8, w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	pix := img.Pix
	const alpha = 0xff << 24
	for ; len(rgb) >= 4 && len(pix) >= 4; pix, rgb = pix[4:], rgb[3:] { // four bytes at once: one is of the next pixel
		binary.LittleEndian.PutUint32(pix, binary.LittleEndian.Uint32(rgb)|alpha)
	}
	copy(pix, rgb) // the last pixel
	if len(pix) >= 4 {
		pix[3] = 255
	}
	return img
}

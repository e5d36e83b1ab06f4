//go:build tensorflow && cgo

package session

/*
#cgo LDFLAGS: -ltensorflow
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <tmmintrin.h>
#endif
#include <tensorflow/c/c_api.h>

// decode_jpeg feeds the bytes of a file where they are. The result is the caller's.
static TF_Tensor *decode_jpeg(TF_Session *s, TF_Output file, const char *bytes, size_t size, TF_Output pixels, TF_Status *status) {
	TF_Tensor *fed = TF_AllocateTensor(TF_STRING, NULL, 0, sizeof(TF_TString)), *result = NULL;
	TF_TString *text = TF_TensorData(fed);
	TF_TString_Init(text);
	TF_TString_AssignView(text, bytes, size);
	TF_SessionRun(s, NULL, &file, &fed, 1, &pixels, &result, 1, NULL, 0, NULL, status);
	TF_DeleteTensor(fed);
	return result;
}

#if defined(__x86_64__)
// most_opaque writes most of n pixels of RGB as RGBA, four at a time, and returns how many.
__attribute__((target("ssse3"))) static size_t most_opaque(uint8_t *rgba, const uint8_t *rgb, size_t n) {
	const __m128i spread = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1), alpha = _mm_set1_epi32(0xff000000);
	size_t i = 0;
	for (; i + 6 <= n; i += 4) { // 16 bytes are read, which are five pixels and a third
		__m128i four = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(rgb + 3 * i)), spread);
		_mm_storeu_si128((__m128i *)(rgba + 4 * i), _mm_or_si128(four, alpha));
	}
	return i;
}
#else
static size_t most_opaque(uint8_t *rgba, const uint8_t *rgb, size_t n) { return 0; }
#endif

// opaque writes n pixels of RGB as RGBA.
static void opaque(uint8_t *rgba, const uint8_t *rgb, size_t n, int ssse3) {
	for (size_t i = ssse3 ? most_opaque(rgba, rgb, n) : 0; i < n; i++) {
		memcpy(rgba + 4 * i, rgb + 3 * i, 3);
		rgba[4 * i + 3] = 255;
	}
}
*/
import "C"

import (
	"errors"
	"fmt"
	"image"
	"strconv"
	"sync"
	"unsafe"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	config "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
	"golang.org/x/sys/cpu"
	"google.golang.org/protobuf/proto"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

// JPEG decodes JPEG files by the libjpeg-turbo that is inside the runtime. It is safe for
// concurrent use: each call works on the goroutine that makes it.
type JPEG struct {
	session *tf.Session
	file    tf.Output         // scalar string: the bytes of a file
	pixels  map[int]tf.Output // by ratio: [H/ratio, W/ratio, 3] uint8 RGB, rounded up
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
// ratio is 1, 2, 4 or 8. Its pixels lie in memory, where that is large enough.
func (j *JPEG) Decode(data []byte, ratio int, memory []uint8) (*image.NRGBA, error) {
	pixels, ok := j.pixels[ratio]
	if !ok {
		return nil, fmt.Errorf("JPEG at 1/%d of its size, want one of 1/%d", ratio, jpegRatios)
	}
	if len(data) == 0 {
		return nil, errors.New("no data")
	}
	status := C.TF_NewStatus()
	defer C.TF_DeleteStatus(status)
	// Not by the binding: it copies the file, and holds tensors until garbage is collected.
	t := C.decode_jpeg((*C.TF_Session)(inside(j.session)), outputOf(j.file), (*C.char)(unsafe.Pointer(&data[0])), C.size_t(len(data)),
		outputOf(pixels), status)
	if C.TF_GetCode(status) != C.TF_OK {
		return nil, errors.New(C.GoString(C.TF_Message(status)))
	}
	defer C.TF_DeleteTensor(t)
	w, h := int(C.TF_Dim(t, 1)), int(C.TF_Dim(t, 0))
	if n := 4 * w * h; n <= cap(memory) {
		memory = memory[:n]
	} else {
		memory = make([]uint8, n)
	}
	opaque(memory, unsafe.Slice((*uint8)(C.TF_TensorData(t)), int(C.TF_TensorByteSize(t))))
	return &image.NRGBA{Pix: memory, Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}, nil
}

// opaque writes RGB to pix, which is RGBA.
func opaque(pix, rgb []uint8) {
	n := min(len(pix)/4, len(rgb)/3)
	if n == 0 {
		return
	}
	var ssse3 C.int
	if cpu.X86.HasSSSE3 {
		ssse3 = 1
	}
	C.opaque((*C.uint8_t)(&pix[0]), (*C.uint8_t)(&rgb[0]), C.size_t(n), ssse3)
}

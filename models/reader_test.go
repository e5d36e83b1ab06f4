package models_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline/decode"
)

// runtimeJPEG returns the runtime's decoder, counting its pictures.
func runtimeJPEG(t *testing.T) *counted {
	t.Helper()
	j, err := session.SharedJPEG(session.Options{Device: session.CPU})
	if err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	return &counted{JPEG: j}
}

type counted struct {
	decode.JPEG
	pictures int
}

func (c *counted) Decode(data []byte, ratio int, memory []uint8) (*image.NRGBA, error) {
	img, err := c.JPEG.Decode(data, ratio, memory)
	if err == nil {
		c.pictures++
	}
	return img, err
}

// jpegs are files of all kinds: what the runtime decodes, and what is left to Go's decoder.
func jpegs(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	var colour, grey bytes.Buffer
	if err := jpeg.Encode(&colour, picture(1, 70, 50), nil); err != nil {
		t.Fatal(err)
	}
	one := image.NewGray(image.Rect(0, 0, 50, 40))
	for i := range one.Pix {
		one.Pix[i] = uint8(i * 7)
	}
	if err := jpeg.Encode(&grey, one, nil); err != nil {
		t.Fatal(err)
	}
	files["colour"], files["grey"] = colour.Bytes(), grey.Bytes()
	for _, name := range []string{"restarts", "progressive", "cmyk"} {
		data, err := os.ReadFile(filepath.Join("../pipeline/decode/testdata", name+".jpg"))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	return files
}

// TestReaderPixels: the two decoders agree within the rounding of their transforms and of chroma.
func TestReaderPixels(t *testing.T) {
	j := runtimeJPEG(t)
	for name, data := range jpegs(t) {
		for orientation := 1; orientation <= 8; orientation++ {
			data := oriented(data, orientation)
			want, err := decode.Decode(data, decode.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			j.pictures = 0
			got, err := decode.Reader{JPEG: j}.Until(t.Context(), data)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if plain := name != "progressive" && name != "cmyk"; (j.pictures == 1) != plain {
				t.Errorf("%s: the runtime decoded %d pictures", name, j.pictures)
			}
			if got.Rect != want.Rect {
				t.Fatalf("%s turned by %d: %v, want %v", name, orientation, got.Rect, want.Rect)
			}
			for i := range want.Pix {
				if d := int(got.Pix[i]) - int(want.Pix[i]); d < -3 || d > 3 {
					t.Fatalf("%s turned by %d: byte %d is %d, Go's decoder says %d", name, orientation, i, got.Pix[i], want.Pix[i])
				}
			}
		}
	}
}

// oriented puts an EXIF orientation into a JPEG file.
func oriented(data []byte, o int) []byte {
	exif := "Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00" + string([]byte{byte(o), 0, 0, 0}) + "\x00\x00\x00\x00"
	segment := "\xff\xe1" + string([]byte{0, byte(len(exif) + 2)}) + exif
	return append(append([]byte("\xff\xd8"), segment...), data[2:]...)
}

// TestReaderReduces: a picture comes out at a part of its size, rounded up, with the colours that it has.
func TestReaderReduces(t *testing.T) {
	j := runtimeJPEG(t)
	img := image.NewNRGBA(image.Rect(0, 0, 203, 150))
	for i := range img.Rect.Dx() * img.Rect.Dy() {
		x, y := i%203, i/203
		img.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(y), 90, 255})
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	for _, ratio := range []int{1, 2, 4, 8} {
		r := decode.Reader{JPEG: j, Reduce: func(width, height int) int { return ratio }}
		got, err := r.Until(t.Context(), file.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if want := image.Rect(0, 0, (203+ratio-1)/ratio, (150+ratio-1)/ratio); got.Rect != want {
			t.Fatalf("at 1/%d: %v, want %v", ratio, got.Rect, want)
		}
		for _, at := range []image.Point{{1, 1}, {20, 15}, {24, 17}} {
			p := got.NRGBAAt(at.X, at.Y)
			middle := (ratio - 1) / 2 // of the pixels that it stands for
			for c, want := range []int{at.X*ratio + middle, at.Y*ratio + middle, 90} {
				if d := int([]uint8{p.R, p.G, p.B}[c]) - want; d < -6 || d > 6 {
					t.Errorf("at 1/%d: pixel %v is %v, channel %d should be %d", ratio, at, p, c, want)
				}
			}
		}
		examined, err := r.Examine(file.Bytes())
		cost := examined.Cost()
		if most := int64(7 * got.Rect.Dx() * got.Rect.Dy()); err != nil || cost != most {
			t.Errorf("at 1/%d: costs %d bytes (%v), want %d", ratio, cost, err, most)
		}
	}
}

// TestReaderRefuses cuts files at every byte, with and without an end marker behind the cut, at all reductions: what Go's
// decoder refuses is refused with the same words, and what it takes is taken. A cut inside the last unit of
// 16×16 pixels that has an end marker behind it is the one thing that is not seen.
func TestReaderRefuses(t *testing.T) {
	j := runtimeJPEG(t)
	for name, data := range jpegs(t) {
		j.pictures = 0
		missed := 0
		for cut := range data {
			for _, file := range [][]byte{data[:cut:cut], append(data[:cut:cut], 0xff, 0xd9)} {
				_, want := decode.Decode(file, decode.Limits{})
				ratio := []int{1, 2, 4, 8}[cut%4]
				_, got := decode.Reader{JPEG: j, Reduce: func(int, int) int { return ratio }}.Until(t.Context(), file)
				if fmt.Sprint(got) == fmt.Sprint(want) {
					continue
				}
				if missed++; len(file) != cut+2 || len(data)-cut > 150 {
					t.Errorf("%s cut at %d of %d to %d bytes: %v, Go's decoder says %v", name, cut, len(data), len(file), got, want)
				}
			}
		}
		if missed > 100 {
			t.Errorf("%s: %d cuts are not seen", name, missed)
		}
	}
}

// TestReaderTorture: the files that decoders are tried with come out as Go's decoder has them.
func TestReaderTorture(t *testing.T) {
	j := runtimeJPEG(t)
	data := os.Getenv("TFPAIR_DATA")
	files, err := filepath.Glob(filepath.Join(data, "torture", "*.*"))
	if err != nil || data == "" || len(files) == 0 {
		t.Skip("TFPAIR_DATA has no folder torture")
	}
	for _, path := range files {
		if strings.HasSuffix(path, ".csv") {
			continue
		}
		root, name := os.DirFS(filepath.Dir(path)), filepath.Base(path)
		want, wantErr := decode.Open(root, name, decode.Limits{})
		got, err := decode.Reader{JPEG: j}.Open(root, name)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) || err == nil && got.Rect != want.Rect {
			t.Errorf("%s: %v, Go's decoder says %v", name, err, wantErr)
		}
	}
}

// oddJPEGs are files that libjpeg decodes, and says on standard error what it makes of them.
func oddJPEGs(t *testing.T) map[string][]byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(1, 70, 50), nil); err != nil {
		t.Fatal(err)
	}
	file := b.Bytes()
	frame, scan := bytes.Index(file, []byte{0xff, 0xc0}), bytes.Index(file, []byte{0xff, 0xda})
	with := func(at int, more ...byte) []byte { return slices.Concat(file[:at], more, file[at:]) }
	spectral := bytes.Clone(file)
	spectral[scan+4+1+2*3+1] = 62 // the last coefficient
	return map[string][]byte{
		"stray bytes before the frame": with(frame, 1, 2, 3),
		"stray zeros before the scan":  with(scan, 0xff, 0, 0xff, 0),
		"zeros before the end":         with(len(file)-2, make([]byte, 7)...),
		"JFIF 2.01":                    with(2, []byte("\xff\xe0\x00\x10JFIF\x00\x02\x01\x00\x00\x01\x00\x01\x00\x00")...),
		"Adobe transform 7":            with(2, []byte("\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x07")...),
		"coefficients 0 to 62":         spectral,
	}
}

// TestReaderIsQuiet: what libjpeg would write about to standard error is decoded by Go's decoder, which reads it without
// a word. The test runs itself in other processes, to see what they write.
func TestReaderIsQuiet(t *testing.T) {
	const variable = "TFPAIR_TEST_ODD_JPEG"
	files, j := oddJPEGs(t), runtimeJPEG(t)
	for name, file := range files {
		switch os.Getenv(variable) {
		case "libjpeg":
			_, _ = j.Decode(file, 1, nil)
		case "reader":
			if _, err := (decode.Reader{JPEG: j}).Until(t.Context(), file); err != nil || j.pictures > 0 {
				t.Errorf("%s: %d pictures by libjpeg (%v), want none and no error", name, j.pictures, err)
			}
		}
	}
	if os.Getenv(variable) != "" {
		return
	}
	said := regexp.MustCompile("(?m)^(Corrupt JPEG data|Invalid SOS parameters|Warning: unknown JFIF|Unknown Adobe color)")
	for way, want := range map[string]int{"libjpeg": len(files), "reader": 0} {
		c := exec.Command(os.Args[0], "-test.run", "^TestReaderIsQuiet$")
		c.Env = append(os.Environ(), variable+"="+way)
		text, err := c.CombinedOutput()
		if got := len(said.FindAll(text, -1)); err != nil || got != want {
			t.Errorf("%s writes of %d files, want %d of %d (%v)\n%s", way, got, want, len(files), err, text)
		}
	}
}

// damagedJPEGs are files whose scan has a wrong byte. libjpeg warns of some, on standard error.
func damagedJPEGs(t *testing.T) [][]byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(1, 70, 50), nil); err != nil {
		t.Fatal(err)
	}
	scan := bytes.Index(b.Bytes(), []byte{0xff, 0xda}) + 14
	var files [][]byte
	for at := scan; at < b.Len()-2; at += 7 {
		file := bytes.Clone(b.Bytes())
		file[at] ^= 0x55
		files = append(files, file)
	}
	return files
}

// TestHushJPEG: what libjpeg says of a scan that is damaged inside does not reach standard error, what the runtime says
// there does, and the pictures are the same. The test runs itself in other processes, to see what they write.
func TestHushJPEG(t *testing.T) {
	const variable = "TFPAIR_TEST_DAMAGED_JPEG"
	if way := os.Getenv(variable); way != "" {
		if way == "hushed" {
			session.HushJPEG()
		}
		j := runtimeJPEG(t)
		for i, file := range damagedJPEGs(t) {
			img, err := (decode.Reader{JPEG: j}).Until(t.Context(), file)
			if err == nil {
				fmt.Printf("picture %d: %x\n", i, sha256.Sum256(img.Pix))
			} else {
				fmt.Printf("picture %d: %v\n", i, err)
			}
		}
		return
	}
	runtimeJPEG(t) // skips where there is none
	said := regexp.MustCompile("(?m)^(Corrupt JPEG data|Premature end of JPEG)")
	read := func(way string) (pictures, errors []byte) {
		c := exec.Command(os.Args[0], "-test.run", "^TestHushJPEG$")
		c.Env = append(os.Environ(), variable+"="+way, "TF_CPP_MIN_LOG_LEVEL=0")
		var stdout, stderr bytes.Buffer
		c.Stdout, c.Stderr = &stdout, &stderr
		if err := c.Run(); err != nil {
			t.Fatalf("%s: %v\n%s%s", way, err, &stdout, &stderr)
		}
		lines := regexp.MustCompile("(?m)^picture .*$").FindAll(stdout.Bytes(), -1)
		return bytes.Join(lines, []byte("\n")), stderr.Bytes()
	}
	want, loud := read("loud")
	got, hushed := read("hushed")
	if !bytes.Equal(got, want) || len(want) == 0 {
		t.Errorf("pictures differ:\n%s\nwant\n%s", got, want)
	}
	if !said.Match(loud) || said.Match(hushed) {
		t.Errorf("libjpeg is heard where it is not hushed: %v, want true; where it is: %v, want false\n%s", said.Match(loud), said.Match(hushed), hushed)
	}
	const runtimeSays = "TensorFlow binary is optimized"
	if !bytes.Contains(loud, []byte(runtimeSays)) || !bytes.Contains(hushed, []byte(runtimeSays)) {
		t.Errorf("standard error has no %q:\n%s\nhushed:\n%s", runtimeSays, loud, hushed)
	}
}

package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/summary_go_proto"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// at is a time that float64 seconds hold exactly.
var at = time.Unix(1_600_000_000, 250_000_000)

// decoded is an event as a reader sees it.
type decoded struct {
	Time    float64
	Step    uint64
	Version string
	Started bool
	Scalars map[string]float32
}

// decode reads a file back: frames and checksums by their definition, fields by number.
func decode(t *testing.T, path string) []decoded {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	unmask := func(masked uint32) uint32 {
		rotated := masked - 0xa282ead8
		return rotated>>17 | rotated<<15
	}
	sum := func(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
	var events []decoded
	for len(data) > 0 {
		n := binary.LittleEndian.Uint64(data)
		body := data[12 : 12+n]
		if unmask(binary.LittleEndian.Uint32(data[8:])) != sum(data[:8]) ||
			unmask(binary.LittleEndian.Uint32(data[12+n:])) != sum(body) {
			t.Fatalf("event %d: a checksum is wrong", len(events))
		}
		events = append(events, fields(t, body))
		data = data[16+n:]
	}
	return events
}

// fields reads the fields of a tensorflow.Event.
func fields(t *testing.T, body []byte) decoded {
	t.Helper()
	var e decoded
	for len(body) > 0 {
		number, kind, n := protowire.ConsumeTag(body)
		body = body[n:]
		var bits uint64
		var bytes []byte
		switch kind {
		case protowire.Fixed64Type:
			bits, n = protowire.ConsumeFixed64(body)
		case protowire.VarintType:
			bits, n = protowire.ConsumeVarint(body)
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(body)
		}
		if n < 0 {
			t.Fatalf("field %d: %v", number, protowire.ParseError(n))
		}
		body = body[n:]
		switch number {
		case 1:
			e.Time = math.Float64frombits(bits)
		case 2:
			e.Step = bits
		case 3:
			e.Version = string(bytes)
		case 5:
			e.Scalars = map[string]float32{}
			var s summary_go_proto.Summary
			if err := proto.Unmarshal(bytes, &s); err != nil {
				t.Fatal(err)
			}
			for _, v := range s.Value {
				e.Scalars[v.Tag] = v.GetSimpleValue()
			}
		case 7:
			e.Started = string(bytes) == "\x08\x01" // field 1, START
		default:
			t.Fatalf("field %d is unexpected", number)
		}
	}
	return e
}

func mustCreate(t *testing.T, folder string, now time.Time, first int) *Writer {
	t.Helper()
	w, err := Create(folder, now, first)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() }) // closed already, where that is tested
	return w
}

func files(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string // in their order
	for _, e := range entries {
		names = append(names, filepath.Join(folder, e.Name()))
	}
	return names
}

func TestWriter(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run", "tensorboard")
	w := mustCreate(t, folder, at, 1)
	for step, values := range map[int]map[string]float64{10: {"train/loss": 0.5, "train/active": 1}} {
		if err := w.Scalars(at.Add(time.Second), step, values); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Scalars(at.Add(2*time.Second), 20, map[string]float64{"val/auc": 0.75}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := []decoded{
		{Time: 1_600_000_000.25, Version: "brain.Event:2"},
		{Time: 1_600_000_000.25, Step: 1, Started: true},
		{Time: 1_600_000_001.25, Step: 10, Scalars: map[string]float32{"train/loss": 0.5, "train/active": 1}},
		{Time: 1_600_000_002.25, Step: 20, Scalars: map[string]float32{"val/auc": 0.75}},
	}
	names := files(t, folder)
	if len(names) != 1 || filepath.Base(names[0]) != "events.out.tfevents.1600000000.0000.tfpair" {
		t.Fatalf("files %q", names)
	}
	if diff := cmp.Diff(want, decode(t, names[0])); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if err := w.Scalars(at, 30, map[string]float64{"val/auc": 1}); err == nil {
		t.Error("a closed file takes events")
	}
}

// TestFilesInOrder: each file comes after those before it, also within one second and
// where the clock was set back; the folder's name is no pattern.
func TestFilesInOrder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run[*")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "events.out.tfevents.of.others"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for i, now := range []time.Time{at, at, at.Add(-time.Hour), at.Add(time.Minute)} {
		w := mustCreate(t, folder, now, 100*i+1)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var steps []uint64
	for _, name := range files(t, folder)[:4] {
		steps = append(steps, decode(t, name)[1].Step)
	}
	if diff := cmp.Diff([]uint64{1, 101, 201, 301}, steps); diff != "" {
		t.Errorf("first steps in the order of file names (-want +got):\n%s", diff)
	}
}

func TestCreateRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(filepath.Join(file, "below"), at, 1); err == nil {
		t.Error("a folder below a file was made")
	}
}

// TestMasked: RFC 3720, appendix B.4, gives CRC-32C 0x8a9136aa of 32 zeros, of which
// TFRecord keeps the 15 bits turned plus 0xa282ead8.
func TestMasked(t *testing.T) {
	const sum = 0x8a9136aa
	var want uint32 = sum>>15 | sum<<17&0xffffffff
	if got := masked(make([]byte, 32)); got != want+0xa282ead8 {
		t.Errorf("masked of 32 zeros = %#x, want %#x", got, want+0xa282ead8)
	}
}

// TestImages: a picture is there as it was encoded, by the numbers of summary.proto.
func TestImages(t *testing.T) {
	folder := t.TempDir()
	w := mustCreate(t, folder, at, 0)
	want := Image{Name: "hardest/false accepts", Width: 3, Height: 2, Encoded: []byte("\x89PNG")}
	if err := w.Images(at, 7, []Image{want}); err != nil {
		t.Fatal(err)
	}
	b, err := event{time: at, step: 7, images: []Image{want}}.encode()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(w.file.Name())
	if err != nil || !strings.HasSuffix(string(text), string(record(b))) {
		t.Errorf("the file ends otherwise (%v)", err)
	}
	var s summary_go_proto.Summary
	for len(b) > 0 {
		number, _, n := protowire.ConsumeTag(b)
		size := protowire.ConsumeFieldValue(number, map[protowire.Number]protowire.Type{1: protowire.Fixed64Type, 2: protowire.VarintType, 5: protowire.BytesType}[number], b[n:])
		if number == 5 {
			value, _ := protowire.ConsumeBytes(b[n:])
			if err := proto.Unmarshal(value, &s); err != nil {
				t.Fatal(err)
			}
		}
		b = b[n+size:]
	}
	if len(s.Value) != 1 {
		t.Fatalf("%d values", len(s.Value))
	}
	got := s.Value[0].GetImage()
	if s.Value[0].Tag != want.Name || got.GetWidth() != 3 || got.GetHeight() != 2 || got.GetColorspace() != 3 || string(got.GetEncodedImageString()) != "\x89PNG" {
		t.Errorf("%+v", s.Value[0])
	}
}

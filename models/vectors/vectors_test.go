package vectors

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sbinet/npyio"

	"github.com/tfpair/tfpair/internal/named"
)

// some returns vectors whose numbers and paths are hard to write.
func some() *Vectors {
	return &Vectors{Space: "0123456789abcdef0123456789abcdef", Dim: 3,
		Paths: []string{"a/1.png", "with, comma and \"quote\".jpg", "ünïcode <&>.png", "a/1 2.png"},
		Data: []float32{0, -1, 0.1, math.MaxFloat32, math.SmallestNonzeroFloat32, 1e-20,
			1.0 / 3, 16777217, -0.25, float32(math.Copysign(0, -1)), math.Pi, 1e10}}
}

func write(t testing.TB, path string, v *Vectors) {
	t.Helper()
	writeTo(t, path, v, false)
}

func writeTo(t testing.TB, path string, v *Vectors, overwrite bool) {
	t.Helper()
	f, err := Create(path, overwrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Write(v), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// names returns what lies in a folder.
func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// TestRoundTrip is the suite of Table: what is written is read again bit for bit, and
// equal vectors give equal bytes.
func TestRoundTrip(t *testing.T) {
	for _, name := range Table.Names() {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path, again := filepath.Join(folder, "v."+strings.ToUpper(name)), filepath.Join(folder, "w."+name)
			write(t, path, some())
			write(t, again, some())
			got, err := Read(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(some(), got); diff != "" {
				t.Errorf("read what was not written (-want +got):\n%s", diff)
			}
			for i, x := range some().Data {
				if math.Float32bits(x) != math.Float32bits(got.Data[i]) {
					t.Errorf("number %d: %x, want %x", i, math.Float32bits(got.Data[i]), math.Float32bits(x))
				}
			}
			a, errA := os.ReadFile(path)
			b, errB := os.ReadFile(again)
			if errA != nil || errB != nil || !bytes.Equal(a, b) {
				t.Errorf("equal vectors give other bytes (%v, %v)", errA, errB)
			}
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm()&0o444 != 0o444 {
				t.Errorf("mode %v, %v; want one that others can read", info.Mode(), err)
			}
		})
	}
}

// TestWholeOrNothing: of a file that is not written nothing is left, and one that is
// there stays as it is.
func TestWholeOrNothing(t *testing.T) {
	for _, name := range Table.Names() {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "v."+name)
			f, err := Create(path, false)
			if err != nil {
				t.Fatal(err)
			}
			bad := some()
			bad.Data[4] = float32(math.NaN())
			err = f.Write(bad)
			if err == nil || !strings.Contains(err.Error(), `the embedding of "with, comma`) {
				t.Errorf("Write of NaN = %v, want an error that names the image", err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if left := names(t, folder); left != nil {
				t.Errorf("%v is left, want nothing", left)
			}

			if f, err = Create(path, false); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
				t.Fatal(err)
			}
			var exists *ExistsError
			if err := errors.Join(f.Write(some()), f.Close()); !errors.As(err, &exists) {
				t.Errorf("Write over a file = %v, want an ExistsError", err)
			}
			if _, err := Create(path, false); !errors.As(err, &exists) {
				t.Errorf("Create = %v, want an ExistsError", err)
			}
			text, err := os.ReadFile(path)
			if err != nil || string(text) != "mine" || len(names(t, folder)) != 1 {
				t.Errorf("the file holds %q, %v, among %v; want it as it was", text, err, names(t, folder))
			}
		})
	}
}

// TestOverwrite: a file that is there stays as it is until new vectors are whole, and then
// gives way.
func TestOverwrite(t *testing.T) {
	for _, name := range Table.Names() {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "v."+name)
			if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
			bad := some()
			bad.Data[4] = float32(math.NaN())
			for _, v := range []*Vectors{bad, some()} {
				f, err := Create(path, true)
				if err != nil {
					t.Fatal(err)
				}
				err = errors.Join(f.Write(v), f.Close())
				if v == bad {
					if text, readErr := os.ReadFile(path); err == nil || readErr != nil || string(text) != "old" {
						t.Errorf("after a Write that fails (%v) the file holds %q, %v", err, text, readErr)
					}
				} else if err != nil {
					t.Errorf("Write over a file = %v", err)
				}
			}
			if got, err := Read(path); err != nil || !slices.Equal(got.Data, some().Data) {
				t.Errorf("Read of what was written over a file = %v, %v", got, err)
			}
		})
	}
}

// TestPairBetween: between the two renames that replace a pair, the vectors are the old ones or the new ones, what
// is beside the numbers is no list of paths for others, and the same work can be done again.
func TestPairBetween(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.npy")
	write(t, path, some())
	oldNumbers, oldAbout := readText(t, path), readText(t, path+".json")
	other := some()
	other.Space, other.Data[0] = "another", other.Data[0]+1
	writeTo(t, path, other, true)
	newNumbers, newAbout := readText(t, path), readText(t, path+".json")
	aboutNew := filepath.Join(t.TempDir(), "about")
	put := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(aboutNew, newAbout)
	either, err := eitherOf([]byte(oldAbout), aboutNew)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(either[:12]), "paths") || !strings.HasPrefix(string(either), `{"either":[`) {
		t.Errorf("what others read begins with %.60s", either)
	}
	for numbers, want := range map[string]*Vectors{oldNumbers: some(), newNumbers: other} {
		put(path, numbers)
		put(path+".json", string(either))
		if got, err := Read(path); err != nil || !cmp.Equal(want, got) {
			t.Errorf("read %+v, %v, want %+v", got, err, want)
		}
		writeTo(t, path, other, true)
		if got := readText(t, path+".json"); got != newAbout {
			t.Errorf("written again, beside the numbers is\n%s", got)
		}
	}
}

// TestPairComesBack: where the second of two files cannot get its name, both are what they were.
func TestPairComesBack(t *testing.T) {
	for _, overwrite := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "v.npy")
		if overwrite {
			write(t, path, some())
		}
		f, err := Create(path, overwrite)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(f.pending[1].Name()); err != nil { // its rename fails
			t.Fatal(err)
		}
		other := some()
		other.Space = "another"
		if err := f.Write(other); err == nil {
			t.Error("Write of what cannot get its name is no error")
		}
		_ = f.Close() // what it would remove is gone
		got, err := Read(path)
		if overwrite && (err != nil || !cmp.Equal(some(), got)) {
			t.Errorf("after a Write that failed: %+v, %v, want what was there before", got, err)
		}
		if left := names(t, filepath.Dir(path)); !overwrite && len(left) > 0 {
			t.Errorf("a Write that failed left %v", left)
		}
	}
}

func TestCreateErrors(t *testing.T) {
	var unknown *named.UnknownError
	if _, err := Create("v.parquet", false); !errors.As(err, &unknown) ||
		err.Error() != `unknown vector format "parquet" (known: csv, jsonl, npy)` {
		t.Errorf("Create = %v, want that the format is unknown", err)
	}
	if _, err := Create(filepath.Join(t.TempDir(), "absent", "v.npy"), false); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Create = %v, want that the folder does not exist", err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "v.npy.json"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var exists *ExistsError
	if _, err := Create(filepath.Join(folder, "v.npy"), false); !errors.As(err, &exists) ||
		!slices.Equal(names(t, folder), []string{"v.npy.json"}) {
		t.Errorf("Create beside a file of paths = %v, with %v; want an ExistsError", err, names(t, folder))
	}
}

// TestCut: a file that was cut in the middle of a number, and the same one whole, also with the
// line ends of another system.
func TestCut(t *testing.T) {
	if _, err := Read("testdata/cut.csv"); err == nil || !strings.Contains(err.Error(), "line 2 does not end with a line feed") {
		t.Errorf("Read of a cut file = %v", err)
	}
	want, err := Read("testdata/whole.csv")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "crlf.csv")
	text := strings.ReplaceAll(readText(t, "testdata/whole.csv"), "\n", "\r\n")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path); err != nil || !slices.Equal(got.Data, want.Data) {
		t.Errorf("Read with CR LF = %v, %v", got, err)
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReadErrors: files that are no vectors, each with a message of its own.
func TestReadErrors(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "good.npy"), some())
	good, err := os.ReadFile(filepath.Join(folder, "good.npy"))
	if err != nil {
		t.Fatal(err)
	}
	replaced := func(from, to string) string { return strings.Replace(string(good), from, to, 1) }
	for _, c := range []struct{ name, text, want string }{
		{"v.csv", "", "want the columns path, embedding_space, e0"},
		{"v.csv", "left,right,same\n", "want the columns path, embedding_space, e0"},
		{"v.csv", "path,embedding_space,e0\na,s,x\n", `line 2, column e0: "x" is not a number`},
		{"v.csv", "path,embedding_space,e0\na,s,1\nb,t,1\n", `line 3: embedding space "t", want "s" as before`},
		{"v.csv", "path,embedding_space,e0\na,s,NaN\n", `the embedding of "a" is not finite`},
		{"v.csv", "path,embedding_space,e0\na,s\n", "wrong number of fields"},
		{"v.csv", "path,embedding_space,e0\n", "embeddings of length 0"},
		{"v.csv", "path,embedding_space,e0\na,s,1\nb,s,2", "line 3 does not end with a line feed: the file was cut there"},
		{"v.jsonl", "{", "line 1: unexpected end of JSON input"},
		{"v.jsonl", `{"path":"a","embedding":[1]}`, "no embedding space is named"},
		{"v.jsonl", `{"path":"a","embedding_space":"s","embedding":[1]}` + "\n" +
			`{"path":"b","embedding_space":"s","embedding":[1,2]}`, "line 2: 2 numbers, want 1 as before"},
		{"v.jsonl", strings.Repeat("x", maxLine+1), "token too long"},
		{"v.npy", "PK", "it is no NumPy array"},
		{"v.npy", replaced("\x01\x00", "\x03\x00"), "NumPy format version 3, want 1 or 2"},
		{"v.npy", replaced("\x01\x00", "\x02\x00"), "header of "},
		{"v.npy", replaced("<f4", "<f8"), "want a '<f4' array in C order of shape (N, D)"},
		{"v.npy", replaced("(4, 3)", "(9, 9)"), "48 bytes of numbers for shape (9, 9)"},
		{"v.npy", replaced("(4, 3), }", "(99999999999, 3), }")[:len(good)], "48 bytes of numbers for shape"},
		{"v.npy", string(good[:len(good)-4]), "44 bytes of numbers for shape (4, 3)"},
		{"v.npy", string(good), `v.npy.json", which says of which embedding space they are, is missing`},
	} {
		path := filepath.Join(folder, c.name)
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path)
		var of *Error
		if !errors.As(err, &of) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %.40q: error %v, want %s", c.name, c.text, err, c.want)
		}
	}
	about := filepath.Join(folder, "v.npy.json")
	if err := os.WriteFile(about, []byte(`{"embedding_space":"s","count":5,"dim":3}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(filepath.Join(folder, "v.npy")); err == nil ||
		!strings.Contains(err.Error(), "is of 5 vectors of length 3, and beside it are others") {
		t.Errorf("Read beside paths of others = %v", err)
	}
	for name, text := range map[string]string{"v.npy": string(good),
		"v.npy.json": strings.Replace(readText(t, filepath.Join(folder, "good.npy.json")), `"bytes":176`, `"bytes":180`, 1)} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Read(filepath.Join(folder, "v.npy")); err == nil ||
		!strings.Contains(err.Error(), "is of a file of 180 bytes, and beside it is one of 176") {
		t.Errorf("Read beside what is of a file of another size = %v", err)
	}
	if _, err := Read(filepath.Join(folder, "absent.csv")); err == nil ||
		!strings.HasSuffix(err.Error(), `absent.csv": no such file or directory`) {
		t.Errorf("Read of nothing = %v", err)
	}
}

// TestNumPy: another implementation reads what npy writes, and npy what that writes.
func TestNumPy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.npy")
	write(t, path, some())
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := npyio.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := r.Header.Descr; d.Type != "<f4" || d.Fortran || !slices.Equal(d.Shape, []int{4, 3}) {
		t.Errorf("header %+v, want <f4 in C order of shape [4 3]", d)
	}
	var data []float32
	if err := r.Read(&data); err != nil || !slices.Equal(data, some().Data) {
		t.Errorf("numbers %v, %v; want %v", data, err, some().Data)
	}
	var b bytes.Buffer
	if err := npyio.Write(&b, [2][3]float32{{1, 2, 3}, {4, 5, 6}}); err != nil {
		t.Fatal(err)
	}
	v, err := readNpy(&b, int64(b.Len()))
	if err != nil || v.Dim != 3 || !slices.Equal(v.Data, []float32{1, 2, 3, 4, 5, 6}) {
		t.Errorf("readNpy = %+v, %v; want 1 to 6 in rows of 3", v, err)
	}
}

// TestDamage: whichever bit of a file is flipped and wherever it is cut, Read refuses it, or
// what it reads is what was written. CSV has no checksum, and other readers would trip over one.
func TestDamage(t *testing.T) {
	for _, name := range []string{"npy", "jsonl"} {
		path := filepath.Join(t.TempDir(), "v."+name)
		write(t, path, somewhere(name))
		damage(t, path, somewhere(name))
	}
}

// TestDamageEarlier is TestDamage of files whose checksum does not cover the distance.
func TestDamageEarlier(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.npy")
	for _, end := range []string{"", aboutExtension} {
		if err := os.WriteFile(path+end, []byte(readText(t, "testdata/earlier.npy"+end)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	damage(t, path, somewhere("npy"))
}

// somewhere returns some vectors with all that a format keeps.
func somewhere(format string) *Vectors {
	v := some()
	if format == "npy" {
		v.Distance = "cosine"
	}
	return v
}

// damage flips two bits of each byte and makes each cut of the file at path and of what is beside it, which hold v.
func damage(t *testing.T, path string, v *Vectors) {
	t.Helper()
	for _, file := range names(t, filepath.Dir(path)) {
		file = filepath.Join(filepath.Dir(path), file)
		whole := []byte(readText(t, file))
		try := func(what string, damaged []byte) {
			if err := os.WriteFile(file, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := Read(path); err == nil && !cmp.Equal(v, got) {
				t.Errorf("%s of %s is read as %+v", what, filepath.Base(file), got)
			}
		}
		for at := range whole {
			for bit := at % 4; bit < 8; bit += 4 { // all eight take a quarter of a minute
				flipped := bytes.Clone(whole)
				flipped[at] ^= 1 << bit
				try(fmt.Sprintf("a flip of bit %d of byte %d", bit, at), flipped)
			}
			try(fmt.Sprintf("a cut behind %d bytes", at), whole[:at])
		}
		if err := os.WriteFile(file, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path); err != nil || !cmp.Equal(v, got) {
			t.Errorf("whole, it is read as %+v, %v", got, err)
		}
	}
}

// TestDistanceBeside: a distance that a program has made itself is read where the checksum covers it, and no other
// unknown name is read.
func TestDistanceBeside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.npy")
	own := some()
	own.Distance = "mine"
	write(t, path, own)
	if got, err := Read(path); err != nil || !cmp.Equal(own, got) {
		t.Errorf("read %+v, %v; want %+v", got, err, own)
	}
	for what, text := range map[string]string{
		"another name than was written":   strings.Replace(readText(t, path+".json"), `"mine"`, `"cosine"`, 1),
		"no name where one was written":   strings.Replace(readText(t, path+".json"), `"distance":"mine",`, "", 1),
		"an unknown name, earlier":        strings.Replace(readText(t, "testdata/earlier.npy.json"), `"cosine"`, `"cosinf"`, 1),
		"an unknown name, of other tools": `{"embedding_space":"s","distance":"near","count":4,"dim":3,"paths":["a","b","c","d"],"bytes":176}`,
	} {
		if err := os.WriteFile(path+".json", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path); err == nil {
			t.Errorf("%s: read %+v", what, got)
		}
	}
}

// TestEarlier: files without checksums, of earlier versions and of other programs, are read, and an .npy of commit 4ed96e9,
// whose checksum does not cover the distance.
func TestEarlier(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.jsonl")
	text := `{"path":"a.png","embedding_space":"s","embedding":[1,2]}` + "\n" +
		`{"path":"b.png","embedding_space":"s","embedding":[3,4],"mine":true}` + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want := &Vectors{Space: "s", Dim: 2, Paths: []string{"a.png", "b.png"}, Data: []float32{1, 2, 3, 4}}
	if got, err := Read(path); err != nil || !cmp.Equal(want, got) {
		t.Errorf("read %+v, %v; want %+v", got, err, want)
	}
	if got, err := Read("testdata/earlier.npy"); err != nil || !cmp.Equal(somewhere("npy"), got) {
		t.Errorf("read %+v, %v; want %+v", got, err, somewhere("npy"))
	}
}

// TestOrphan: what a kill between two renames left gives way to the same command; what is
// not of ours does not.
func TestOrphan(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.npy")
	write(t, path, some())
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, path, some())
	if got, err := Read(path); err != nil || !cmp.Equal(some(), got) {
		t.Errorf("read %+v, %v", got, err)
	}
	other := filepath.Join(t.TempDir(), "v.npy")
	if err := os.WriteFile(other+".json", []byte(`{"mine": 1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var exists *ExistsError
	if _, err := Create(other, false); !errors.As(err, &exists) {
		t.Errorf("got %v, want an ExistsError", err)
	}
}

// FuzzRead: no file of vectors panics, and what is read can be written and is read again.
func FuzzRead(f *testing.F) {
	folder := f.TempDir()
	at := func(name, format string) string { return filepath.Join(folder, name+"."+format) }
	formats := Table.Names()
	for i, format := range formats {
		write(f, at("seed", format), some())
		data, err := os.ReadFile(at("seed", format))
		if err != nil {
			f.Fatal(err)
		}
		beside, err := os.ReadFile(at("seed", format) + aboutExtension) // of npy
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			f.Fatal(err)
		}
		f.Add(uint8(i), data, beside)
	}
	f.Fuzz(func(t *testing.T, i uint8, data, beside []byte) {
		format := formats[int(i)%len(formats)]
		path := at("v", format)
		if err := errors.Join(os.WriteFile(path, data, 0o600), os.WriteFile(path+aboutExtension, beside, 0o600)); err != nil {
			t.Fatal(err)
		}
		v, err := Read(path)
		if err != nil {
			return
		}
		writeTo(t, at("again", format), v, true)
		again, err := Read(at("again", format))
		if diff := cmp.Diff(v, again, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Fatalf("read again: %v (-first +again):\n%s", err, diff)
		}
	})
}

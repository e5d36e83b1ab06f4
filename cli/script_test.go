package cli

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"html"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/sample"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tfpair": func() { os.Exit(Main()) }})
}

// TestScripts runs the sessions in testdata/script: what a person types, what
// comes out, and with which exit code.
func TestScripts(t *testing.T) {
	runtime, err := libtensorflow.Find(os.Getenv, libtensorflow.Auto)
	if err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	testscript.Run(t, testscript.Params{
		Dir:       "testdata/script",
		Condition: condition,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TFPAIR_RUNTIME", runtime)
			env.Setenv("TMPDIR", env.Getenv("WORK"))
			env.Setenv("TFPAIR_PIXEL_CACHE", "0") // scripts read their pictures themselves
			formats, err := filepath.Abs("../pipeline/decode")
			if err != nil {
				return err
			}
			env.Setenv("FORMATS", formats)
			released, err := filepath.Abs("../testdata/formats/f76e329")
			if err != nil {
				return err
			}
			env.Setenv("RELEASED", released)
			env.Setenv("LITE0", fetchedLite0())
			// The settings of a network that trains in a moment.
			env.Setenv("TINY", "backbone={smallconv: {filters: [4, 4], dense: 8}}")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit":     exitCommand,
			"signal":   signalCommand,
			"pictures": picturesCommand,
			"flip":     flipCommand,
			"longline": longlineCommand,
			"evilzip":  evilzipCommand,
			"zipped":   zippedCommand,
			"next":     nextCommand,
			"hinted":   hintedCommand,
			"advised":  advisedCommand,
			"waitfor":  waitforCommand,
			"disk":     diskCommand,
			"png":      pngCommand,
			"served":   servedCommand,
			"weights":  weightsCommand,
		},
	})
}

func code(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

// exit CODE COMMAND…: the command ends with this code.
func exitCommand(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	if got := code(err); got != want {
		ts.Fatalf("exit code %d, want %d (%v)", got, want, err)
	}
}

// next: the command that the last one printed after "next:" runs in a shell, and ends well.
func nextCommand(ts *testscript.TestScript, _ bool, _ []string) {
	line := regexp.MustCompile(`(?m)^next: (.*)$`).FindStringSubmatch(ts.ReadFile("stderr"))
	if line == nil {
		ts.Fatalf("no next command was printed")
	}
	ts.Logf("next: %s", line[1])
	ts.Check(ts.Exec("bash", "-c", line[1]))
}

// hinted: the command that the last one gave as a hint runs in a shell, and ends well.
func hintedCommand(ts *testscript.TestScript, _ bool, _ []string) {
	line := regexp.MustCompile(`(?m)^tfpair: hint: (?:.*: )?(tfpair .*)$`).FindStringSubmatch(ts.ReadFile("stderr"))
	if line == nil {
		ts.Fatalf("no command was given as a hint")
	}
	ts.Logf("hint: %s", line[1])
	ts.Check(ts.Exec("bash", "-c", line[1]))
}

// advised FILE COMMAND: the first one of this command that a page's advice has runs in a shell, and ends well.
func advisedCommand(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile(`<code>(tfpair ` + args[1] + ` .*?)</code>`).FindStringSubmatch(ts.ReadFile(args[0]))
	if found == nil {
		ts.Fatalf("%s has no command tfpair %s", args[0], args[1])
	}
	line := html.UnescapeString(found[1])
	ts.Logf("advised: %s", line)
	ts.Check(ts.Exec("bash", "-c", line))
}

// signal CODE SIGNALS FILE TEXT COMMAND…: the command, sent the signals, such as
// INT,INT, once FILE holds TEXT, ends with this code. Its stderr is written to the
// file "stderr.txt".
func signalCommand(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	path, err := exec.LookPath(args[4])
	ts.Check(err)
	c := exec.Command(path, args[5:]...)
	c.Dir, c.Env = ts.Getenv("WORK"), append(os.Environ(), "TFPAIR_RUNTIME="+ts.Getenv("TFPAIR_RUNTIME"))
	var stderr bytes.Buffer
	c.Stderr = &stderr
	ts.Check(c.Start())
	if !await(ts.MkAbs(args[2]), args[3]) {
		_ = c.Process.Kill() // the test has failed
		ts.Fatalf("%s does not come to hold %q: %v\n%s", args[2], args[3], c.Wait(), stderr.String())
	}
	for i, name := range strings.Split(args[1], ",") {
		if i > 0 {
			time.Sleep(300 * time.Millisecond) // two of a kind that arrive together count as one
		}
		ts.Check(c.Process.Signal(map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM}[name]))
	}
	err = c.Wait()
	if got := code(err); got != want {
		ts.Fatalf("exit code %d, want %d (%v)\n%s", got, want, err, stderr.String())
	}
	ts.Check(os.WriteFile(ts.MkAbs("stderr.txt"), stderr.Bytes(), 0o644))
}

// await waits until a file holds text, half a minute at most.
func await(path, text string) bool {
	for range 600 {
		data, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(data), text) {
			return true
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}

// waitfor FILE TEXT.
func waitforCommand(ts *testscript.TestScript, _ bool, args []string) {
	if !await(ts.MkAbs(args[0]), args[1]) {
		ts.Fatalf("%s does not come to hold %q", args[0], args[1])
	}
}

// disk DIR SIZE: an empty disk of that size, such as 100k, until the script ends.
func diskCommand(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(ts.Exec("mount", "-t", "tmpfs", "-o", "size="+args[1], "tfpair-test", dir))
	ts.Defer(func() { ts.Check(ts.Exec("umount", dir)) })
}

// condition knows [mount]: this user may mount a disk.
func condition(name string) (bool, error) {
	if name == "hdf5" {
		return readsHDF5()
	}
	if name == "lite0" {
		_, err := os.Stat(fetchedLite0())
		return err == nil, nil
	}
	if name != "mount" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	dir, err := os.MkdirTemp("", "tfpair-mount-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	if exec.Command("mount", "-t", "tmpfs", "-o", "size=4k", "tfpair-test", dir).Run() != nil {
		return false, nil
	}
	return true, exec.Command("umount", dir).Run()
}

// pictures DIR [CLASSES EACH]: pictures that the project draws, without splits.
func picturesCommand(ts *testscript.TestScript, _ bool, args []string) {
	o := sample.Options{Classes: 3, Train: 8, Test: 4, Size: 24}
	if len(args) > 1 {
		var err error
		o.Classes, err = strconv.Atoi(args[1])
		ts.Check(err)
		o.Train, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	ts.Check(sample.Write(ts.MkAbs(args[0]), o))
}

// png FILE SIDE [DECLARED]: a grey square, or one whose header declares another side.
func pngCommand(ts *testscript.TestScript, _ bool, args []string) {
	side, err := strconv.Atoi(args[1])
	ts.Check(err)
	var b bytes.Buffer
	ts.Check(png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))))
	data := b.Bytes()
	if len(args) > 2 {
		declared, err := strconv.ParseUint(args[2], 10, 32)
		ts.Check(err)
		// After the signature [8] and the length [4] comes IHDR: name [4], width [4],
		// height [4], five bytes more, and the checksum of all that.
		binary.BigEndian.PutUint32(data[16:], uint32(declared))
		binary.BigEndian.PutUint32(data[20:], uint32(declared))
		binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o644))
}

// flip FILE: one bit in the middle of it.
func flipCommand(ts *testscript.TestScript, _ bool, args []string) {
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	data[len(data)/2] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o644))
}

// longline FILE: a header, then a line of 100 MB.
func longlineCommand(ts *testscript.TestScript, _ bool, args []string) {
	text := append([]byte("left,right,same\n"), bytes.Repeat([]byte("a"), 100<<20)...)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o644))
}

// zipped FILE FOLDER: an archive of what is in the folder.
func zippedCommand(ts *testscript.TestScript, _ bool, args []string) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	ts.Check(z.AddFS(os.DirFS(ts.MkAbs(args[1]))))
	ts.Check(z.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o644))
}

// evilzip FILE: an archive with a name that leads out of it.
func evilzipCommand(ts *testscript.TestScript, _ bool, args []string) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"a/1.png", "../../etc/passwd.png"} {
		_, err := z.Create(name)
		ts.Check(err)
	}
	ts.Check(z.Close())
	ts.Check(os.WriteFile(filepath.Clean(ts.MkAbs(args[0])), b.Bytes(), 0o644))
}

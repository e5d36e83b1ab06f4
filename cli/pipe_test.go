package cli

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// pathPlaceholders are what help calls the value of a flag that is a path.
var pathPlaceholders = []string{"FILE", "FOLDER", "PATH", "LIST", "WHERE", "KEY"}

// takesPath reports whether the value of a flag may be a path. Weights have a name or are a file.
func takesPath(f cli.Flag) bool {
	return slices.Contains(pathPlaceholders, placeholder(f.(cli.DocGenerationFlag))) || f.Names()[0] == "weights"
}

// pipes are named pipes, as various flags want the names of files.
var pipes = []string{"pipe", "pipe.csv", "pipe.png", "pipe.html", "pipe.safetensors"}

// TestPipes: a named pipe behind any flag that takes a path is refused, and never opened: to
// open it would wait for a writer that does not come. The pipe is as it was.
func TestPipes(t *testing.T) {
	right := pipeCommands(t)
	for _, p := range pages(rootPage(newApp(silent))) {
		name := strings.TrimPrefix(p.name, "tfpair ")
		for _, f := range p.command.Flags {
			if !takesPath(f) {
				continue
			}
			args, known := right[name]
			if !known {
				t.Errorf("no command line of %q is known", name)
				break
			}
			flag := f.Names()[0]
			t.Run(name+" "+flag, func(t *testing.T) {
				refusePipe(t, slices.Concat(strings.Fields(name), pipeArguments(flag, args)))
			})
		}
	}
}

// pipeCommands makes, in the current folder, pipes and what commands want, and returns a
// command line of each command that takes a path, right but for what is not there.
func pipeCommands(t *testing.T) map[string][]string {
	runtime, err := libtensorflow.Find(os.Getenv, libtensorflow.Auto)
	if err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	run := trainedtest.Run(t, nil)
	t.Chdir(t.TempDir())
	t.Setenv("TFPAIR_RUNTIME", runtime)
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // where no weights are yet
	if err := sample.Write("pictures", sample.Options{Train: 4, Test: 2}); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{
		"space.yaml": "optimizer.adam.lr: [0.1]\n",
		"photos.csv": "image,label_image\n000.png,001.png\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range pipes {
		if err := syscall.Mkfifo(name, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data, model := []string{"--data", "pictures"}, []string{"--model", "model"}
	right := map[string][]string{
		"train":           slices.Concat(data, []string{"--out", "new"}),
		"evaluate":        slices.Concat(data, model),
		"report":          slices.Concat(data, []string{"--run", "model", "--out", "new.html"}),
		"tune":            slices.Concat(data, []string{"--space", "space.yaml", "--trials", "1", "--out", "new"}),
		"export":          {"--run", run, "--out", "model"},
		"calibrate":       slices.Concat(data, model, []string{"--split", "test", "--out", "new"}),
		"augment":         slices.Concat(data, []string{"--out", "new.png"}),
		"embed":           slices.Concat(data, model, []string{"--out", "new.csv"}),
		"compare":         slices.Concat(model, []string{"--left", onePicture, "--right", onePicture}),
		"index build":     slices.Concat(data, model, []string{"--out", "index"}),
		"index add":       slices.Concat(data, model, []string{"--index", "index"}),
		"index update":    slices.Concat(data, model, []string{"--index", "index"}),
		"index remove":    {"--index", "index", "--id", "000.png"},
		"index migrate":   slices.Concat(data, model, []string{"--index", "index", "--out", "new"}),
		"index compact":   {"--index", "index"},
		"index push":      {"--index", "index", "--to", "postgres://127.0.0.1:1/none"},
		"index threshold": slices.Concat(model, []string{"--index", "postgres://127.0.0.1:1/none"}),
		"index verify":    {"--index", "index"},
		"search":          slices.Concat(model, []string{"--image", onePicture, "--index", "index", "--sheet", "new.png"}),
		"serve":           slices.Concat(model, []string{"--listen", "127.0.0.1:0", "--admin", "off"}),
		"label":           slices.Concat(data, model, []string{"--out", "new.csv"}),
		"check":           data,
		"duplicates":      {"--move-to", "new", "--apply", "pictures"},
		"seen":            {onePicture},
		"demo":            {},
		"describe":        data,
		"model verify":    model,
		"model sign":      slices.Concat(model, []string{"--key", "none.pem"}),
		"weights inspect": {},
		"weights convert": {"--from", "none.pth", "--out", "new.safetensors"},
		"runtime install": {},
		"manual":          {},
	}
	for _, name := range pretrained.Names() {
		right["weights fetch "+name] = []string{"--from", "none.whl"}
	}
	for _, name := range []string{"export", "index build"} {
		var said strings.Builder
		args := slices.Concat([]string{"tfpair"}, strings.Fields(name), right[name])
		if code := Run(t.Context(), args, IO{Out: io.Discard, Err: &said, Getenv: os.Getenv}); code != exitDone {
			t.Fatalf("%s = %d:\n%s", strings.Join(args, " "), code, said.String())
		}
	}
	right["index build"] = slices.Concat(data, model, []string{"--out", "new"})
	t.Setenv("TFPAIR_RUNTIME", t.TempDir()) // TensorFlow is loaded by now; here none is installed
	return right
}

// onePicture is one of the pictures of the tests of pipes.
const onePicture = "pictures/test/house/000.png"

// pipeArguments returns args with a pipe behind a flag, and what else the flag asks for.
func pipeArguments(flag string, args []string) []string {
	change, list := []string{}, "photos.csv"
	rest, file := []string{}, "pipe"
	for i := 0; i < len(args); i++ {
		word := args[i]
		switch {
		case word == "--"+flag: // the pipe takes its value's place
			i++
			if flag == "out" {
				file += filepath.Ext(args[i])
			}
		case flag == "weights" && word == "--run": // export takes either
			i++
		case flag == "images" && (word == "--data" || word == "--image"), (flag == "val" || flag == "test") && word == "--data":
			i++
			change = append(change, word, list)
		case flag == "images" && word == onePicture:
			rest = append(rest, list)
		default:
			rest = append(rest, word)
		}
	}
	switch flag {
	case "sheet":
		file = "pipe.png"
	case "report":
		file = "pipe.html"
	}
	exports := slices.Contains(rest, "--run") && !slices.Contains(rest, "new.html") // else it is report
	switch {
	case (flag == "val" || flag == "test") && exports:
		change = append(change, "--precision", "int8", "--data", list)
	case flag == "val" || flag == "test":
		change = append(change, "--images", "pictures/train/house")
	case flag == "data" && exports:
		change = append(change, "--precision", "int8")
	case flag == "images" && exports:
		change = append(change, "--gallery", list)
	case flag == "index-tokens":
		change = append(change, "--index", "index")
	case flag == "index" && slices.Contains(rest, "new.csv"): // of embed
		change = append(change, "--classify")
	}
	return slices.Concat([]string{"--" + flag, file}, change, rest)
}

// refusePipe runs a command that names a pipe in its second word after the command.
func refusePipe(t *testing.T, args []string) {
	line := strings.Join(args, " ")
	at := slices.IndexFunc(args, func(word string) bool { return slices.Contains(pipes, word) })
	if at < 0 {
		t.Fatalf("tfpair %s names no pipe", line)
	}
	pipe := args[at]
	var opened atomic.Bool
	ended := make(chan struct{})
	go func() { // ends when it is let, below
		defer close(ended)
		f, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits until somebody reads
		if err == nil {
			opened.Store(true)
			_ = f.Close() // so that the reader does not wait
		}
	}()
	var said strings.Builder
	code := Run(t.Context(), append([]string{"tfpair"}, args...), IO{Out: io.Discard, Err: &said, Getenv: os.Getenv})
	if opened.Load() {
		t.Errorf("tfpair %s opens the pipe", line)
	}
	f, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0) // lets the other side end
	if err != nil {
		t.Fatal(err)
	}
	<-ended
	_ = f.Close() // read only
	if code == exitDone || !strings.Contains(said.String(), "pipe") {
		t.Errorf("tfpair %s = %d, want it refused with a message that names the pipe:\n%s", line, code, said.String())
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		t.Fatalf("tfpair %s: the pipe is gone: %v, %v", line, info, err)
	}
}

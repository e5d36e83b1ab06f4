//go:build tensorflow

package session

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"
)

// graph is y = 2x of x [-1,2] float32, n = x as uint8, and a variable v [2] with
// v/value, v/read and v/assign.
func graph(t *testing.T) *tf.Graph {
	t.Helper()
	if err := Ready(Options{}); err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	root := tg.NewRoot()
	add := func(spec tf.OpSpec) tf.Output { return root.AddOperation(spec).Output(0) }
	feed := func(name string, shape tf.Shape) tf.Output {
		return add(tf.OpSpec{Name: name, Type: "Placeholder",
			Attrs: map[string]any{"dtype": tf.Float, "shape": shape}})
	}
	x := feed("x", tf.MakeShape(-1, 2))
	two := tg.Const(root.SubScope("two"), float32(2))
	add(tf.OpSpec{Name: "y", Type: "Mul", Input: []tf.Input{x, two}})
	add(tf.OpSpec{Name: "n", Type: "Cast", Input: []tf.Input{x},
		Attrs: map[string]any{"DstT": tf.Uint8}})
	v := op.VarHandleOp(root.SubScope("v"), tf.Float, tf.MakeShape(2), op.VarHandleOpSharedName("v"))
	value := feed("v/value", tf.MakeShape(2))
	root.AddOperation(tf.OpSpec{Name: "v/assign", Type: "AssignVariableOp",
		Input: []tf.Input{v, value}, Attrs: map[string]any{"dtype": tf.Float}})
	add(tf.OpSpec{Name: "v/read", Type: "ReadVariableOp", Input: []tf.Input{v},
		Attrs: map[string]any{"dtype": tf.Float}})
	g, err := root.Finalize()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func open(t *testing.T) *Session {
	t.Helper()
	s, err := Open(graph(t), Options{Device: CPU, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func prepare(t *testing.T, s *Session, feeds, fetches []string) *Call {
	t.Helper()
	c, err := s.Prepare(feeds, fetches, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRunTo: what is fetched is written where it is told to, also into what is fed, and only where type and shape are right.
func TestRunTo(t *testing.T) {
	c := prepare(t, open(t), []string{"x"}, []string{"y", "n"})
	x, n := []float32{1, 2, 3, 4}, make([]uint8, 4)
	to := []Value{Of(x, 2, 2), Of(n, 2, 2)}
	for range 3 {
		if err := c.RunTo(to, to[0]); err != nil {
			t.Fatal(err)
		}
	}
	if want := []float32{8, 16, 24, 32}; !slices.Equal(x, want) { // doubled three times
		t.Errorf("y = %v, want %v", x, want)
	}
	if want := []uint8{4, 8, 12, 16}; !slices.Equal(n, want) { // of what is fed the third time
		t.Errorf("n = %v, want %v", n, want)
	}
	for _, bad := range [][]Value{{to[0]}, {to[0], Of(n, 4)}, {to[0], Of(make([]int32, 4), 2, 2)}} {
		if err := c.RunTo(bad, to[0]); err == nil {
			t.Errorf("RunTo into %d values, the last one %v of shape %v: no error", len(bad), bad[len(bad)-1].dtype, bad[len(bad)-1].shape)
		}
	}
}

// TestHold: a run reads what was written to the room of its feed, copies nothing there, and its results are read where they are.
func TestHold(t *testing.T) {
	c := prepare(t, open(t), []string{"x"}, []string{"y"})
	room, err := c.Room(0, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(room, make([]float32, 4)) {
		t.Errorf("a new room has %v, want zeros", room)
	}
	for _, x := range []float32{1, 5} {
		copy(room, []float32{x, x, x, x + 1})
		h, err := c.Hold(Of(room, 2, 2))
		if err != nil {
			t.Fatal(err)
		}
		y, err := Data[float32](h.Values[0])
		if want := []float32{2 * x, 2 * x, 2 * x, 2*x + 2}; err != nil || !slices.Equal(y, want) {
			t.Errorf("y = %v (%v), want %v", y, err, want)
		}
		h.Free()
	}
	if again, err := c.Room(0, 2, 2); err != nil || &again[0] != &room[0] {
		t.Errorf("the room is another one than before (%v)", err)
	}
	doubled(t, c, []float32{7, 7, 7, 7})
	if want := []float32{7, 7, 7, 7}; !slices.Equal(room, want) {
		t.Errorf("the room has %v of another value, want %v: it is where the feed lies", room, want)
	}
}

// doubled runs y = 2x.
func doubled(t *testing.T, c *Call, x []float32) []float32 {
	t.Helper()
	values, err := c.Run(Of(x, int64(len(x)/2), 2))
	if err != nil {
		t.Fatal(err)
	}
	if want := []int64{int64(len(x) / 2), 2}; !slices.Equal(values[0].Shape(), want) {
		t.Errorf("y has shape %v, want %v", values[0].Shape(), want)
	}
	y, err := Data[float32](values[0])
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// TestRun: more shapes than feeds keep tensors for, in turn; earlier results stay.
func TestRun(t *testing.T) {
	c := prepare(t, open(t), []string{"x"}, []string{"y"})
	var all [][]float32
	for round := range 3 {
		for rows := range keepShapes + 2 {
			x := make([]float32, 2*rows)
			for i := range x {
				x[i] = float32(round*100 + i)
			}
			all = append(all, doubled(t, c, x))
		}
	}
	for k, y := range all {
		for i := range y {
			if want := float32(2 * (k/(keepShapes+2)*100 + i)); y[i] != want {
				t.Fatalf("run %d, y[%d] = %v, want %v", k, i, y[i], want)
			}
		}
	}
	if n := len(c.kept[0]); n > keepShapes {
		t.Errorf("%d tensors are kept, want at most %d", n, keepShapes)
	}
}

// TestCallsAtOnce: Calls of one session run side by side.
func TestCallsAtOnce(t *testing.T) {
	s := open(t)
	var all sync.WaitGroup
	for k := range 4 {
		c := prepare(t, s, []string{"x"}, []string{"y"})
		all.Go(func() {
			for i := range 100 {
				x := float32(k*1000 + i)
				values, err := c.Run(Of([]float32{x, 0}, 1, 2))
				if err != nil {
					t.Error(err)
					return
				}
				if y, err := Data[float32](values[0]); err != nil || y[0] != 2*x {
					t.Errorf("2·%v = %v, %v", x, y, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// TestAssign: a variable keeps what it was set to when the slice changes, and when
// the feed's other Calls run.
func TestAssign(t *testing.T) {
	s := open(t)
	value := []float32{3, 4}
	if err := s.Assign("v/assign", []string{"v/value"}, []Value{Of(value, 2)}); err != nil {
		t.Fatal(err)
	}
	value[0] = 7
	values, err := prepare(t, s, nil, []string{"v/read"}).Run()
	if err != nil {
		t.Fatal(err)
	}
	if v, err := Data[float32](values[0]); err != nil || !slices.Equal(v, []float32{3, 4}) {
		t.Errorf("v = %v, %v; want [3 4]", v, err)
	}
}

func TestRefuses(t *testing.T) {
	s := open(t)
	if _, err := s.Prepare([]string{"z"}, nil, nil); err == nil ||
		!strings.Contains(err.Error(), `graph has no tensor "z"`) {
		t.Errorf("Prepare of an unknown feed: %v", err)
	}
	c := prepare(t, s, []string{"x"}, []string{"n"})
	for _, k := range []struct {
		values []Value
		want   string
	}{
		{nil, "got 0 values for 1 feeds"},
		{[]Value{Of([]float32{1, 2, 3}, 2, 2)}, `feed "x": shape [2 2] takes 16 bytes, got 12`},
		{[]Value{Of([]int32{1, 2}, 1, 2)}, "run graph: "}, // x is float32
	} {
		if _, err := c.Run(k.values...); err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("Run(%v): %v, want %q", k.values, err, k.want)
		}
	}
	values, err := c.Run(Of([]float32{1, 2}, 1, 2))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := Data[uint8](values[0]); err != nil || !slices.Equal(n, []uint8{1, 2}) {
		t.Errorf("x as uint8 = %v, %v; want [1 2]", n, err)
	}
	if _, err := Data[float32](values[0]); err == nil {
		t.Error("Data[float32] of uint8 gives no error")
	}
	if _, err := Open(graph(t), Options{Device: "tpu"}); err == nil {
		t.Error("device tpu gives no error")
	}
}

// TestDevices: the CPU is listed, and a GPU that is not there is an error.
func TestDevices(t *testing.T) {
	devices, err := open(t).Devices()
	if err != nil || !slices.ContainsFunc(devices, func(d string) bool {
		return strings.HasSuffix(d, "device:CPU:0")
	}) {
		t.Errorf("Devices() = %v, %v; want a CPU", devices, err)
	}
	if slices.ContainsFunc(devices, func(d string) bool { return strings.Contains(d, "GPU") }) {
		t.Errorf("Devices() with CPU asked for = %v", devices)
	}
	sum, err := Probe(Options{})
	if err != nil || len(sum) == 0 {
		t.Errorf("Probe() = %v, %v", sum, err)
	}
	s := &Session{session: open(t).session}
	if err := s.requireGPU(); !errors.Is(err, ErrNoGPU) || !strings.Contains(err.Error(), "CPU:0") {
		t.Errorf("requireGPU() = %v, want ErrNoGPU with the devices that are listed", err)
	}
}

// TestLoadPattern: TensorFlow takes some characters of a path for a pattern, and finds nothing.
func TestLoadPattern(t *testing.T) {
	if err := Ready(Options{}); err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "model[1]"), "serve", Options{}); err == nil ||
		!strings.Contains(err.Error(), "give the folder a path without them") {
		t.Errorf("Load of model[1] = %v", err)
	}
}

// TestTimeout: a run that never ends is given up after the timeout, no later one is begun, and
// Close does not wait for it.
func TestTimeout(t *testing.T) {
	if err := Ready(Options{}); err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	root := tg.NewRoot()
	queue := op.FIFOQueueV2(root.SubScope("queue"), []tf.DataType{tf.Float})
	op.QueueDequeueV2(root.SubScope("wait"), queue, []tf.DataType{tf.Float}) // nobody puts anything in
	op.Const(root.SubScope("one"), float32(1))
	g, err := root.Finalize()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(g, Options{Device: CPU, Threads: 1, Timeout: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	one := prepare(t, s, nil, []string{"one/Const"})
	if _, err := one.Run(); err != nil {
		t.Errorf("a run in time = %v", err)
	}
	if _, err := prepare(t, s, nil, []string{"wait/QueueDequeueV2"}).Run(); !errors.Is(err, ErrTimeout) {
		t.Errorf("a run without end = %v, want %v", err, ErrTimeout)
	}
	if _, err := one.Run(); !errors.Is(err, ErrTimeout) {
		t.Errorf("a later run = %v, want %v", err, ErrTimeout)
	}
	if err := s.Close(); !errors.Is(err, ErrTimeout) {
		t.Errorf("Close = %v, want %v", err, ErrTimeout)
	}
}

// TestSessionsAtOnce: a session goes on while another one is in a long operation.
func TestSessionsAtOnce(t *testing.T) {
	root := tg.NewRoot()
	const side = 3072
	x := op.Placeholder(root.SubScope("x"), tf.Float, op.PlaceholderShape(tf.MakeShape(side, side)))
	op.Sum(root.SubScope("sum"), op.MatMul(root.SubScope("product"), x, x), op.Const(root.SubScope("axes"), []int32{0, 1}))
	g, err := root.Finalize()
	if err != nil {
		t.Fatal(err)
	}
	long, err := Open(g, Options{Device: CPU, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	short := prepare(t, open(t), []string{"x"}, []string{"y"})
	doubled(t, short, []float32{1, 2}) // compiled
	all := prepare(t, long, []string{"x/Placeholder"}, []string{"sum/Sum"})
	in, err := all.tensor(0, Of(make([]float32, side*side), side, side))
	if err != nil {
		t.Fatal(err)
	}
	begun, done := make(chan struct{}), make(chan error, 1)
	go func() {
		close(begun)
		_, err := all.results(map[tf.Output]*tf.Tensor{all.feeds[0]: in})
		done <- err
	}()
	<-begun
	for runs := 0; ; runs++ {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			if runs < 20 { // one thread for both lets in what comes before the product and after
				t.Errorf("%d runs of one session while the other makes a product, want more", runs)
			}
			if err := long.Close(); err != nil {
				t.Error(err)
			}
			return
		default:
			doubled(t, short, []float32{1, 2})
		}
	}
}

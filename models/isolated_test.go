//go:build tensorflow && unix

package models_test

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tfpair/tfpair/models"
)

// runModel is the argument by which this program is the process of a model.
const runModel = "run-model"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == runModel {
		if err := models.RunIsolated(); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// isolated opens a model in a process of its own. pids is the file that lists the ids of its processes.
func isolated(t *testing.T, folder string) (m *models.Model, pids string) {
	t.Helper()
	pids = filepath.Join(t.TempDir(), "pids")
	m, err := models.Load(folder, models.Isolated("sh", "-c", `echo $$ >>"$1"; exec "$0" `+runModel, os.Args[0], pids))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() }) // a test may have done so
	return m, pids
}

// processes returns the ids of the processes that a model has had.
func processes(t *testing.T, pids string) (list []int) {
	t.Helper()
	text, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, pid)
	}
	return list
}

// TestIsolated: a process of its own answers as this one does.
func TestIsolated(t *testing.T) {
	folder := exported(t)
	here := load(t, folder)
	m, pids := isolated(t, folder)
	a, b := picture(3, 40, 30), picture(7, 20, 50)
	want, err := here.Compare(t.Context(), a, b)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Compare(t.Context(), a, b)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(float64(got.Distance-want.Distance)) > 1e-5 || got.Same != want.Same || (got.Probability == nil) != (want.Probability == nil) ||
		got.Probability != nil && math.Abs(float64(*got.Probability-*want.Probability)) > 1e-5 {
		t.Errorf("Compare = %+v, want %+v", got, want)
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, picture(5, 300, 200), nil); err != nil {
		t.Fatal(err)
	}
	mine, err := here.Reader().Until(t.Context(), file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := m.Reader().Until(t.Context(), file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if mine.Rect != theirs.Rect || !bytes.Equal(mine.Pix, theirs.Pix) {
		t.Error("a JPEG is decoded differently there")
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Embed(t.Context(), a); !errors.Is(err, models.ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
	for _, pid := range processes(t, pids) {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("after Close process %d is still there: %v", pid, err)
		}
	}
}

// TestIsolatedCrash kills the process under load: who was in the batch gets an error, all others an answer.
func TestIsolatedCrash(t *testing.T) {
	m, pids := isolated(t, exported(t))
	img := picture(3, 40, 30)
	var answered, crashed atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all sync.WaitGroup
	const callers, kills = 8, 3
	for range callers {
		all.Go(func() {
			for ctx.Err() == nil {
				switch _, err := m.Embed(context.WithoutCancel(ctx), img); {
				case err == nil:
					answered.Add(1)
				case errors.Is(err, models.ErrCrashed):
					crashed.Add(1)
				default:
					t.Errorf("Embed: %v, want an embedding or ErrCrashed", err)
					return
				}
			}
		})
	}
	more := func(what string, than int64) {
		t.Helper()
		for end := time.Now().Add(time.Minute); answered.Load() <= than; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s nobody is answered", what)
			}
		}
	}
	more("before a crash", 100)
	for k := range kills {
		if err := syscall.Kill(processes(t, pids)[k], syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(time.Minute); m.Restarts() <= k; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("the process does not come again after crash %d", k+1)
			}
		}
		more("after a crash", answered.Load()+100)
	}
	cancel()
	all.Wait()
	if err := m.Ready(); err != nil {
		t.Errorf("Ready = %v", err)
	}
	if got := crashed.Load(); got > callers*kills {
		t.Errorf("%d calls of %d callers failed in %d crashes", got, callers, kills)
	}
}

// TestIsolatedKilled: a process that is killed before the model is open says how it ended.
func TestIsolatedKilled(t *testing.T) {
	m, err := models.Load(exported(t), models.Isolated("sh", "-c", "kill -9 $$"))
	if err == nil {
		_ = m.Close()
	}
	if !errors.Is(err, models.ErrCrashed) || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("Load = %v, want ErrCrashed and signal: killed", err)
	}
}

// TestIsolatedSignals: signals that reach all processes of a service do not end that of a model, which has to answer until the service stops.
func TestIsolatedSignals(t *testing.T) {
	m, pids := isolated(t, exported(t))
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM} {
		for range 2 {
			if err := syscall.Kill(processes(t, pids)[0], s); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := m.Embed(t.Context(), picture(3, 40, 30)); err != nil || m.Restarts() != 0 {
			t.Errorf("after signal %v: %v, started again %d times", s, err, m.Restarts())
		}
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

// TestIsolatedNot: a program that does not run the model is an error, and not a wait.
func TestIsolatedNot(t *testing.T) {
	folder := exported(t)
	for _, command := range [][]string{{"false"}, {filepath.Join(t.TempDir(), "nothing")}} {
		if m, err := models.Load(folder, models.Isolated(command...)); err == nil {
			_ = m.Close()
			t.Errorf("%q: it is loaded", command)
		}
	}
}

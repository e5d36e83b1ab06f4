//go:build unix

package index

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"
)

// killed is the name of the variable that makes TestKilledChild change an index until it is killed.
const killed = "TFPAIR_TEST_KILLED_INDEX"

// killedDim is the length of the vectors that it puts in.
const killedDim = 16

// act is change number n of a seed: some entries, or ids to remove.
func act(seed uint64, n int) (put []Entry, remove []string) {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	if r.IntN(3) == 0 {
		for range 1 + r.IntN(5) {
			remove = append(remove, fmt.Sprintf("a/%d.png", r.IntN(50)))
		}
		return nil, remove
	}
	for range 1 + r.IntN(5) {
		put = append(put, entryOf(r.IntN(50), n, killedDim))
	}
	return put, nil
}

// TestKilledChild is the program that TestKills kills. It says of each change that it begins and that it
// is acknowledged, and compacts the index now and then.
func TestKilledChild(t *testing.T) {
	path := os.Getenv(killed)
	if path == "" {
		t.Skip("TestKills runs it")
	}
	var seed uint64
	var n int
	if _, err := fmt.Sscan(os.Getenv(killed+"_FROM"), &seed, &n); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	for ; ; n++ {
		fmt.Printf("begin %d\n", n)
		put, remove := act(seed, n)
		if err := f.Put(put...); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Remove(remove...); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("done %d\n", n)
		if n%4 == 3 {
			if err := f.Compact(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestKills: whenever a program is killed that adds, removes and compacts, the index opens, has all that
// was acknowledged and nothing that was removed; the change that was under way is there as a whole or
// not at all.
func TestKills(t *testing.T) {
	f := makeFolder(t, killedDim)
	want := map[string]Entry{}
	r := rand.New(rand.NewPCG(5, 6))
	kills := 200
	if testing.Short() {
		kills = 20
	}
	seed, n, acknowledged := uint64(7), 0, 0
	for kill := range kills {
		begun, done := untilKilled(t, f.Path(), seed, n, time.Duration(r.IntN(60))*time.Millisecond)
		for ; n <= done; n++ {
			apply(want, seed, n)
			acknowledged++
		}
		again := openFolder(t, f.Path())
		if begun > done { // it may be there, and then goes on from it
			half := map[string]Entry{}
			for id, e := range want {
				half[id] = e
			}
			apply(half, seed, begun)
			if same(again, half) {
				want = half
			}
			n = begun + 1
		}
		if !same(again, want) {
			t.Fatalf("kill %d, after %d changes were acknowledged: the index has %d entries, want %d", kill, n, again.Index().Len(), len(want))
		}
		holds(t, again, want)
		if wrong := Verify(f.Path()); len(wrong) > 0 {
			t.Fatalf("kill %d: %v", kill, wrong)
		}
	}
	t.Logf("%d kills, %d changes were acknowledged", kills, acknowledged)
	if acknowledged == 0 {
		t.Error("no change was acknowledged before a kill, so nothing was tested")
	}
}

// untilKilled runs TestKilledChild from change n on, kills it some time after its first change has begun,
// and returns the last change that it has begun and the last that was acknowledged.
func untilKilled(t *testing.T, path string, seed uint64, n int, after time.Duration) (begun, done int) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKilledChild$", "-test.count=1")
	child.Env = append(os.Environ(), killed+"="+path, fmt.Sprintf("%s_FROM=%d %d", killed, seed, n))
	var said bytes.Buffer
	child.Stderr = &said
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	begun, done = n-1, n-1
	lines := bufio.NewScanner(out)
	for first := true; lines.Scan(); first = false {
		if first {
			time.AfterFunc(after, func() { _ = child.Process.Kill() })
		}
		var word string
		var number int
		if _, err := fmt.Sscan(lines.Text(), &word, &number); err != nil {
			t.Errorf("the program says %q", lines.Text())
			continue
		}
		if word == "begin" {
			begun = number
		} else {
			done = number
		}
	}
	if err := child.Wait(); child.ProcessState.ExitCode() >= 0 {
		t.Fatalf("the program ended by itself: %v\n%s", err, said.String())
	}
	return begun, done
}

// apply makes change n in a map.
func apply(entries map[string]Entry, seed uint64, n int) {
	put, remove := act(seed, n)
	for _, e := range put {
		entries[e.ID] = e
	}
	for _, id := range remove {
		delete(entries, id)
	}
}

// same reports whether a folder has the entries of want, by their ids and turns.
func same(f *Folder, want map[string]Entry) bool {
	x := f.Index()
	if x.Len() != len(want) {
		return false
	}
	for _, item := range x.All() {
		if e, ok := want[item.ID]; !ok || e.SHA256 != item.SHA256 {
			return false
		}
	}
	return true
}

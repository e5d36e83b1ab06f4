package collective

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"unsafe"

	"github.com/viterin/vek/vek32"
)

// memory adds up vectors of processes of one machine, in memory that each of them shares with the others:
//
//	piece of a vector → own slot → all have written it → slots of all, added up in order of rank → piece
//
// A process writes the next piece before it waits for the others and adds up this one: they wait less where it is a little late.
// A room has four slots, which are used by turns. Who has waited for piece n of the others knows that they have read piece n-2:
// slot n+2 is free.
type memory struct {
	rank  int
	rooms []room          // by rank
	turn  uint32          // pieces that this process has written
	lost  <-chan struct{} // closed when a process is lost
}

const (
	pieceBytes = 512 << 10 // processes wait for each other once a piece
	slotCount  = 4         // see memory
	headBytes  = 4096      // a page
	roomBytes  = headBytes + slotCount*pieceBytes
)

// room is the memory that one process writes and all read.
type room struct {
	written *atomic.Uint32 // pieces, modulo 2³²
	slots   unsafe.Pointer // one behind the other
}

// errGone ends a sum that a lost process does not take part in.
var errGone = errors.New("a process is lost")

// shareMemory has the processes share memory where all are of one machine. Where one of them cannot, because it is in a container
// of its own, say, none does.
func (g *Group) shareMemory() error {
	if !g.cluster.OneHost() {
		return nil
	}
	own, name, err := makeRoom()
	if err != nil {
		name = "" // the others hear of it
	} else {
		defer own.close()
	}
	names, err := g.Texts(name)
	if err != nil {
		return err
	}
	m := &memory{rank: g.Rank(), lost: g.lost}
	for _, name := range names {
		r, err := openRoom(name)
		if err != nil {
			break
		}
		m.rooms = append(m.rooms, r)
	}
	can := make([]int32, g.Size())
	if len(m.rooms) == g.Size() {
		can[g.Rank()] = 1
	}
	if err := g.Share(can); err != nil {
		return err
	}
	if !slices.Contains(can, 0) {
		g.memory = m
	}
	return nil
}

// place says where a process of this machine finds the room of another: in which process, and under which number and name.
type place struct {
	process, file int
	name          string // nobody else's
}

func (p place) String() string { return fmt.Sprintf("%d %d %s", p.process, p.file, p.name) }

func parsePlace(text string) (p place, err error) {
	parts := strings.Fields(text)
	if len(parts) != 3 {
		return p, fmt.Errorf("%q is no place in memory", text)
	}
	var errs [2]error
	p.process, errs[0] = strconv.Atoi(parts[0])
	p.file, errs[1] = strconv.Atoi(parts[1])
	p.name = parts[2]
	return p, errors.Join(errs[:]...)
}

// roomIn returns the room in so many bytes of memory that processes share.
func roomIn(bytes []byte) room {
	at := unsafe.Pointer(&bytes[0])
	return room{(*atomic.Uint32)(at), unsafe.Add(at, headBytes)}
}

// blockLength is how many numbers are added up at once: they stay in a core's first cache while those of each process are added.
const blockLength = 16 << 10 / 4

// addUp sets to, the numbers of which lie one after the other, to the sum of from over all processes.
func addUp[T float32 | int32](m *memory, to, from [][]T) error {
	source, target := parts[T]{list: from}, parts[T]{list: to}
	for n := write(m, &source); n > 0; {
		turn := m.turn
		next := write(m, &source)
		if err := m.meet(turn); err != nil {
			return err
		}
		for at := 0; at < n; {
			part := target.next(min(n-at, blockLength))
			copy(part, slotOf[T](m, 0, turn)[at:])
			for rank := 1; rank < len(m.rooms); rank++ {
				add(part, slotOf[T](m, rank, turn)[at:at+len(part)])
			}
			at += len(part)
		}
		n = next
	}
	return nil
}

// write writes the next piece of a vector to the next slot of this process, if there is one, and tells the others. It returns the
// length of the piece.
func write[T float32 | int32](m *memory, source *parts[T]) int {
	n := source.read(slotOf[T](m, m.rank, m.turn+1))
	if n > 0 {
		m.turn++
		own := m.rooms[m.rank].written
		own.Store(m.turn)
		wake(own)
	}
	return n
}

// slotOf returns the slot of a process for a piece.
func slotOf[T float32 | int32](m *memory, rank int, turn uint32) []T {
	const length = pieceBytes / 4
	return unsafe.Slice((*T)(unsafe.Add(m.rooms[rank].slots, turn%slotCount*pieceBytes)), length)
}

// add adds b to a.
func add[T float32 | int32](a, b []T) {
	if x, ok := any(a).([]float32); ok {
		vek32.Add_Inplace(x, any(b).([]float32))
		return
	}
	for i, x := range b {
		a[i] += x
	}
}

// looks is how often a process looks whether another has written before it sleeps. Sleeping and waking up take more of a core.
const looks = 20000

// meet waits until all others have written a piece.
func (m *memory) meet(turn uint32) error {
	for rank := range m.rooms {
		written := m.rooms[rank].written
		for look := 0; ; look++ {
			now := written.Load()
			if int32(now-turn) >= 0 {
				break
			}
			if look < looks {
				continue
			}
			select {
			case <-m.lost:
				return errGone
			default:
				sleep(written, now)
			}
		}
	}
	return nil
}

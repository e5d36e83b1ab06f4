package slots

import (
	"math/rand/v2"
	"testing"
)

// TestTable holds a table against a map, with hashes that many keys share.
func TestTable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	for _, shared := range []uint64{1, 3, 1 << 40} {
		var keys []uint64 // [number]
		hash := func(key uint64) uint64 { return key % shared }
		table, want := New(func(number int32) uint64 { return hash(keys[number]) }), map[uint64]int32{}
		for range 2000 {
			key := r.Uint64N(700)
			same := func(number int32) bool { return keys[number] == key }
			number, known := table.Find(hash(key), same)
			before, ok := want[key]
			if known != ok || known && number != before {
				t.Fatalf("key %d is %d (%t), want %d (%t)", key, number, known, before, ok)
			}
			next := int32(len(keys))
			keys = append(keys, key)
			if r.IntN(2) == 0 {
				table.Put(hash(key), next, same)
				want[key] = next
				continue
			}
			if !ok {
				want[key] = next
			}
			if first := table.First(hash(key), next, same); first != want[key] {
				t.Fatalf("the first of key %d is %d, want %d", key, first, want[key])
			}
		}
		if table.taken != len(want) {
			t.Errorf("%d slots are taken by %d keys", table.taken, len(want))
		}
	}
}

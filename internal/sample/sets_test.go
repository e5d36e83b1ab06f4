package sample

import (
	"bytes"
	"maps"
	"strings"
	"testing"
)

// TestSets: each set draws the same files each time, and a list names pictures that are there.
func TestSets(t *testing.T) {
	for name := range sets {
		files, err := Set(name)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Set(name)
		if err != nil || !maps.EqualFunc(files, again, bytes.Equal) {
			t.Errorf("set %s is not the same when drawn again, %v", name, err)
		}
		for path, data := range files {
			if !strings.HasSuffix(path, ".csv") {
				continue
			}
			for _, row := range strings.Split(strings.TrimSpace(string(data)), "\n")[1:] {
				for _, column := range strings.Split(row, ",")[:2] {
					if files[column] == nil {
						t.Errorf("set %s: %s names %s, which is not drawn", name, path, column)
					}
				}
			}
		}
	}
	if _, err := Set("cats"); err == nil || !strings.Contains(err.Error(), "drawings, duplicates, few-photos, products, service") {
		t.Errorf("Set(cats) = %v, want the known names", err)
	}
}

// TestPairsApart: no person is in pairs of two splits, and as many pairs are the same as not.
func TestPairsApart(t *testing.T) {
	files, err := Set("drawings")
	if err != nil {
		t.Fatal(err)
	}
	split, same := map[string]string{}, 0
	rows := strings.Split(strings.TrimSpace(string(files["pairs.csv"])), "\n")[1:]
	for _, row := range rows {
		c := strings.Split(row, ",")
		left, right := strings.Split(c[0], "/")[1], strings.Split(c[1], "/")[1]
		if (left == right) != (c[2] == "1") {
			t.Errorf("%s: want 1 for one person, else 0", row)
		}
		if left == right {
			same++
		}
		for _, person := range []string{left, right} {
			if s, ok := split[person]; ok && s != c[3] {
				t.Errorf("%s is in %s and in %s", person, s, c[3])
			}
			split[person] = c[3]
		}
	}
	if 2*same != len(rows) {
		t.Errorf("%d of %d pairs are of one person, want half", same, len(rows))
	}
}

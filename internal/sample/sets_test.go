package sample

import (
	"bytes"
	"maps"
	"strings"
	"testing"
)

// TestSets: each set is drawn, and a list names pictures that are there.
func TestSets(t *testing.T) {
	for name := range sets {
		files, err := Set(name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "drawings" {
			pairsApart(t, files)
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

// TestSetDeterministic: a set is the same when it is drawn again.
func TestSetDeterministic(t *testing.T) {
	first, err := Set("products")
	if err != nil {
		t.Fatal(err)
	}
	again, err := Set("products")
	if err != nil || !maps.EqualFunc(first, again, bytes.Equal) {
		t.Errorf("the set is another one when drawn again, %v", err)
	}
}

// pairsApart checks that no person is in pairs of two splits, and that as many pairs are the same as not.
func pairsApart(t *testing.T, files map[string][]byte) {
	t.Helper()
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

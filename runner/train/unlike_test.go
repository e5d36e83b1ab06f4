package train

import "testing"

// TestCompareTold: what differs is named, with the first image of each kind; splits only where nothing else differs.
func TestCompareTold(t *testing.T) {
	chief := map[string]told{"a/1": {Size: 5, Class: "a", Split: "train", SHA256: "1"}, "a/2": {Size: 5, Class: "a", Split: "val"},
		"b/1": {Size: 6, Class: "b", Split: "train", SHA256: "2"}}
	for want, change := range map[string]func(map[string]told){
		"": func(map[string]told) {},
		`2 images not there (first "a/1")`: func(m map[string]told) {
			delete(m, "a/2")
			delete(m, "a/1")
			m["b/1"] = told{Size: 6, Class: "b", Split: "val"}
		},
		`1 image not the chief's (first "c/1")`:                      func(m map[string]told) { m["c/1"] = told{} },
		`1 image of another class or with other bytes (first "a/1")`: func(m map[string]told) { m["a/1"] = told{Size: 5, Class: "a", Split: "train", SHA256: "3"} },
		`2 images in another split (first "a/2")`: func(m map[string]told) {
			m["a/2"], m["b/1"] = told{Size: 5, Class: "a", Split: "train", SHA256: "4"}, told{Size: 6, Class: "b", Split: "val"}
		},
		`1 image not there (first "a/1"), 1 image not the chief's (first "a/9")`: func(m map[string]told) { delete(m, "a/1"); m["a/9"] = told{} },
	} {
		other := map[string]told{}
		for path, of := range chief {
			other[path] = of
		}
		change(other)
		if got := compareTold(chief, other); got != want {
			t.Errorf("compareTold = %q, want %q", got, want)
		}
	}
	for want, other := range map[string]card{"3 images (the chief 4)": {Count: 3, Data: "x"}, "other bytes in images of the same names": {Count: 4, Data: "d"},
		"as many images, and other names, classes, splits, pairs or groups": {Count: 4, Data: "x"}} {
		if got := compareCounts(card{Count: 4, Data: "d"}, other); got != want {
			t.Errorf("compareCounts = %q, want %q", got, want)
		}
	}
}

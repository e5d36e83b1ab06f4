package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPageIsCurrent: docs/speed.md has the tables of the stored results.
func TestPageIsCurrent(t *testing.T) {
	page, err := os.ReadFile(speedPage)
	if err != nil {
		t.Fatal(err)
	}
	text, err := tableOf(options{results: "results"})
	if err != nil {
		t.Fatal(err)
	}
	want, err := between(page, text)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(page, want) {
		t.Errorf("%s is not that of bench/results; write it with: go -C bench run . table -write", speedPage)
	}
}

// TestTable: ratios are taken turn by turn, by hand here, and peers that took no part have no line.
func TestTable(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"step": `[{"id":"step","at":"2026-01-02T00:00:00Z","commit":"abc","machine":"M","versions":{"keras":"3"},"values":{
			"tfpair":{"first_step":[1,2],"step":[0.1,0.2,0.1]},"keras":{"first_step":[4,4],"step":[0.2,0.2,0.3]}}}]`,
		"tuples": `[{"id":"race/seed=0","commit":"d","machine":"M","values":{"keras":{"auc":0.5,"seconds":9},"speed":{"auc":0.9,"seconds":3}}},
			{"id":"race/seed=1","commit":"d","machine":"M","values":{"keras":{"auc":0.98,"seconds":9},"speed":{"auc":0.99,"seconds":3}}},{"id":"program2/seed=0","commit":"d","machine":"M","values":{"auc":1}}]`,
		"inference": `[{"id":"resnet50, batch 8, 2 cores","commit":"d","machine":"M","values":{"load":[1,3],
			"seconds":{"tfpair":[2,2],"tfpair int8":[0.5,1],"openvino int8":[0.5,0.5],"keras":[4,6]},
			"processor":{"tfpair":[2],"tfpair int8":[1],"openvino int8":[0.5],"keras":[8]}}},
			{"id":"program1, batch 1, 2 cores","commit":"x","machine":"N","values":{"seconds":{"tfpair":[1]},"processor":{}}}]`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name+".json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := tableOf(options{results: folder})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| training step, program 1 (32 pairs) | keras | 100 ms | 200 ms | **2.00** (1.00–3.00; 3) | – | – | 2026-01-02, abc |",
		"the end of the first | keras | 1.5 s | 4 s | **3.00** (2.00–4.00; 2) |",
		"| digits: time to AUC 0.9900, Keras' 0.9800 | keras | 3 s | 9 s | **3.00** (3.00–3.00; 1) |",
		"| resnet50, batch 8, 2 cores | float32 | 4.0 | – | – | **2.50** (2.00–3.00), 4.00 | – | – | 3 |",
		"| resnet50, batch 8, 2 cores | int8 | 10.7 | **0.75** (0.50–1.00), 0.50 | – | **7.00** (6.00–8.00), 8.00 | – | **3.00** (2.00–4.00), 2.00 | 3 |",
		"Machines, with the commits that were measured there: M (commits abc, d); N (commits x).\nVersions, where a measurement noted them: keras 3.\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the tables lack %q:\n%s", want, text)
		}
	}
	for _, not := range []string{"0.5000", "torch", "program2"} {
		if strings.Contains(string(text), not) {
			t.Errorf("the tables have %q:\n%s", not, text)
		}
	}
	if one, two := strings.Index(string(text), "program1, batch 1"), strings.Index(string(text), "resnet50, batch 8"); one > two {
		t.Error("networks are not in the order in which they are listed")
	}
}

// TestBetween: what is around the tables stays.
func TestBetween(t *testing.T) {
	got, err := between([]byte("a\n"+tableBegin+"old\n"+tableEnd+"b\n"), []byte("new\n"))
	if want := "a\n" + tableBegin + "new\n" + tableEnd + "b\n"; err != nil || string(got) != want {
		t.Errorf("between = %q, %v; want %q", got, err, want)
	}
	if _, err := between([]byte("a\n"+tableBegin), nil); err == nil {
		t.Error("a page without the second line is no error")
	}
}

// TestTabledCommands: what the tables show can be measured by its name.
func TestTabledCommands(t *testing.T) {
	for _, c := range tabled() {
		if _, err := find(c[0]); err != nil {
			t.Error(err)
		}
		if _, err := parse(c[0], c[1:]); err != nil {
			t.Errorf("%v: %v", c, err)
		}
	}
}

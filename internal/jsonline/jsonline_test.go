package jsonline

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

type inner struct {
	Distance float32 `json:"distance"`
}

type shown struct {
	inner
	Loss    float64            `json:"loss"`
	P       *float64           `json:"p,omitempty"`
	Absent  *float64           `json:"absent,omitempty"`
	Metrics map[string]float64 `json:"metrics"`
	List    []float32          `json:"list"`
	Raw     json.RawMessage    `json:"raw"`
	At      time.Time          `json:"at"`
	None    []string           `json:"none"`
	Text    string             `json:"text"`
}

// TestMarshal: what is finite is written as encoding/json writes it, to the last byte.
func TestMarshal(t *testing.T) {
	p := 0.5
	v := shown{inner{0.1}, 1e-9, &p, nil, map[string]float64{"b": 1e21, "a": 2}, []float32{1.5, 1e-7},
		json.RawMessage(`{"x":1}`), time.Unix(5, 7).UTC(), nil, "<&> ü\x7f"}
	want, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Marshal("step", v)
	if err != nil || string(got) != `{"event":"step",`+string(want[1:]) {
		t.Errorf("Marshal = %s, %v, want the fields %s", got, err, want)
	}
	if got, err = Marshal("end", struct{}{}, "time", "now"); err != nil || string(got) != `{"event":"end","time":"now"}` {
		t.Errorf("Marshal without fields = %s, %v", got, err)
	}
}

func TestNotFinite(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	got, err := Marshal("comparison", map[string]any{"a": inner{float32(-inf)}, "b": &nan, "c": []float64{1, inf},
		"d": map[string]float64{"x": nan}})
	const want = `{"event":"comparison","a":{"distance":null},"b":null,"c":[1,null],"d":{"x":null}}`
	if err != nil || string(got) != want {
		t.Errorf("Marshal = %s, %v, want %s", got, err, want)
	}
}

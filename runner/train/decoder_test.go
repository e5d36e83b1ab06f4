package train

import (
	"testing"

	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/runner/trained"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// TestBeganWithGo: a run whose checkpoints name no decoder goes on with Go's.
func TestBeganWithGo(t *testing.T) {
	for _, decoder := range []string{"", decode.LibJPEG} {
		folder, err := run.Open(trainedtest.Run(t, func(_ *checkpoint.Checkpoint, s *trained.State) { s.Decoder = decoder }))
		if err != nil {
			t.Fatal(err)
		}
		ofGo, err := (&loop{folder: folder}).beganWithGo()
		if want := decoder == ""; err != nil || ofGo != want {
			t.Errorf("decoder %q: began with Go's: %t (%v), want %t", decoder, ofGo, err, want)
		}
	}
	folder, err := run.OpenOrCreate(t.TempDir()+"/run", nil)
	if err != nil {
		t.Fatal(err)
	}
	if ofGo, err := (&loop{folder: folder}).beganWithGo(); err != nil || ofGo {
		t.Errorf("a new run began with Go's decoder: %t (%v)", ofGo, err)
	}
}

package train

import (
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/session"
)

// checkPrecision refuses bf16 where it would only be slower: on a processor without instructions for it.
func (l *loop) checkPrecision() error {
	if l.Spec.Train.Precision != spec.BF16 || l.Spec.Train.Steps == 0 {
		return nil
	}
	devices, err := l.network.Devices()
	if err != nil || session.BF16() || slices.ContainsFunc(devices, session.IsGPU) {
		return err
	}
	return &graphs.MisfitError{Err: noBF16(session.Processor())}
}

// noBF16 says what is missing.
func noBF16(processor string) error {
	lack := fmt.Sprintf("the processor lacks instructions for it: it has %s, want avx512-bf16 or amx-bf16", processor)
	if !session.Int8() {
		lack = "the runtime has no kernels for it without oneDNN, which it has on x86 unless TF_ENABLE_ONEDNN_OPTS is 0"
	}
	return fmt.Errorf("train.precision is bf16, and %s; a step would take longer than in float32: set train.precision=float32", lack)
}

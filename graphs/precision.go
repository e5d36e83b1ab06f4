package graphs

import "github.com/tfpair/tfpair/graphs/spec"

// bf16 reports whether the trained part of the backbone computes in bfloat16.
func (p *Parts) bf16() bool { return p.Spec.Train.Precision == spec.BF16 }

// precisionNotes says what bfloat16 changes, and what it does not.
func (p *Parts) precisionNotes() []string {
	if !p.bf16() {
		return nil
	}
	if p.Backbone.AllFrozen {
		return []string{"train.precision bf16 changes nothing: no part of the backbone is trained"}
	}
	return []string{"the trained part of the backbone computes in bf16 while it trains; head, loss, weights and optimizer, " +
		"validation and the model stay float32"}
}

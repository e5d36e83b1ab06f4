package distance

// Threshold is the distance up to which two embeddings are called the same.
type Threshold struct {
	Value  float64 `json:"value"`  // in units of the model's distance
	Source string  `json:"source"` // "validation, step 1565, 600 pairs"
	// FalseAccepts is the share, in (0,1), of different pairs or of strangers that it accepts at most, on what it was
	// chosen on; 0: it was chosen otherwise.
	FalseAccepts float64 `json:"false_accepts,omitempty"`
}

// Accepts reports whether a distance is at most the threshold. NaN is not.
func (t Threshold) Accepts(distance float32) bool { return float64(distance) <= t.Value }

// Broken reports whether t accepts more than it was chosen to, where the share that it falsely accepts is at least
// low: the lower end of an interval.
func (t Threshold) Broken(low float64) bool { return t.FalseAccepts > 0 && low > t.FalseAccepts }

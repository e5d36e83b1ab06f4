package distance

// Threshold is the distance up to which two embeddings are called the same.
type Threshold struct {
	Value  float64 `json:"value"`  // in units of the model's distance
	Source string  `json:"source"` // "validation, step 1565, 600 pairs"
}

// Accepts reports whether a distance is at most the threshold. NaN is not.
func (t Threshold) Accepts(distance float32) bool { return float64(distance) <= t.Value }

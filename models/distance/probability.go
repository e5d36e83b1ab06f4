package distance

import "math"

// Probability is how likely two embeddings are the same, by their distance d:
//
//	p = 1 / (1 + exp(−(Intercept + Slope·d)))   where half of all pairs are the same
//
// Platt, Probabilistic outputs for support vector machines, 1999. Fitted on validation.
type Probability struct {
	Intercept float64 `json:"intercept"`
	Slope     float64 `json:"slope"`  // per unit of the model's distance, <= 0
	Source    string  `json:"source"` // "validation, step 1565, 600 pairs"
}

// EvenPrevalence is the prevalence that a Probability is fitted for.
const EvenPrevalence = 0.5

// At returns the probability in [0,1] that two embeddings at distance are the same where a
// share prevalence in (0,1) of all pairs is: the odds grow with those of the prevalence.
// Elkan, The foundations of cost-sensitive learning, 2001, theorem 2; Saerens, Latinne and
// Decaestecker, Adjusting the outputs of a classifier to new a priori probabilities, 2002,
// equation 2.4.
func (p Probability) At(distance float32, prevalence float64) float64 {
	logOdds := p.Intercept + p.Slope*float64(distance) + math.Log(prevalence/(1-prevalence))
	return 1 / (1 + math.Exp(-logOdds))
}

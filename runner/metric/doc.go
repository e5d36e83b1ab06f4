// Package metric turns distances and labels into the numbers that say how good a
// model is, and how sure one can be of them:
//
//	distance [M], same [M]  → Scored → Curve → AUC, EER, Accuracy, …, Calibrate, Rates
//	Scored, left, right [M] → Sample.Pairs → an Interval for each
//	embeddings [N,D], labels [N] → Nearest → a value per query → Sample.Mean, with its Interval
//	nearest with and without the answer [Q] → OpenSet → Calibrate, a value per query
//
// A distance is smaller the closer two images are. A pair is positive when its
// images are the same and negative when they are not; it is accepted at a
// threshold, that is called the same, when distance <= threshold. A pair may count
// more than once, by its weight, and every metric of pairs is a function of a Curve, which
// holds counts. No function here returns NaN: what
// cannot be measured is a *DegenerateError, *EmptyError, *DistanceError or *EmbeddingError.
//
// The package draws no pairs, runs no graph and prints nothing.
package metric

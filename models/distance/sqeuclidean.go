package distance

var sqEuclidean = row("squared Euclidean distance, Σ(a-b)²", OfSquares(nil, nil))

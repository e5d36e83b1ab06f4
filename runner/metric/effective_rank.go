package metric

import "math"

// maxRankRows is how many embeddings EffectiveRank looks at: ranks that matter are far
// below it, and its time grows with its third power, to a few tenths of a second.
const maxRankRows = 512

// EffectiveRank says how many dimensions embeddings [N,D] float32, N >= 1, really use:
//
//	exp(−Σ pᵢ ln pᵢ),  pᵢ = σᵢ / Σ σ,  σ the singular values of the centred embeddings
//
// It is in [1, min(N−1,D)], 1 where they lie on a line, D where they spread alike in
// all directions, and does not change when all are scaled, turned or moved; 0 where all
// are equal. Roy and Vetterli, The Effective Rank, EUSIPCO 2007, definition 1, who do
// not centre: a common offset would hide the rest. Of more than 512 embeddings every
// k-th is taken. Errors are *EmbeddingError, *EmptyError where there is none, and a
// shape that does not fit.
func EffectiveRank(embeddings []float32, dim int) (float64, error) {
	if err := checkRows(embeddings, dim); err != nil {
		return 0, err
	}
	if len(embeddings) == 0 {
		return 0, &EmptyError{Of: "embeddings"}
	}
	rows := centred(embeddings, dim)
	values := eigenvalues(gram(rows, dim))
	sum := 0.0
	for i, v := range values { // squares of singular values, below 0 by rounding
		values[i] = math.Sqrt(max(v, 0))
		sum += values[i]
	}
	if sum == 0 {
		return 0, nil
	}
	entropy := 0.0
	for _, v := range values {
		if p := v / sum; p > 0 {
			entropy -= p * math.Log(p)
		}
	}
	return math.Exp(entropy), nil
}

// centred returns at most maxRankRows of the embeddings, at equal steps, minus their mean.
func centred(embeddings []float32, dim int) [][]float64 {
	n := len(embeddings) / dim
	step := (n + maxRankRows - 1) / maxRankRows
	var rows [][]float64
	mean := make([]float64, dim)
	for i := 0; i < n; i += step {
		row := make([]float64, dim)
		for d, v := range embeddings[i*dim:][:dim] {
			row[d] = float64(v)
			mean[d] += float64(v)
		}
		rows = append(rows, row)
	}
	for _, row := range rows {
		for d := range row {
			row[d] -= mean[d] / float64(len(rows))
		}
	}
	return rows
}

// gram returns the smaller one of XᵀX and XXᵀ for X = rows [N,D], which have the same
// eigenvalues but for zeros: its lower triangle, and zeros above.
func gram(rows [][]float64, dim int) [][]float64 {
	n := min(len(rows), dim)
	g := make([][]float64, n)
	for i := range g {
		g[i] = make([]float64, n)
	}
	if n < dim || len(rows) == dim {
		for i := range g {
			for j := range i + 1 {
				g[i][j] = dot(rows[i], rows[j])
			}
		}
		return g
	}
	for _, row := range rows {
		for i, v := range row {
			for j := range i + 1 {
				g[i][j] += v * row[j]
			}
		}
	}
	return g
}

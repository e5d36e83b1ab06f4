package distance

// Ranking is rows made ready to be compared with many others, in float32. Each key is summed
// in the order of the dimensions, so that equal rows tie exactly. It does not change, and is
// safe for any number of goroutines.
type Ranking struct {
	key  func(a, b []float32) float64 // nil: squares
	rows []float32                    // [N,D], divided
	dim  int
	size []float32 // [N] ‖row‖², in which a row of zeros is the only 0; nil where nothing is divided
}

// Rank makes rows [N,D] ready to be ranked. It keeps rows where they need no division.
func (d Distance) Rank(rows []float32, dim int) Ranking {
	r := Ranking{rows: rows, dim: dim}
	if !d.squares {
		r.key = d.key
	}
	if d.divisor == nil {
		return r
	}
	r.rows = make([]float32, len(rows))
	r.size = make([]float32, len(rows)/dim)
	for n := range r.size {
		row := rows[n*dim:][:dim]
		energy := Energy(row)
		by := d.divisor(energy)
		r.size[n] = float32(energy / (by * by))
		for i, x := range row {
			r.rows[n*dim+i] = float32(float64(x) / by)
		}
	}
	return r
}

// Len returns N.
func (r Ranking) Len() int { return len(r.rows) / r.dim }

// Keys sets out [M] to what ranks the rows from…from+M−1 of r for row q of queries, which must
// be made by the same distance: smaller is closer. Four at a time is fastest.
func (r Ranking) Keys(out []float32, queries Ranking, q, from int) {
	a := queries.rows[q*r.dim:][:r.dim]
	b := r.rows[from*r.dim:][:len(out)*r.dim]
	switch {
	case r.key != nil:
		for i := range out {
			out[i] = float32(r.key(a, b[i*r.dim:][:r.dim]))
		}
	case len(out) == 4:
		squaredFour(out, a, b)
	default:
		for i := range out {
			out[i] = squared32(a, b[i*r.dim:][:r.dim])
		}
	}
	if r.size == nil {
		return
	}
	for i := range out { // see Distance.dividedSquared
		if u, v := queries.size[q], r.size[from+i]; u == 0 || v == 0 {
			out[i] = u + v
		}
	}
}

// squared32 returns Σ (a−b)² over a, b [D].
func squared32(a, b []float32) float32 {
	var sum float32
	for i, v := range a {
		d := v - b[i]
		sum += float32(d * d) // the conversion keeps arm64 from fusing, here or below alone
	}
	return sum
}

// squaredFour sets out [4] to squared32 of a [D] and each row of b [4,D]: the numbers of a are
// read once for four sums.
func squaredFour(out, a, b []float32) {
	n := len(a)
	b0, b1, b2, b3 := b[:n], b[n:][:n], b[2*n:][:n], b[3*n:][:n]
	var s0, s1, s2, s3 float32
	for i, v := range a {
		d0, d1, d2, d3 := v-b0[i], v-b1[i], v-b2[i], v-b3[i]
		s0 += float32(d0 * d0)
		s1 += float32(d1 * d1)
		s2 += float32(d2 * d2)
		s3 += float32(d3 * d3)
	}
	out[0], out[1], out[2], out[3] = s0, s1, s2, s3
}

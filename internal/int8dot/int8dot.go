// Package int8dot computes dot products of whole numbers, many rows at once:
//
//	query [D] int16, rows [N,D] int8 → Dots → [N] int32
//
// With AVX2 sixteen products are made at a time.
package int8dot

// Block is what the length of rows must be a multiple of: longer ones end in zeros.
const Block = 16

// Padded returns the length of rows of n numbers with the zeros behind them.
func Padded(n int) int { return (n + Block - 1) / Block * Block }

// Dots sets each of out to the dot product of query and a row of rows [len(out),len(query)]. The sums must
// fit: len(query)·128·max|query| is below 2³¹. It panics where a length does not fit.
func Dots(query []int16, rows []int8, out []int32) {
	if len(query) == 0 || len(query)%Block != 0 || len(rows) != len(query)*len(out) {
		panic("int8dot: a length does not fit")
	}
	if len(out) > 0 {
		dots(query, rows, out)
	}
}

// plain is Dots in Go.
func plain(query []int16, rows []int8, out []int32) {
	for i := range out {
		row := rows[i*len(query):][:len(query)]
		var sum int32
		for j, x := range query {
			sum += int32(x) * int32(row[j])
		}
		out[i] = sum
	}
}

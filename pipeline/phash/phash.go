// Package phash tells pictures apart that are not the same file: re-encoded and resized copies
// of one picture have hashes that are near, other pictures do not.
//
//	picture → luma, averaged to 32×32 → DCT → signs of the 64 lowest frequencies → Hash
//
// A hash says nothing about what a picture shows, and it does not survive crops, borders,
// mirrors or turns. Drawings and pictures on plain ground have no hash: too many of them are alike.
package phash

import (
	"fmt"
	"image"
	"math"
	"math/bits"
	"slices"
	"strconv"
)

// Name is what the hash is called where it is stored. It changes whenever equal pictures
// would get another hash.
const Name = "dct-sign-64/1"

// Near is the largest distance of two hashes that counts as the same picture. Among grocery
// photos 990 of 990 copies (JPEG of quality 50 to 95, half and twice the size) are within 2. Other
// shots of one session come as near as 4.
const Near = 3

// Hash is the perceptual hash of a picture: bit k is set where the k-th frequency is positive.
type Hash uint64

// Distance returns the number of bits, 0 to 64, in which two hashes differ.
func (h Hash) Distance(other Hash) int { return bits.OnesCount64(uint64(h ^ other)) }

// String returns 16 hexadecimal digits.
func (h Hash) String() string { return fmt.Sprintf("%016x", uint64(h)) }

// Parse reads what String returns.
func Parse(text string) (Hash, error) {
	if len(text) != 16 {
		return 0, fmt.Errorf("perceptual hash %q: want 16 hexadecimal digits", text)
	}
	n, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("perceptual hash %q: want 16 hexadecimal digits", text)
	}
	return Hash(n), nil
}

const (
	side  = 32 // of the averaged picture
	count = 64 // bits
)

// drawn is how many of 16 tones hold four fifths of the pixels of a drawing. The pictures that
// this project draws, figures on a ground, need 2 to 4, MNIST and Omniglot 1 or 2; of 330 grocery
// photos none needs fewer than 5.
const drawn = 4

// leastVariance of the luma of a picture: a deviation of 4 levels. Below it, noise decides.
const leastVariance = 16

// Of returns the hash of a picture, and false where it has none: where four fifths of its
// pixels are of four tones, as in drawings, or where it is nearly of one tone.
func Of(img *image.NRGBA) (Hash, bool) {
	luma, levels := average(img)
	if !varied(luma, levels.tones(0, 255)) {
		return 0, false
	}
	return signs(frequencies(luma)), true
}

// signs returns the hash of frequencies, in the order of lowest.
func signs(frequencies [count]float64) (h Hash) {
	for k, c := range frequencies {
		if c > 0 {
			h |= 1 << k
		}
	}
	return h
}

// varied reports whether a picture holds enough to tell it from others. luma is that of Of,
// tones counts its pixels by 16 levels of luma.
func varied(luma *[side][side]float64, tones [16]int) bool {
	most, all := 0, 0
	ordered := slices.Sorted(slices.Values(tones[:]))
	for i, n := range ordered {
		all += n
		if i >= len(ordered)-drawn {
			most += n
		}
	}
	if 5*most > 4*all {
		return false
	}
	sum, squares := 0.0, 0.0
	for _, row := range luma {
		for _, x := range row {
			sum += x
			squares += x * x
		}
	}
	mean := sum / (side * side)
	return squares/(side*side)-mean*mean > leastVariance
}

// levels counts pixels by their luma.
type levels [256]int

// tones counts the pixels in 16 equal steps of luma from low to high. Those beyond are in the first and
// the last step.
func (l *levels) tones(low, high int) (tones [16]int) {
	for luma, n := range l {
		step := (luma - low) * len(tones) / (high - low + 1)
		tones[min(max(step, 0), len(tones)-1)] += n
	}
	return tones
}

// average returns the luma in [0,255] of img, averaged over 32×32 equal areas, and the levels of
// its pixels.
func average(img *image.NRGBA) (*[side][side]float64, *levels) {
	var sums [side][side]float64
	var all levels
	size := img.Rect.Size()
	columns, rows := shares(size.X), shares(size.Y)
	for y := range size.Y {
		line := img.Pix[y*img.Stride:]
		var across [side]float64
		for x := range size.X {
			p := line[4*x : 4*x+3 : 4*x+3]
			luma := 0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2]) // ITU-R BT.601
			all[int(luma)]++
			for _, s := range columns[x] {
				across[s.area] += luma * s.part
			}
		}
		for _, s := range rows[y] {
			for i, sum := range across {
				sums[s.area][i] += sum * s.part
			}
		}
	}
	return &sums, &all
}

// share is the part of a row or column of pixels that lies in an area, as a part of that area.
type share struct {
	area int
	part float64
}

// shares returns, for each of n pixels in a line, the areas that it lies in.
func shares(n int) [][]share {
	list := make([][]share, n)
	for i := range n {
		// In units of 1/n of an area, pixel i is [i·side, (i+1)·side), area k is [k·n, (k+1)·n).
		for k := i * side / n; k < side && k*n < (i+1)*side; k++ {
			overlap := min((k+1)*n, (i+1)*side) - max(k*n, i*side)
			list[i] = append(list[i], share{k, float64(overlap) / float64(n)})
		}
	}
	return list
}

// lowest holds the 64 lowest frequencies [row, column] but the mean, by their sum, then by row.
var lowest = func() (list [count][2]int) {
	k := 0
	for sum := 1; k < count; sum++ {
		for row := 0; row <= sum && k < count; row++ {
			list[k] = [2]int{row, sum - row}
			k++
		}
	}
	return list
}()

// cosines is the basis of the DCT: cos(π (2x+1) u / 64), by [u][x]; all u of lowest are below 16.
var cosines = func() (table [16][side]float64) {
	for u := range table {
		for x := range table[u] {
			table[u][x] = math.Cos(math.Pi * float64((2*x+1)*u) / (2 * side))
		}
	}
	return table
}()

// frequencies returns the DCT-II of luma at each of lowest, up to a positive factor.
func frequencies(luma *[side][side]float64) (list [count]float64) {
	var across [side][16]float64 // [row][u] of each row
	for y, row := range luma {
		for u := range cosines {
			for x, c := range cosines[u] {
				across[y][u] += c * row[x]
			}
		}
	}
	for k, at := range lowest {
		for y, c := range cosines[at[0]] {
			list[k] += c * across[y][at[1]]
		}
	}
	return list
}

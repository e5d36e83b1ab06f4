package phash

import (
	"image"
	"math"
)

// ViewsName is what Views are called where they are stored. It changes whenever equal pictures
// would get others.
const ViewsName = "views-34/1"

// Views are hashes of a picture and of parts of it. They find a picture of which up to a tenth was
// cropped, that got a plain border, or that has text on one side:
//
//	crop      the whole of one picture is near a window of the other
//	border    the inside of one picture is near the whole or the inside of the other
//	text      the wholes, or the same three quarters of both, are near
type Views struct {
	Whole   View
	Inside  View // without a plain border; equal to Whole where there is none
	Windows [28]View
	Parts   [4]View // upper, lower, left and right three quarters
}

// View is the hash of a part of a picture.
type View struct {
	Hash   Hash
	Hashed bool // false: the part is plain, or it is a drawing
}

// frame is a part of a picture, in shares of its width and height.
type frame struct{ left, top, right, bottom float64 }

// windows are what crops leave of a picture: crops of 5 and of 10 % of width and height, and of 10 % of
// one of them, at the edges, in the middle and, for the largest, between these.
var windows = func() (list []projection) {
	add := func(cutX, cutY, x, y float64) {
		list = append(list, frame{x * cutX, y * cutY, 1 - cutX + x*cutX, 1 - cutY + y*cutY}.projection())
	}
	for _, x := range []float64{0, 0.5, 1} {
		for _, y := range []float64{0, 0.5, 1} {
			add(0.05, 0.05, x, y)
			add(0.1, 0.1, x, y)
		}
		add(0.1, 0, x, 0)
		add(0, 0.1, 0, x)
	}
	for _, x := range []float64{0.25, 0.75} {
		for _, y := range []float64{0.25, 0.75} {
			add(0.1, 0.1, x, y)
		}
	}
	return list
}()

var quarters = []projection{frame{0, 0, 1, 0.75}.projection(), frame{0, 0.25, 1, 1}.projection(),
	frame{0, 0, 0.75, 1}.projection(), frame{0.25, 0, 1, 1}.projection()}

// ViewsOf returns the views of a picture, none where the whole has no hash: what is left of a drawing, or of a
// product on white, without its ground looks like many others. Drawings are told as Of tells them, but by
// the tones between the darkest and the brightest, which stay when contrast changes; a picture may so have a
// whole and no Hash, or the reverse.
func ViewsOf(img *image.NRGBA) (v Views) {
	luma, whole := view(img)
	if !whole.Hashed {
		return v
	}
	v.Whole, v.Inside = whole, whole
	if r := inside(img); r != img.Rect {
		_, v.Inside = view(img.SubImage(r).(*image.NRGBA))
	}
	across := map[span]*rows{} // frames of one width at one place share them
	of := func(p *projection) View {
		if across[p.width] == nil {
			across[p.width] = p.rows(luma)
		}
		return p.view(luma, across[p.width])
	}
	for i := range windows {
		v.Windows[i] = of(&windows[i])
	}
	for i := range quarters {
		v.Parts[i] = of(&quarters[i])
	}
	return v
}

// view returns the luma of a picture at 32×32, and its hash.
func view(img *image.NRGBA) (*[side][side]float64, View) {
	luma, all := average(img)
	if low, high := all.reach(); !varied(luma, all.tones(low, high)) {
		return luma, View{}
	}
	return luma, View{signs(frequencies(luma)), true}
}

// reach returns the darkest and the brightest luma, but for the 200th part of the pixels on either end.
func (l *levels) reach() (low, high int) {
	all := 0
	for _, n := range l {
		all += n
	}
	for below := l[0]; below <= all/200; below += l[low] {
		low++
	}
	high = len(l) - 1
	for above := l[high]; above <= all/200; above += l[high] {
		high--
	}
	return low, high
}

// projection takes the lowest frequencies of a frame out of a picture at 32×32: for each u and
// each column (row), the integral of cos(π u t) over its part in the frame, where t is the
// place in the frame in [0,1].
type projection struct {
	width        span
	across, down [highest + 1][side]float64
}

// span is from where to where a frame is, in shares of the width of a picture.
type span struct{ left, right float64 }

// rows are the frequencies of each row of a picture at 32×32, [row][u].
type rows [side][highest + 1]float64

// highest is the highest frequency of lowest.
const highest = 10

func (f frame) projection() projection {
	return projection{span{f.left, f.right}, integrals(f.left, f.right), integrals(f.top, f.bottom)}
}

func integrals(from, to float64) (table [highest + 1][side]float64) {
	at := func(x int) float64 { return (min(max(float64(x)/side, from), to) - from) / (to - from) }
	for x := range side {
		a, b := at(x), at(x+1)
		table[0][x] = b - a
		for u := 1; u <= highest; u++ {
			w := math.Pi * float64(u)
			table[u][x] = (math.Sin(w*b) - math.Sin(w*a)) / w
		}
	}
	return table
}

// rows returns the frequencies of each row within the width of the frame.
func (p *projection) rows(luma *[side][side]float64) *rows {
	across := &rows{}
	for y := range luma {
		for u := range p.across {
			sum := 0.0
			for x, c := range &p.across[u] {
				sum += c * luma[y][x]
			}
			across[y][u] = sum
		}
	}
	return across
}

// view returns the hash of a frame, none where it is nearly of one tone. Across are the rows of its width.
func (p *projection) view(luma *[side][side]float64, across *rows) View {
	var mean, squares float64
	for y := range luma {
		row := &luma[y]
		mean += p.down[0][y] * across[y][0]
		for x, l := range row {
			squares += p.down[0][y] * p.across[0][x] * l * l
		}
	}
	if squares-mean*mean <= leastVariance {
		return View{}
	}
	var list [count]float64
	for k, at := range lowest {
		for y, c := range &p.down[at[0]] {
			list[k] += c * across[y][at[1]]
		}
	}
	return View{signs(list), true}
}

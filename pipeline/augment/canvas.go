package augment

import "slices"

// canvas is an image on its way through the steps. Moves and tints are kept and
// composed until a step asks for the pixels themselves.
type canvas struct {
	size   int     // S
	pixels []uint8 // [S,S,3] RGB, before moves and tints that wait
	turn   int     // quarter turns asked for, in [0,4)
	warp   matrix  // waiting moves: place in pixels → place on the canvas
	open   bool    // they show what is outside
	border border  // and that is this
	tint   tint    // waiting changes of colour

	spare []uint8 // [S,S,3]
	line  []int   // of blur
	file  jpegFile
}

// set begins with an image, in place.
func (c *canvas) set(pixels []uint8, size, turn int) {
	c.size, c.pixels, c.turn = size, pixels, turn
	c.warp, c.open, c.tint = still, false, unchanged
	c.spare = slices.Grow(c.spare[:0], len(pixels))[:len(pixels)]
}

// move adds m after the moves that wait. What comes into sight from outside has the
// colour that b says; moves with different borders are not composed.
func (c *canvas) move(m matrix, b border) {
	if c.open && c.border != b {
		c.settleMoves()
	}
	c.warp, c.open, c.border = m.after(c.warp), true, b
}

// cut adds a move that by itself shows nothing from outside.
func (c *canvas) cut(m matrix) { c.warp = m.after(c.warp) }

// colour adds t after the tints that wait.
func (c *canvas) colour(t tint) { c.tint = t.after(c.tint) }

// mean returns the mean colour, tints that wait included, in [0,255] unless they
// lead out of it.
func (c *canvas) mean() rgb {
	c.settleMoves()
	var sum [3]int
	for i := 0; i+2 < len(c.pixels); i += 3 {
		sum[0] += int(c.pixels[i])
		sum[1] += int(c.pixels[i+1])
		sum[2] += int(c.pixels[i+2])
	}
	n := float32(c.size * c.size)
	return c.tint.of(rgb{float32(sum[0]) / n, float32(sum[1]) / n, float32(sum[2]) / n})
}

// settle carries out what waits, so that pixels are what they look like.
func (c *canvas) settle() {
	c.settleMoves()
	if c.tint != unchanged {
		c.tint.apply(c.pixels)
		c.tint = unchanged
	}
}

func (c *canvas) settleMoves() {
	if c.warp == still {
		return
	}
	b := c.border
	switch {
	case !c.open:
		b = border{edge: true} // half a pixel of it can be in sight
	case b.ground:
		b.colour = ground(c.pixels, c.size)
	}
	copy(c.spare, c.pixels)
	sample(c.pixels, c.spare, c.size, c.warp.inverse(), b)
	c.warp, c.open = still, false
}

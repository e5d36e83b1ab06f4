package augment

var saturation = row("towards each pixel's own grey g or away from it: p → g + f·(p - g)", "",
	factorOptions{Amount: 0.4, Probability: 1},
	func(o factorOptions) (Step, error) {
		return o.step(func(c *canvas, f float32) { c.colour(towards(f)) })
	})

package augment

var contrast = row("towards the image's mean grey g or away from it: p → g + f·(p - g)", "",
	factorOptions{Amount: 0.4, Probability: 1},
	func(o factorOptions) (Step, error) {
		return o.step(func(c *canvas, f float32) {
			g := (1 - f) * c.mean().grey()
			c.colour(tint{{f, 0, 0, g}, {0, f, 0, g}, {0, 0, f, g}})
		})
	})

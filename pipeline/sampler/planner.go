package sampler

// planner builds a Plan tuple by tuple, giving each image one row.
type planner struct {
	Plan
	rows map[int32]int32 // dataset image → row of Images
}

func newPlan(pairs int) *planner {
	return &planner{
		rows: make(map[int32]int32, 2*pairs),
		Plan: Plan{
			Images: make([]int32, 0, 2*pairs),
			Left:   make([]int32, 0, pairs),
			Right:  make([]int32, 0, pairs),
			Same:   make([]bool, 0, pairs),
		},
	}
}

// add adds a pair and returns its number.
func (p *planner) add(left, right int32, same bool) int32 {
	p.Left = append(p.Left, p.row(left))
	p.Right = append(p.Right, p.row(right))
	p.Same = append(p.Same, same)
	return int32(len(p.Same) - 1)
}

// addTriplet adds the two pairs of a triplet, and the triplet itself if it is wanted.
func (p *planner) addTriplet(t [3]int32, wanted Tuples) {
	positive, negative := p.add(t[0], t[1], true), p.add(t[0], t[2], false)
	if wanted == Triplets {
		p.Anchor = append(p.Anchor, p.row(t[0]))
		p.Positive, p.Negative = append(p.Positive, positive), append(p.Negative, negative)
	}
}

// plan returns what was built, without its tuples where none are wanted.
func (p *planner) plan(wanted Tuples) Plan {
	if wanted == Classes {
		return Plan{Images: p.Images}
	}
	return p.Plan
}

func (p *planner) row(image int32) int32 {
	row, ok := p.rows[image]
	if !ok {
		row = int32(len(p.Images))
		p.rows[image] = row
		p.Images = append(p.Images, image)
	}
	return row
}

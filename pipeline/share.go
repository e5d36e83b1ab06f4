package pipeline

// Share is the part of each batch that one of several processes reads. All plan the same batches, and the
// images of a batch are cut into runs of about equal length, by rank.
type Share struct {
	Rank int // in [0,Of)
	Of   int // processes; 0 or 1: one reads all
}

// Rows returns which rows of a batch of so many images are the process' own: those of [from,to). With fewer
// images than processes there are none in some.
func (s Share) Rows(images int) (from, to int) {
	if s.Of < 2 {
		return 0, images
	}
	return s.Rank * images / s.Of, (s.Rank + 1) * images / s.Of
}

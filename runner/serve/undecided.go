package serve

import (
	"context"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
)

// Undecided is a model that can be searched, and of which no answer is accepted: what is searched has no threshold.
type Undecided struct {
	Model     string
	Reason    string   // why there is none; "": an earlier version made what is searched
	Suggested *float64 // threshold to begin with, as index.Index.Suggest has it; nil: there is none
}

// Undecided returns the models whose searches accept nothing. It takes some seconds where an index is large.
func (s *Service) Undecided(ctx context.Context) (list []Undecided) {
	for _, p := range s.slots {
		l, done := p.use()
		if l != nil && l.Index != nil {
			if _, decided := l.Index.Threshold(); !decided && l.Index.Len() > 0 {
				list = append(list, Undecided{p.Name, l.Index.About().NoAccept, suggested(ctx, l.Index)})
			}
		}
		done()
	}
	return list
}

// suggested returns a threshold to begin with; nil: nothing is known, or the database does not answer.
func suggested(ctx context.Context, x Index) *float64 {
	switch x := x.(type) {
	case *models.Index:
		return index.Suggested(ctx, x.Vectors())
	case *database:
		return index.Suggested(ctx, x.Index)
	}
	return nil
}

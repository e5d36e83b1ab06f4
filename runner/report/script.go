package report

// script is what the page's script draws.
type script struct {
	Words    kind        `json:"words"`
	Pictures [][]any     `json:"pictures"` // small sheet, tile; large sheet, tile; path, class; x, y of the map or null
	Sides    []int       `json:"sides"`    // of the tiles of each sheet
	Across   int         `json:"across"`
	Classes  []string    `json:"classes"`
	Queries  [][]any     `json:"queries"` // picture; answers, distances, right
	Pairs    [][]any     `json:"pairs"`   // left, right, distance, same
	Trade    scriptTrade `json:"trade"`
}

type scriptTrade struct {
	Thresholds []float64 `json:"thresholds"`
	Accepts    []float64 `json:"accepts"`
	Rejects    []float64 `json:"rejects"`
	Negatives  int64     `json:"negatives"`
	Positives  int64     `json:"positives"`
	At         int       `json:"at"`
}

// script returns what is chosen, its pictures numbered as they are shown.
func (s *subject) script(c choice, t trade, tiles *tiles) script {
	out := script{Pictures: [][]any{}, Queries: [][]any{}, Pairs: [][]any{}, Words: s.kind, Sides: tiles.side, Across: tilesAcross, Trade: scriptTrade{t.thresholds, t.accepts, t.rejects, t.negatives, t.positives, t.at}}
	at, classes := map[int32]int{}, map[string]int{}
	coordinates := plane(s.embeddings, s.dim)
	for i, picture := range c.shown {
		at[picture] = i
		p, of := s.pictures[picture], tiles.at[picture]
		if _, known := classes[p.Class]; !known {
			classes[p.Class] = len(out.Classes)
			out.Classes = append(out.Classes, p.Class)
		}
		row := []any{of.small.sheet, of.small.number, of.large.sheet, of.large.number, p.Path, classes[p.Class], nil, nil}
		if int(picture) < s.mapped {
			row[6], row[7] = rounded(coordinates[2*picture]), rounded(coordinates[2*picture+1])
		}
		out.Pictures = append(out.Pictures, row)
	}
	for _, q := range c.queries {
		var answers []int
		for _, answer := range q.answers {
			answers = append(answers, at[answer])
		}
		out.Queries = append(out.Queries, []any{at[q.picture], answers, q.distance, q.right})
	}
	for _, p := range c.pairs {
		out.Pairs = append(out.Pairs, []any{at[p.left], at[p.right], p.distance, p.same})
	}
	return out
}

// rounded keeps the digits of a place on the map that can be seen.
func rounded(v float64) float64 { return float64(int(v*10000)) / 10000 }

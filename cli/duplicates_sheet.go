package cli

import (
	"fmt"

	"github.com/tfpair/tfpair/internal/sheet"
)

const (
	sheetGroups = 40 // on a sheet of duplicates, at most
	sheetCopies = 6  // of one of them, the best included
)

// writeDuplicatesSheet draws a row of pictures for each of the most doubtful groups. The place of one that cannot be
// read is empty.
func writeDuplicatesSheet(path string, g *gathered, rows []duplicateRow) error {
	var drawn [][]sheet.Cell
	groups := 0
	for _, r := range doubtfulFirst(rows) {
		if r.Best {
			if groups++; groups > sheetGroups {
				break
			}
			drawn = append(drawn, nil)
		}
		last := &drawn[len(drawn)-1]
		if len(*last) == sheetCopies {
			continue
		}
		what := fmt.Sprintf("group %d, best", r.Group)
		if !r.Best {
			what = r.words()
		}
		c, err := shownCell(g.roots[r.print], g.inside[r.print], fmt.Sprintf("%s\n%d×%d\n%s", what, r.Width, r.Height, r.Path))
		if err != nil {
			return err
		}
		*last = append(*last, c)
	}
	if len(drawn) == 0 {
		drawn = [][]sheet.Cell{{{Wide: true, Caption: "no copies were found"}}}
	}
	return sheet.Write(path, sheet.Draw(drawn))
}

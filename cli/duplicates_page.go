package cli

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/disintegration/imaging"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
)

//go:embed duplicates_page.html
var duplicatesPage string

const (
	pagePictures = 1000 // at most, whole groups: some 10 MB
	pageSide     = 200  // of a small picture, pixels
	pageQuality  = 75   // of its JPEG
)

// pageGroup is a group on the page.
type pageGroup struct {
	Number   int
	Kinds    string // of its copies, by spaces
	Pictures []pagePicture
}

// pagePicture is a picture on the page.
type pagePicture struct {
	duplicateRow
	Image template.URL // "" where it cannot be read
	Words string       // how it is the same
	Size  string
}

// pageKind is a kind of copy that can be hidden.
type pageKind struct {
	Kind, Words string
	Count       int
}

// writeDuplicatesPage writes a page with small pictures in it, which needs nothing else.
func writeDuplicatesPage(ctx context.Context, path string, g *gathered, rows []duplicateRow, r duplicatesFound) error {
	shown := doubtfulFirst(rows)
	if len(rows) > pagePictures {
		at := pagePictures
		for at > 0 && !shown[at].Best {
			at--
		}
		shown = shown[:cmp.Or(at, pagePictures)] // of one group that is larger, a part
	}
	pictures, errs := make([]pagePicture, len(shown)), make([]error, len(shown))
	workers.Each(len(shown), func() func(int) {
		return func(i int) {
			pictures[i], errs[i] = g.onPage(ctx, shown[i])
		}
	})
	if err := cmp.Or(append(errs, ctx.Err())...); err != nil {
		return err
	}
	page := struct {
		Title, Summary, Left, Command string
		Kinds                         []pageKind
		Groups                        []pageGroup
	}{Title: r.Photos, Summary: fmt.Sprintf("%s in %s among %s of %s.", count(r.Copies, "copy"), count(r.Groups, "group"),
		count(r.Images, "picture"), strings.Join(nonEmpty(r.Photos, r.Against), " and "))}
	if left := len(rows) - len(shown); left > 0 {
		page.Left = fmt.Sprintf("The page shows %s, those of the most doubtful groups; --out FILE.csv lists all %s.", count(len(shown), "picture"), commas(len(rows)))
	}
	if info, err := os.Stat(r.Photos); err == nil && info.IsDir() && !dataset.HoldsArchives(r.Photos) && r.Against == "" {
		page.Command = commandLine{"tfpair", "duplicates", argument(r.Photos), "--groups", pageList, "--move-to", awayFrom(r.Photos)}.String()
	}
	for _, k := range copies.Kinds {
		if n := r.Kinds[string(k)]; n > 0 {
			page.Kinds = append(page.Kinds, pageKind{string(k), copyWords[k], n})
		}
	}
	for _, p := range pictures {
		if p.Best {
			page.Groups = append(page.Groups, pageGroup{Number: p.Group})
		}
		group := &page.Groups[len(page.Groups)-1]
		group.Pictures = append(group.Pictures, p)
		if kinds := strings.Fields(group.Kinds); !p.Best && !slices.Contains(kinds, string(p.Kind)) {
			group.Kinds = strings.Join(append(kinds, string(p.Kind)), " ")
		}
	}
	t, err := template.New("page").Parse(duplicatesPage)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, page); err != nil {
		return err
	}
	return aside.WriteFile(path, text.Bytes())
}

// pageList is the name of the list that the page saves.
const pageList = "groups.csv"

// awayFrom returns the name of a folder to move copies to: one that does not lie in photos.
func awayFrom(photos string) string {
	const name = "away"
	root, err := resolved(photos)
	to, toErr := resolved(name)
	if err != nil || toErr != nil || !liesIn(root, to) {
		return name
	}
	return filepath.Join(filepath.Dir(root), filepath.Base(root)+"-"+name)
}

// doubtfulFirst returns the rows with the groups, of which the surest come first, the other way round.
func doubtfulFirst(rows []duplicateRow) []duplicateRow {
	turned := make([]duplicateRow, 0, len(rows))
	for end := len(rows); end > 0; {
		start := end - 1
		for !rows[start].Best {
			start--
		}
		turned = append(turned, rows[start:end]...)
		end = start
	}
	return turned
}

// onPage makes the small picture of a row. The error is that of decode.Shown.
func (g *gathered) onPage(ctx context.Context, r duplicateRow) (pagePicture, error) {
	p := pagePicture{duplicateRow: r, Size: kilobytes(r.Bytes)}
	if !r.Best {
		p.Words = r.words()
	}
	if ctx.Err() != nil {
		return p, nil
	}
	img, _, err := decode.Shown(g.roots[r.print], g.inside[r.print])
	if img == nil {
		return p, err
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, imaging.Fit(img, pageSide, pageSide, imaging.Linear), &jpeg.Options{Quality: pageQuality}); err != nil {
		return p, err
	}
	p.Image = template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes())) //nolint:gosec // made here
	return p, nil
}

func kilobytes(n int64) string { return fmt.Sprintf("%s KB", commas(int((n+1<<9)>>10))) }

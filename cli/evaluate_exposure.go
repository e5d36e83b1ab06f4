package cli

import (
	"fmt"

	"github.com/tfpair/tfpair/runner/evaluate"
)

// shownCopies is how many copies of seen images a person is told of by name.
const shownCopies = 5

// sayExposure says what the training has seen of the images measured.
func sayExposure(out output, e *evaluate.Exposure) {
	if e == nil {
		return
	}
	if n := e.Repeats; n > 0 {
		out.print("left out   %s of %s: each is the same file as an earlier one", commas(n), count(e.Images+n, "image"))
	}
	if n := e.RepeatedPairs; n > 0 {
		out.print("left out   %s: each is of the same two files as an earlier one, or of one file", count(n, "pair"))
	}
	if n := e.GalleryShared; n > 0 {
		out.print("left out   %s to search in: each is the same file as one that is measured", count(n, "image"))
	}
	sayRenamed(out, e)
	switch {
	case !e.Known && e.Seen == 0:
		return // sayDoubts does
	case e.Measured:
		out.print("seen       %s of %s were trained on or chose the threshold and are measured all the same",
			commas(e.Seen), count(e.Images, "image"))
	default:
		out.print("seen       %s of %s were trained on or chose the threshold and are left out",
			commas(e.Seen), count(e.Images, "image"))
	}
	if e.GallerySeen > 0 {
		out.print("seen       %s of %s to search in were trained on", commas(e.GallerySeen), count(e.Gallery, "image"))
	}
	sayCopies(out, e)
}

// sayRenamed says which classes training knows by another name.
func sayRenamed(out output, e *evaluate.Exposure) {
	if len(e.Renamed) == 0 {
		return
	}
	names := make([]string, len(e.Renamed))
	for i, r := range e.Renamed {
		if names[i] = r.Class; r.As != "" {
			names[i] += " (was " + r.As + ")"
		}
	}
	so := "so they are no new classes"
	if e.RenamedLeftOut {
		so += " and are left out"
	}
	out.print("renamed    %s: training saw most of their images in classes of other names, %s: %s",
		count(len(e.Renamed), "class"), so, fewWords(names))
}

// sayDoubts says, beside the numbers, why not to trust them.
func sayDoubts(out output, e *evaluate.Exposure, doubts []string) {
	if e != nil && !e.Known {
		out.print("caution    not known which images were trained on, and of those the numbers are too good: the model does " +
			"not tell; its run does, or an export --with-seen")
	}
	if e != nil && e.Measured && e.Seen > 0 {
		out.print("caution    the training has seen %s of %s: the numbers are too good", commas(e.Seen), count(e.Images, "image"))
	}
	if e != nil && len(e.Copies) > 0 {
		out.print("caution    %s of the images measured are copies of ones that training has seen: the numbers are too good",
			commas(len(e.Copies)))
	}
	for _, doubt := range doubts {
		out.print("caution    %s", doubt)
	}
}

// seenIn says, behind a number of images, what the training has seen of them.
func seenIn(e *evaluate.Exposure) string {
	switch {
	case e == nil:
		return ""
	case !e.Known:
		return " that training may have seen"
	case e.Measured && e.Seen > 0:
		return fmt.Sprintf(", %s of which training has seen", commas(e.Seen))
	}
	if n := len(e.Copies); n > 0 {
		return fmt.Sprintf(" that training has not seen, %s of them copies of seen ones", commas(n))
	}
	return " that training has not seen"
}

// sayCopies names images that are nearly what the training has seen.
func sayCopies(out output, e *evaluate.Exposure) {
	if n := len(e.Copies); n > 0 {
		out.print("copies     %s of the images measured are re-encoded or resized copies of seen ones: remove them, "+
			"or the numbers are too good", commas(n))
		for _, c := range e.Copies[:min(shownCopies, n)] {
			out.print("copy       %s of %s (%s)", c.Path, c.Of, c.Role)
		}
		if n > shownCopies {
			out.print("copy       and %s more, which --json lists", commas(n-shownCopies))
		}
	}
	if e.OtherHashes > 0 {
		out.print("copies     of %s seen in training only exact ones are known: another version of tfpair made the perceptual hashes",
			count(e.OtherHashes, "image"))
	}
	if e.Drawings > 0 {
		out.print("copies     of %s only exact ones are known: drawings and pictures on plain ground look too much alike",
			count(e.Drawings, "image"))
	}
}

// onSeen labels what was measured on seen images.
func onSeen(e *evaluate.Exposure) string {
	if e == nil || !e.Measured || e.Seen == 0 {
		return ""
	}
	return fmt.Sprintf(" (on %s seen in training)", count(e.Seen, "image"))
}

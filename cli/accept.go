package cli

import (
	"cmp"
	"fmt"

	"github.com/tfpair/tfpair/models/index"
)

// whichThreshold tells the two thresholds of a model with a gallery apart.
const whichThreshold = "two images are compared by the threshold of pairs; a search in the gallery has this one, " +
	"and an index one of its own"

// fewClasses is of how many classes strangers are, at least, where nothing is said.
const fewClasses = 5

// acceptance says up to which distance answers of a search are accepted, and what that comes to.
func acceptance(a *index.Accept, why string) string {
	if a == nil {
		return "no threshold for searches in it: " + noThreshold(why)
	}
	if a.Value < 0 {
		return fmt.Sprintf("nothing is accepted: with any threshold more than %.3g %% of strangers were (%s)",
			100*a.Promise, a.Source)
	}
	line := fmt.Sprintf("accepted where distance <= %.4g (from %s)", a.Value, a.Source)
	if a.Detection != nil {
		line += fmt.Sprintf("; of known images %.1f %% are found", 100**a.Detection)
	}
	if a.Classes > 0 && a.Classes < fewClasses {
		line += fmt.Sprintf("; strangers of %s say little of other strangers", count(a.Classes, "class"))
	}
	return line
}

// noThreshold says why an index has no threshold.
func noThreshold(why string) string {
	return cmp.Or(why, "an earlier version made what is searched; build it again for one")
}

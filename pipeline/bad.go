package pipeline

import (
	"fmt"
	"math"
	"strings"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// BadImage is an image that could not be decoded.
type BadImage struct {
	Image int32  // index in the dataset
	Path  string // inside the dataset's root
	Err   error
}

// BadImagesError lists every image that cannot be used, where they are more than may be left
// out.
type BadImagesError struct {
	Images []BadImage
	Total  int     // images looked at
	Budget int     // how many may be left out
	Share  float64 // the share of Total that Budget is, at most; 0 where none may
}

// listed is how many bad images a message names.
const listed = 50

func (e *BadImagesError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d images cannot be used", len(e.Images), e.Total)
	if e.Share > 0 {
		fmt.Fprintf(&b, " and at most %d may be skipped, %g %%", e.Budget, 100*e.Share)
	}
	for i, bad := range e.Images {
		if i == listed {
			fmt.Fprintf(&b, "\n  and %d more", len(e.Images)-listed)
			break
		}
		fmt.Fprintf(&b, "\n  %v", bad.Err)
	}
	return b.String()
}

// BadBudget returns how many of total images may be bad and left out: the most whose share is
// not above share, in [0,1].
func BadBudget(total int, share float64) int {
	const rounding = 1e-9 // 0.29 of 100 are 28.999999999999996
	return int(math.Floor(share*float64(total) + rounding))
}

// LeaveOut takes the bad ones of total images out of parts of the data, and returns their
// paths. The error is a *BadImagesError where they are more than BadBudget allows; parts are
// left as they are then.
func LeaveOut(bad []BadImage, total int, share float64, parts ...*dataset.Part) ([]string, error) {
	if budget := BadBudget(total, share); len(bad) > budget {
		return nil, &BadImagesError{Images: bad, Total: total, Budget: budget, Share: share}
	}
	var paths []string
	skip := map[int32]bool{}
	for _, b := range bad {
		skip[b.Image] = true
		paths = append(paths, b.Path)
	}
	for _, p := range parts {
		*p = p.Without(skip)
	}
	return paths, nil
}

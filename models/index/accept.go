package index

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/models/distance"
)

// Promise is the share of strangers that an index accepts if nothing else is asked for.
const Promise = distance.Promise

// minClasses is of how many classes strangers are, at least. Classes differ: on photos of groceries
// the promise of 5 % came to 10 to 13 % on other classes where 3 or 4 classes chose the threshold, even
// where it accepted none of their images.
const minClasses = 5

// Accept is the distance up to which the nearest image of a search is taken for an answer. It
// was chosen for an index of this size, and for no other.
type Accept struct {
	distance.Threshold
	Promise float64 `json:"promise,omitempty"` // share of strangers that may be accepted; 0: none was asked for
	// FalsePositives is the share of the strangers that is accepted; nil: not measured.
	FalsePositives *float64 `json:"false_positive_identification_rate,omitempty"`
	// Detection is the share of known images whose nearest is right and accepted; nil: not measured.
	Detection *float64 `json:"detection_rate,omitempty"`
	Images    int      `json:"images"`                     // N, searched
	Strangers int      `json:"strangers,omitempty"`        // that asked
	Classes   int      `json:"stranger_classes,omitempty"` // of these; 0: not known
}

// Strangers are embeddings of images that the network has not learned from, in its space.
type Strangers struct {
	Classes []string `json:"classes"` // [S] class of each
	Vectors Vectors  `json:"vectors"` // [S,D]
}

// Vectors is numbers that are written as base64 of little-endian float32.
type Vectors []float32

// MarshalText writes v.
func (v Vectors) MarshalText() ([]byte, error) {
	var raw []byte
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText reads what MarshalText wrote.
func (v *Vectors) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil || len(raw)%4 != 0 {
		return errors.Join(err, fmt.Errorf("%d bytes are no numbers of 4 bytes", len(raw)))
	}
	*v = nil
	for ; len(raw) > 0; raw = raw[4:] {
		*v = append(*v, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
	}
	return nil
}

// ParseStrangers returns the strangers that text, JSON, tells of in a space of dim dimensions. The
// error says what is wrong with it.
func ParseStrangers(text []byte, dim int) (s Strangers, err error) {
	if err := json.Unmarshal(text, &s); err != nil {
		return Strangers{}, err
	}
	if want := len(s.Classes) * dim; len(s.Vectors) != want {
		return Strangers{}, fmt.Errorf("%d numbers of %s, want %d", len(s.Vectors), plural.Count(len(s.Classes), "stranger"), want)
	}
	for i, x := range s.Vectors {
		if float64(x)-float64(x) != 0 {
			return Strangers{}, fmt.Errorf("stranger %d: number %d is %v", i/dim, i%dim, x)
		}
	}
	return s, nil
}

// Calibration is what a threshold is chosen by.
type Calibration struct {
	Promise   float64         // share of strangers that may be accepted, in (0,1)
	Learned   func(Item) bool // whether the network has learned from the item's class; nil: from none
	Strangers Strangers       // of validation; may be empty
	Untold    string          // why Strangers is empty though there were some, and the mend; "": it tells all
}

// Calibrate returns x with a threshold for its size. Strangers ask: those of c whose class is not in
// x, and each image of x that the network has not learned from, with its class taken out. The
// latter search fewer images, by n of N, so each counts N/(N−n): to the first order that is how
// many more would be accepted among N. So that strangers of other classes keep the promise as well,
// the threshold is the largest that keeps it when each class is left out of choosing and then asks,
// and it is stricter the fewer classes hold most of the strangers: see stricter. Where none can be
// chosen NoAccept says why: classes of x are not known, there are fewer than 3/promise strangers, or
// they are of fewer than five classes. It panics where the promise is no share.
func (x *Index) Calibrate(c Calibration) *Index {
	if !(c.Promise > 0 && c.Promise < 1) {
		panic(fmt.Sprintf("index: promised share of strangers is %v, want one between 0 and 1", c.Promise))
	}
	y := *x
	y.about.Accept, y.about.NoAccept = x.choose(c)
	return &y
}

// choose returns the threshold, or why there is none.
func (x *Index) choose(c Calibration) (*Accept, string) {
	rows := map[string][]int{} // of each class
	for row, item := range x.All() {
		rows[item.Class] = append(rows[item.Class], row)
	}
	if n := len(rows[""]); n > 0 {
		return nil, fmt.Sprintf("the class of %s is not known, so nobody knows who is a stranger", plural.Count(n, "image"))
	}
	own, known := x.own(rows, c.Learned)
	list := append(x.validation(rows, c.Strangers), own...)
	list.sort()
	if few := list.few(c.Promise); few != "" && c.Untold != "" {
		return nil, few + "; " + c.Untold
	} else if few != "" {
		return nil, few
	}
	a := Accept{Promise: c.Promise, Images: x.Len(), Strangers: len(list), Classes: list.classes()}
	a.Value = list.crossed(list.stricter(c.Promise))
	accepted := list.accepted(a.Value) / float64(len(list))
	a.FalsePositives, a.Detection = &accepted, known.detection(a.Value)
	a.Source = fmt.Sprintf("%s of %s among %s, %.3g %% accepted at most", plural.Count(a.Strangers, "stranger"),
		plural.Count(a.Classes, "class"), plural.Count(a.Images, "image"), 100*a.Promise)
	return &a, ""
}

// few says what the strangers are too few for, "" where they can keep a promise.
func (l askedList) few(promise float64) string {
	switch need, classes := distance.Needed(promise), l.classes(); {
	case len(l) < need:
		return fmt.Sprintf("%s of classes that training has not seen can ask as strangers, want %d to promise %.3g %%",
			plural.Count(len(l), "image"), need, 100*promise)
	case classes < minClasses:
		return fmt.Sprintf("the images that can ask as strangers are of %s, want at least %d: so few say little of other strangers",
			plural.Count(classes, "class"), minClasses)
	}
	return ""
}

// Accepting returns x with a threshold.
func (x *Index) Accepting(a Accept) *Index {
	y := *x
	y.about.Accept, y.about.NoAccept = &a, ""
	return &y
}

// Outgrown reports whether the number of images differs by a quarter from that for which the threshold
// was chosen, and it can be chosen anew: see Renew.
func (f *Folder) Outgrown() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now.outgrown()
}

func (s state) outgrown() bool {
	return s.Promise > 0 && Accept{Images: s.Chosen}.Outgrown(s.Images)
}

// Outgrown reports whether so many images are a quarter more, or fewer, than those that the threshold was chosen for.
func (a Accept) Outgrown(images int) bool { return 4*images > 5*a.Images || 5*images < 4*a.Images }

// Renew chooses the threshold anew where it is outgrown, and reports whether it did. Searches and
// changes go on while the strangers ask.
func (f *Folder) Renew() (bool, error) {
	f.mu.Lock()
	now, x := f.now, f.view.Load()
	f.mu.Unlock()
	if !now.outgrown() {
		return false, nil
	}
	list, err := f.strangers(now)
	if err != nil {
		return false, err
	}
	about := x.Calibrate(Calibration{Promise: now.Promise, Strangers: list, Untold: now.Untold}).about
	f.changing.Lock()
	defer f.changing.Unlock()
	return true, f.exclusively(func() error {
		now := f.now
		now.Accept, now.NoAccept, now.Chosen = about.Accept, about.NoAccept, x.Len()
		now.Changes++
		if err := now.write(f.path); err != nil {
			return f.refused(err)
		}
		return f.refused(f.load(now))
	})
}

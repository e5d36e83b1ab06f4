package train

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// UnlikeError says that a process of a group would not train the same as the chief.
type UnlikeError struct {
	Who []string // "worker 1 has train.steps 5 (the chief 4)"
}

func (e *UnlikeError) Error() string {
	return "processes of the cluster do not train the same: " + strings.Join(e.Who, "; ")
}

// card is what all processes of a group must have alike.
type card struct {
	Program string            `json:"program"`
	Machine session.Machine   `json:"machine"`
	Data    string            `json:"data"`   // fingerprint: names and labels
	Images  string            `json:"images"` // sum of their bytes
	Count   int               `json:"count"`  // of images
	Skipped []string          `json:"skipped"`
	Decoder string            `json:"decoder"`
	Spec    map[string]string `json:"spec"` // value of each key
}

// compareCards has all processes show what they are about to train. Where one is not like the chief, all get
// the *UnlikeError.
func (l *loop) compareCards(train dataset.Part, labels []int32) error {
	images, err := l.images(train, dataset.Part{}, labels)
	if err != nil {
		return err
	}
	own := card{Program: l.Program, Data: l.Data.Fingerprint(), Images: images.Sum(), Count: len(l.Data.Images), Skipped: l.state.Skipped, Decoder: l.store.Decoder()}
	if own.Machine, err = l.machine(); err != nil {
		return err
	}
	own.Machine.Devices = nil // have the names of the processes
	if own.Spec, err = l.Spec.Values(); err != nil {
		return err
	}
	text, err := json.Marshal(own)
	if err != nil {
		return fmt.Errorf("encode the card of this process: %w", err)
	}
	texts, err := l.Group.Texts(string(text))
	if err != nil {
		return err
	}
	cards := make([]card, len(texts))
	for rank, text := range texts {
		if err := json.Unmarshal([]byte(text), &cards[rank]); err != nil {
			return fmt.Errorf("read the card of %s: %w", l.Group.Name(rank), err)
		}
	}
	data, err := l.unlikeData(cards, images)
	if err != nil {
		return err
	}
	e := &UnlikeError{}
	for rank := range cards {
		list := cards[0].differences(cards[rank])
		if data[rank] != "" {
			list = append(list, data[rank])
		}
		if len(list) > 0 {
			e.Who = append(e.Who, l.Group.Name(rank)+" has "+strings.Join(list, ", "))
		}
	}
	if len(e.Who) > 0 {
		l.Group.Leave()
		return e
	}
	return nil
}

// differences says what of b is not as in the chief's card, but for the data.
func (c card) differences(b card) (list []string) {
	if c.Program != b.Program {
		list = append(list, fmt.Sprintf("tfpair %s (the chief %s)", b.Program, c.Program))
	}
	for _, d := range b.Machine.Differences(c.Machine) {
		list = append(list, strings.Replace(d, ", now ", " (the chief ", 1)+")")
	}
	if fmt.Sprint(c.Skipped) != fmt.Sprint(b.Skipped) && c.Data == b.Data {
		list = append(list, fmt.Sprintf("skipped images %v (the chief %v)", b.Skipped, c.Skipped))
	}
	if c.Decoder != b.Decoder {
		list = append(list, fmt.Sprintf("decoder %q (the chief %q)", b.Decoder, c.Decoder))
	}
	keys := maps.Clone(c.Spec)
	maps.Copy(keys, b.Spec)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if chief, other := cmp.Or(c.Spec[key], "absent"), cmp.Or(b.Spec[key], "absent"); chief != other {
			list = append(list, fmt.Sprintf("%s %s (the chief %s)", key, other, chief))
		}
	}
	return list
}

// told is what a process tells of an image, where data differ.
type told struct {
	Size   int64  `json:"size"` // bytes
	Class  string `json:"class"`
	Split  string `json:"split"`
	SHA256 string `json:"sha256"` // "" where the image is not trained on
}

// mostTold is how many images processes tell each other of, at most: some 3 MB each.
const mostTold = 20_000

// like reports whether the data of b is that of the chief's card.
func (c card) like(b card) bool { return c.Data == b.Data && c.Images == b.Images }

// unlikeData says of each process how its data differs from the chief's, "" where it does not. Processes tell each other of
// their images only where any does, which all know from the cards.
func (l *loop) unlikeData(cards []card, images seen.List) ([]string, error) {
	unlike, most := make([]string, len(cards)), 0
	same := true
	for _, c := range cards {
		same, most = same && cards[0].like(c), max(most, c.Count)
	}
	if same {
		return unlike, nil
	}
	all := make([]map[string]told, len(cards))
	if most <= mostTold {
		text, err := json.Marshal(l.describe(images))
		if err != nil {
			return nil, fmt.Errorf("encode the images of this process: %w", err)
		}
		texts, err := l.Group.Texts(string(text))
		if err != nil {
			return nil, err
		}
		for rank, text := range texts {
			if err := json.Unmarshal([]byte(text), &all[rank]); err != nil {
				return nil, fmt.Errorf("read the images of %s: %w", l.Group.Name(rank), err)
			}
		}
	}
	for rank, c := range cards {
		if !cards[0].like(c) {
			unlike[rank] = "other data: " + cmp.Or(compareTold(all[0], all[rank]), compareCounts(cards[0], c))
		}
	}
	return unlike, nil
}

// describe returns what this process has, by path.
func (l *loop) describe(images seen.List) map[string]told {
	all := make(map[string]told, len(l.Data.Images))
	for _, image := range l.Data.Images {
		t := told{Size: image.Size, Split: image.Split.String()}
		if image.Class >= 0 {
			t.Class = l.Data.Classes[image.Class]
		}
		all[image.Path] = t
	}
	for _, image := range images {
		t := all[image.Path]
		t.SHA256 = fmt.Sprintf("%x", image.SHA256)
		all[image.Path] = t
	}
	return all
}

// compareTold says what is not as the chief has it, "" where every image is. Splits are drawn from all images, so they are named
// only where nothing else differs.
func compareTold(chief, other map[string]told) string {
	var lacks, more, differ, elsewhere []string
	for path, c := range chief {
		switch o, there := other[path]; {
		case !there:
			lacks = append(lacks, path)
		case o.Size != c.Size || o.Class != c.Class || o.Split == c.Split && o.SHA256 != c.SHA256:
			differ = append(differ, path)
		case o.Split != c.Split:
			elsewhere = append(elsewhere, path)
		}
	}
	for path := range other {
		if _, there := chief[path]; !there {
			more = append(more, path)
		}
	}
	var parts []string
	for _, of := range []struct {
		what  string
		paths []string
	}{{"not there", lacks}, {"not the chief's", more}, {"of another class or with other bytes", differ}, {"in another split", elsewhere}} {
		if len(of.paths) > 0 && (of.what != "in another split" || parts == nil) {
			parts = append(parts, fmt.Sprintf("%s %s (first %q)", plural.Count(len(of.paths), "image"), of.what, slices.Min(of.paths)))
		}
	}
	return strings.Join(parts, ", ")
}

// compareCounts says what the cards tell of the data.
func compareCounts(chief, other card) string {
	if chief.Count != other.Count {
		return fmt.Sprintf("%s (the chief %d)", plural.Count(other.Count, "image"), chief.Count)
	}
	if chief.Data == other.Data {
		return "other bytes in images of the same names"
	}
	return "as many images, and other names, classes, splits, pairs or groups"
}

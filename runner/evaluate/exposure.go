package evaluate

import (
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// Exposure is what the training of a model has seen of the images that it is measured on.
// Images are known by their content, whatever their path.
type Exposure struct {
	Known    bool   `json:"known"`             // false: the model does not remember what its training has seen
	Images   int    `json:"images"`            // given to be measured, without Repeats
	Seen     int    `json:"seen"`              // of these, that were trained on or chose the threshold
	Measured bool   `json:"seen_are_measured"` // all the same; else they are left out
	Copies   []Copy `json:"copies,omitempty"`  // re-encoded or resized copies of seen images; measured
	Drawings int    `json:"drawings"`          // images whose re-encoded copies cannot be known: drawings, pictures on plain ground

	Renamed        []Renamed `json:"renamed,omitempty"`              // classes that training saw under other names
	RenamedLeftOut bool      `json:"renamed_are_left_out,omitempty"` // new classes were to be measured, and these are none

	OtherHashes int `json:"other_hashes,omitempty"` // images that the training has seen, whose copies are not known: another version hashed them

	Gallery     int `json:"gallery"`      // images searched in, where these are not the measured ones
	GallerySeen int `json:"gallery_seen"` // of these, that were trained on or chose the threshold

	Repeats       int `json:"repeats"`        // left out: the same file as an earlier image that is measured
	GalleryShared int `json:"gallery_shared"` // left out of what is searched: the same file as an image that is measured
	RepeatedPairs int `json:"repeated_pairs"` // left out: of the same two files as an earlier listed pair, or of one file
}

// LeftOut returns how many images were left out.
func (e *Exposure) LeftOut() int {
	if e.Measured {
		return 0
	}
	return e.Seen
}

// Renamed is a class of the data that is measured whose images training saw in a class of another
// name.
type Renamed struct {
	Class string `json:"class"`
	As    string `json:"trained_as,omitempty"` // "" not known
}

// Copy is an image that is nearly one that the training has seen.
type Copy struct {
	Path string `json:"path"` // inside the data that is measured
	Of   string `json:"of"`   // inside the data that was trained on
	Role string `json:"role"` // what the training did with that one: "train", "val" or "label"
}

// Without returns episodes whose queries are none of the given images, and without episodes
// that have no query left.
func (e Episodes) Without(skip map[int32]bool) Episodes {
	var kept []dataset.Episode
	for _, one := range e.List {
		var query, answer []int32
		for i, image := range one.Query {
			if !skip[image] {
				query, answer = append(query, image), append(answer, one.Answer[i])
			}
		}
		if one.Query, one.Answer = query, answer; len(query) > 0 {
			kept = append(kept, one)
		}
	}
	e.List = kept
	return e
}

// Queries returns the distinct queries of the episodes, in the order of the list.
func (e Episodes) Queries() []int32 {
	return e.distinct(func(one dataset.Episode) []int32 { return one.Query })
}

// Support returns the distinct images that queries are compared with, in the order of the list.
func (e Episodes) Support() []int32 {
	return e.distinct(func(one dataset.Episode) []int32 { return one.Support })
}

// distinct returns the images that of takes from the episodes, each once.
func (e Episodes) distinct(of func(dataset.Episode) []int32) []int32 {
	var images []int32
	known := map[int32]bool{}
	for _, one := range e.List {
		for _, image := range of(one) {
			if !known[image] {
				known[image] = true
				images = append(images, image)
			}
		}
	}
	return images
}

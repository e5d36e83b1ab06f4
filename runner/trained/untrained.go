package trained

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/backbone"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/runner/network"
)

// Untrained opens the network of p with the weights of files in its backbone, before any
// training. It has no threshold and no data. Errors are those of network.Open and Import.
func Untrained(p *graphs.Parts, files []*weights.File, own network.Own, o session.Options) (*Model, error) {
	n, err := network.Open(p, own, o)
	if err != nil {
		return nil, err
	}
	from, tensors, err := Import(n, files)
	if err == nil {
		err = n.StartFrom(tensors, uint64(p.Spec.Train.Seed))
	}
	if err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return &Model{Network: n, Spec: p.Spec, State: State{Pretrained: from, BestStep: -1, Decoder: decode.LibJPEG}}, nil
}

// NoThreshold is the threshold of a model that has none: no distance is accepted.
var NoThreshold = distance.Threshold{Value: -1}

// Import returns the tensors of files under the keys of n's backbone, and what the files are. A
// backbone of several networks takes one file for each, in any order; every other one takes one file.
// Errors are *TowersError, *weights.OptionsError and *weights.Error.
func Import(n *network.Network, files []*weights.File) (*models.Pretrained, []checkpoint.Tensor, error) {
	choice, towers := n.Parts.Spec.Backbone, n.Parts.Backbone.Towers
	if n.Parts.Backbone.Members != nil {
		return nil, nil, &TowersError{Backbone: choice.Name, Untrained: true}
	}
	shapes := network.BackboneShapes(n.Graph.Variables)
	if len(files) == 1 && len(towers) == 0 || len(files) == 1 && own(files[0]) {
		return importOne(files[0], choice, shapes)
	}
	byNetwork, err := sorted(files, choice.Name, towers)
	if err != nil {
		return nil, nil, err
	}
	var all *models.Pretrained
	var tensors []checkpoint.Tensor
	for _, name := range towers {
		tower := named.Choice{Name: name}
		if _, err := backbone.Table.New(&tower); err != nil { // fills in its options
			return nil, nil, err
		}
		from, list, err := importOne(byNetwork[name], tower, below(shapes, name))
		if err != nil {
			return nil, nil, err
		}
		for i := range list {
			list[i].Name = names.Backbone + "/" + name + strings.TrimPrefix(list[i].Name, names.Backbone)
		}
		tensors = append(tensors, list...)
		if all == nil {
			all = from
		} else {
			all.Others = append(all.Others, *from)
		}
	}
	return all, tensors, nil
}

// own reports whether tfpair wrote f in a training: it then holds the whole backbone.
func own(f *weights.File) bool {
	l, err := f.Layout()
	return err == nil && l.Network == ""
}

func importOne(f *weights.File, of named.Choice, shapes map[string][]int64) (*models.Pretrained, []checkpoint.Tensor, error) {
	if err := f.Check(of); err != nil {
		return nil, nil, err
	}
	imported, err := f.Import(weights.Network{Name: of.Name, Shapes: shapes})
	if err != nil {
		return nil, nil, err
	}
	return &models.Pretrained{File: filepath.Base(f.Path), SHA256: f.SHA256, Format: f.Format,
		Layout: imported.Layout.Name}, imported.Tensors, nil
}

// below returns the shapes of a tower's variables under the keys that they have where it is alone.
func below(shapes map[string][]int64, tower string) map[string][]int64 {
	of := map[string][]int64{}
	for key, shape := range shapes {
		if rest, ok := strings.CutPrefix(key, names.Backbone+"/"+tower+"/"); ok {
			of[names.Backbone+"/"+rest] = shape
		}
	}
	return of
}

// TowersError says that files of weights are not one for each network of a backbone.
type TowersError struct {
	Backbone    string
	Want, Given []string // networks; Want is nil where the backbone is one network
	Untrained   bool     // the networks of the backbone have heads that no file of weights holds
}

func (e *TowersError) Error() string {
	if e.Untrained {
		return fmt.Sprintf("backbone %q is made of networks that a training has trained, and not of weights alone", e.Backbone)
	}
	if e.Want == nil {
		return fmt.Sprintf("%d files of weights are given, and backbone %q is one network", len(e.Given), e.Backbone)
	}
	return fmt.Sprintf("backbone %q wants weights of %s, one file each, got those of %s", e.Backbone,
		strings.Join(e.Want, " and "), strings.Join(e.Given, " and "))
}

// sorted returns the files by the networks that they are of. The error is a *TowersError or a
// *weights.Error.
func sorted(files []*weights.File, backbone string, towers []string) (map[string]*weights.File, error) {
	byNetwork := map[string]*weights.File{}
	var given []string
	for _, f := range files {
		l, err := f.Layout()
		if err != nil {
			return nil, err
		}
		byNetwork[l.Network], given = f, append(given, l.Network)
	}
	for _, name := range towers {
		if byNetwork[name] == nil {
			return nil, &TowersError{Backbone: backbone, Want: towers, Given: given}
		}
	}
	if len(files) != len(towers) {
		return nil, &TowersError{Backbone: backbone, Want: towers, Given: given}
	}
	return byNetwork, nil
}

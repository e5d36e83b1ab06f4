package network

import (
	"errors"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
)

// Folded is a network that answers and learns nothing more, with its weights in place: what an export
// is. One goroutine at a time may use it.
type Folded struct {
	size    int // side of the images
	session *session.Session
	embed   *session.Call
}

// OpenFolded opens n as it is now in that form. Errors are those of graphs.BuildFolded and
// session.Open.
func (n *Network) OpenFolded(o session.Options) (*Folded, error) {
	c, err := n.Snapshot()
	if err != nil {
		return nil, err
	}
	weights := make(map[string][]float32, len(c.Variables))
	for _, v := range c.Variables {
		weights[v.Name] = v.Data
	}
	g, err := graphs.BuildFolded(n.Parts, weights, 0)
	if err != nil {
		return nil, err
	}
	o.Rewrite = true
	opened, err := session.Open(g.TF, o)
	if err != nil {
		return nil, err
	}
	return folded(opened, n.size())
}

// OpenDefinition opens a network in that form of which there is a serialized GraphDef, for images [S,S,3] of
// size S. Errors are those of session.OpenDef.
func OpenDefinition(def []byte, size int, o session.Options) (*Folded, error) {
	o.Rewrite = true
	opened, err := session.OpenDef(def, o)
	if err != nil {
		return nil, err
	}
	return folded(opened, size)
}

// folded takes an opened session, and closes it where it cannot be used.
func folded(opened *session.Session, size int) (*Folded, error) {
	embed, err := opened.Prepare([]string{names.ServingImages}, []string{names.ServingEmbedding}, nil)
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return &Folded{size, opened, embed}, nil
}

// Embed returns what Network.Embed does, but for the rounding of sums.
func (f *Folded) Embed(pixels []uint8) ([]float32, error) {
	values, err := f.embed.Run(PixelsOf(pixels, f.size))
	if err != nil {
		return nil, err
	}
	return session.Data[float32](values[0])
}

// Close frees the network.
func (f *Folded) Close() error { return f.session.Close() }

package export

import (
	"cmp"
	"errors"
	"os"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/runner/trained"
)

func (c Config) form() models.Form { return cmp.Or(c.Form, models.Folded) }

// build returns the graph of m in the form of c. Errors are those of graphs.
func (c Config) build(m *trained.Model, weights []checkpoint.Tensor, threshold distance.Threshold) (*graphs.Inference, error) {
	if c.form() == models.Trainable {
		return graphs.BuildInference(m.Parts, threshold.Value)
	}
	return folded(m, weights, threshold.Value)
}

// folded returns the graph of m over weights as constants. Errors are those of graphs.BuildFolded.
func folded(m *trained.Model, weights []checkpoint.Tensor, threshold float64) (*graphs.Inference, error) {
	values := make(map[string][]float32, len(weights))
	for _, w := range weights {
		values[w.Name] = w.Data
	}
	return graphs.BuildFolded(m.Parts, values, threshold)
}

// write writes saved_model.pb and, where the graph has variables, lets it write these beside it.
func (c Config) write(p *place, size int, g *graphs.Inference, q *quantized, weights []checkpoint.Tensor) error {
	if q != nil {
		text, err := encode(g, q.def, size, c.Runtime)
		if err == nil {
			text, err = savedmodel.SetLimit(text, graphs.Limit(q.threshold.Value))
		}
		if err != nil {
			return err
		}
		return p.write(savedmodel.FileName, text)
	}
	if !g.Folded {
		if err := c.store(p, g, weights); err != nil {
			return err
		}
	}
	def, err := definition(g)
	if err != nil {
		return err
	}
	text, err := encode(g, def, size, c.Runtime)
	if err != nil {
		return err
	}
	return p.write(savedmodel.FileName, text)
}

// store lets the graph write its variables.
func (c Config) store(p *place, g *graphs.Inference, weights []checkpoint.Tensor) (err error) {
	s, err := session.Open(g.TF, c.Session)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	feeds, values := make([]string, len(weights)), make([]session.Value, len(weights))
	for i, w := range weights {
		feeds[i], values[i] = w.Name+names.Value, session.Of(w.Data, w.Shape...)
	}
	if err := s.Assign(names.Assign, feeds, values); err != nil {
		return err
	}
	if err := os.Mkdir(p.at(savedmodel.VariablesFolder), 0o755); err != nil {
		return err
	}
	return s.Store(names.SavePrefix, names.Save, p.at(savedmodel.VariablesPrefix))
}

// Package card writes the model card of an exported model:
//
//	manifest, people's words → front matter in YAML, Markdown → README.md
//
// The front matter is that of Hugging Face's model cards. The package measures nothing: each number
// is one of the manifest.
package card

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/onnx"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/metric"
)

// Name is where the card lies in the folder of a model, and WordsName where the words lie that
// people gave for it.
const (
	Name      = "README.md"
	WordsName = savedmodel.ExtraFolder + "/card.yaml"
)

//go:embed card.md
var files embed.FS

var page = template.Must(template.New("card.md").Funcs(template.FuncMap{
	"brief": evaluate.Brief, "cell": cell, "hasONNX": hasONNX, "interval": interval, "level": level,
	"licence": licence, "number": number, "on": measuredOn, "questions": questions, "searches": searches, "trim": strings.TrimSpace,
	"validation": validationOf,
}).ParseFS(files, "card.md"))

// Of returns the card of the model that m tells of. Words are the text of a file that ReadWords
// returned, nil for none; name stands for a title. The error says what is wrong with one of them.
func Of(m *models.Manifest, words []byte, name string) ([]byte, error) {
	w, err := parse(words, WordsName)
	if err != nil {
		return nil, err
	}
	s, err := spec.Stored(m.Spec, models.ManifestName)
	if err != nil {
		return nil, err
	}
	if w.Title == "" {
		w.Title = name
	}
	var b bytes.Buffer
	if err := writeFront(&b, m, s, w); err != nil {
		return nil, fmt.Errorf("card: %w", err)
	}
	of := struct {
		*models.Manifest
		Words Words
		Made  *spec.Spec // the spec that m tells as JSON
	}{m, w, s}
	if err := page.Execute(&b, of); err != nil {
		return nil, fmt.Errorf("card: %w", err)
	}
	return b.Bytes(), nil
}

// cell is text inside a table of Markdown.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\r", " ", "\n", " ").Replace(text)
}

// number is a metric's value as tfpair prints it.
func number(v float64) string { return fmt.Sprintf("%.4f", v) }

func interval(m models.Metric) string {
	if m.Level == 0 {
		return "not known"
	}
	return number(m.Low) + " – " + number(m.High)
}

// level names the interval of the first metric that has one.
func level(list []models.Metric) string {
	for _, m := range list {
		if m.Level > 0 {
			return fmt.Sprintf("%.0f %%", 100*m.Level)
		}
	}
	return "confidence"
}

// questions says what the intervals take for drawn at random.
func questions(list []models.Metric) string {
	var all []string
	for _, m := range list {
		if m.Question != "" && !slices.Contains(all, m.Question) {
			all = append(all, m.Question)
		}
	}
	return strings.Join(all, ", or ")
}

// measuredOn names the pictures of the metrics.
func measuredOn(m *models.Manifest) string {
	if m.CalibratedOn != nil {
		return m.CalibratedOn.Name
	}
	return validationOf(m)
}

func validationOf(m *models.Manifest) string { return "the validation part of " + m.Data.Name }

// ofSearch reports whether a metric is of photos that are searched for among label images: the others are of pairs.
func ofSearch(m models.Metric) bool { return !slices.Contains(metric.Pairs.Names(), m.Name) }

// searches names the metrics of searches.
func searches(list []models.Metric) string {
	var names []string
	for _, m := range list {
		if ofSearch(m) {
			names = append(names, m.Name)
		}
	}
	return strings.Join(names, ", ")
}

func hasONNX(m *models.Manifest) bool {
	_, ok := m.Files[onnx.FileName]
	return ok
}

// licence says under which licence a file of weights came, by its checksum.
func licence(p models.Pretrained) string {
	for _, s := range pretrained.Sets {
		if s.SHA256 == p.SHA256 {
			return s.Brief + ", licence " + s.Licence
		}
	}
	return "its licence is not known to tfpair"
}

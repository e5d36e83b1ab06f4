package card

import (
	"io"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/models"
)

// task is Hugging Face's word for what embeddings of pictures are for.
const task = "image-feature-extraction"

// front is the front matter of a card, as https://huggingface.co/docs/hub/model-cards has it.
type front struct {
	Language    []string `yaml:"language,omitempty"`
	License     string   `yaml:"license,omitempty"`
	LicenseName string   `yaml:"license_name,omitempty"`
	LicenseLink string   `yaml:"license_link,omitempty"`
	Library     string   `yaml:"library_name"`
	Task        string   `yaml:"pipeline_tag"`
	Tags        []string `yaml:"tags"`
	Metrics     []string `yaml:"metrics,omitempty"`
	Index       []entry  `yaml:"model-index,omitempty"`
}

type entry struct {
	Name    string   `yaml:"name"`
	Results []result `yaml:"results"`
}

type result struct {
	Task    kind    `yaml:"task"`
	Dataset kind    `yaml:"dataset"`
	Metrics []score `yaml:"metrics"`
}

type kind struct {
	Type string `yaml:"type"`
	Name string `yaml:"name"`
}

type score struct {
	Type  string  `yaml:"type"`
	Value float64 `yaml:"value"`
}

// writeFront writes the front matter between its two lines.
func writeFront(to io.Writer, m *models.Manifest, s *spec.Spec, w Words) error {
	f := front{Language: w.Language, License: w.License, LicenseName: w.LicenseName, LicenseLink: w.LicenseLink,
		Library: "tfpair", Task: task, Tags: append([]string{"image-similarity", "metric-learning", s.Topology}, w.Tags...)}
	if len(m.Metrics) > 0 {
		pairs := result{Task: kind{task, "same or different"}, Dataset: kind{measuredOn(m), measuredOn(m)}}
		search := result{Task: kind{task, "search among label images"}, Dataset: kind{validationOf(m), validationOf(m)}}
		for _, one := range m.Metrics {
			f.Metrics = append(f.Metrics, one.Name)
			r := &pairs
			if ofSearch(one) {
				r = &search
			}
			r.Metrics = append(r.Metrics, score{one.Name, one.Value})
		}
		results := slices.DeleteFunc([]result{pairs, search}, func(r result) bool { return len(r.Metrics) == 0 })
		f.Index = []entry{{Name: w.Title, Results: results}}
	}
	text, err := yaml.Marshal(f)
	if err != nil {
		return err
	}
	_, err = io.WriteString(to, "---\n"+string(text)+"---\n")
	return err
}

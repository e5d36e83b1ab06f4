package card

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
)

const storedSpec = `{"topology": "siamese", "backbone": {"smallconv": {}}, "head": {"none": {}}, "distance": {"cosine": {}},
	"loss": {"contrastive": {}}, "sampler": {"balanced": {}}, "optimizer": {"adam": {}}, "schedule": {"constant": {}},
	"input": {"size": 64}, "train": {"batch_size": 8, "val": 0.1, "steps": 9, "unseen_classes": true}}`

// manifest is of a model about which everything is known.
func manifest() *models.Manifest {
	return &models.Manifest{
		Spec: json.RawMessage(storedSpec), EmbeddingDim: 17, Distance: "cosine", Pairs: 311, Photos: 73,
		Threshold: distance.Threshold{Value: 0.40625, Source: "validation, step 7, 311 pairs"},
		NoneAbove: &distance.Threshold{Value: 0.28125, Source: "validation, 13 strangers"},
		Metrics: []models.Metric{
			{Name: "auc", Value: 0.98765432, Better: "higher", Low: 0.91, High: 0.99, Level: 0.95, Question: "new classes"},
			{Name: "median_rank", Value: 2, Better: "lower"}},
		Doubts:  []string{"4 pairs"},
		Classes: []string{"a", "b", "c"}, Seen: []string{"a", "b"}, Step: 7, Parameters: 4099,
		Data:       models.Data{Name: "shop|photos", Fingerprint: "sha256:12", Skipped: []string{"x.jpg"}, GroupBy: "look"},
		Pretrained: &models.Pretrained{File: "lite0.pth", SHA256: pretrained.Sets[0].SHA256, Others: []models.Pretrained{{File: "own.npz"}}},
		Gallery:    &models.Gallery{Images: 81, Classes: 43, Accept: &index.Accept{Threshold: distance.Threshold{Value: 0.21875, Source: "83 queries"}}},
		Quantized: &models.Quantized{Precision: "int8", Layers: []string{"one", "two"}, Cosine: 0.99875,
			Before: map[string]float64{"auc": 0.9876}, After: map[string]float64{"auc": 0.9875}},
		Space: "c0ffee", Tool: "tfpair v9", Runtime: "TensorFlow 2.21.0",
		Files: map[string]models.File{"model.onnx": {}},
	}
}

func of(t *testing.T, m *models.Manifest, words string) string {
	t.Helper()
	text, err := Of(m, []byte(words), "shop")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOfTellsWhatTheManifestTells(t *testing.T) {
	text := of(t, manifest(), "")
	for _, want := range []string{
		"\n# shop\n", "into 17 numbers", "by cosine distance", "made by tfpair v9", "runs on TensorFlow 2.21.0",
		"Measured on 311 pairs of the validation part of shop|photos",
		"| auc | 0.9877 | 0.9100 – 0.9900 | probability that", "| median_rank | 2.0000 | not known | middle of the ranks",
		"Metrics of searches (median_rank) are of 73 photos of the validation part of shop|photos: each",
		"would move with new classes.", "Little to go by: 4 pairs.",
		"2 layers compute with int8", "| auc | 0.9876 | 0.9875 |", "| cosine of embeddings | 1.0000 | 0.9988 |",
		"at most 0.40625. This was chosen on validation, step 7, 311 pairs.", "above a distance of 0.28125",
		"gallery of 81 images in 43 classes", "up to a distance of 0.21875",
		`| data | shop\|photos |`, "| classes | 3, of which the training saw 2 |", "| images left out | 1 |", "| groups | look |",
		"by class: validation has classes that the training did not see",
		"| parameters | 4099 |", "| updates | 7 |", "| started from | lite0.pth: EfficientNet-Lite0, trained on ImageNet, licence Apache-2.0 |",
		"| started from | own.npz: its licence is not known to tfpair |", "`c0ffee`", "`model.onnx`",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the card lacks %q:\n%s", want, text)
		}
	}
}

// TestFrontHoldsTheNumbers: what machines read has the numbers of the manifest, not rounded.
func TestFrontHoldsTheNumbers(t *testing.T) {
	m := manifest()
	m.CalibratedOn = &models.Data{Name: "pairs.csv"} // the search was measured before that, on validation
	text := of(t, m, "title: 'Shop: photos'\nlicense: other\nlicense_name: ours\nlanguage: [en]\ntags: [shop]\n")
	_, rest, _ := strings.Cut(text, "---\n")
	matter, _, _ := strings.Cut(rest, "---\n")
	var f front
	if err := yaml.Unmarshal([]byte(matter), &f); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%v %v %v %v %v %v", f.Index[0].Name, f.Index[0].Results, f.License, f.LicenseName, f.Language, f.Tags)
	want := "Shop: photos [" +
		"{{image-feature-extraction same or different} {pairs.csv pairs.csv} [{auc 0.98765432}]} " +
		"{{image-feature-extraction search among label images} {the validation part of shop|photos the validation part of shop|photos} [{median_rank 2}]}] other ours [en] [image-similarity metric-learning siamese shop]"
	if got != want {
		t.Errorf("front matter tells\n%s, want\n%s", got, want)
	}
}

func TestOfAModelWithoutNumbers(t *testing.T) {
	m := &models.Manifest{Spec: json.RawMessage(storedSpec), Threshold: distance.Threshold{Value: -1}}
	text := of(t, m, "sections:\n- title: Use\n  text: In the shop.\n")
	for _, want := range []string{"Nobody has measured it", "It has none, and calls no pictures the same", "\n## Use\n\nIn the shop.\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the card lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "model-index") || strings.Contains(text, "splits") {
		t.Errorf("the card tells of a training that was none:\n%s", text)
	}
}

func TestOfCalibrated(t *testing.T) {
	m := manifest()
	m.CalibratedOn = &models.Data{Name: "pairs.csv"}
	if text := of(t, m, ""); !strings.Contains(text, "311 pairs of pairs.csv, which also chose the threshold:") {
		t.Errorf("the card does not name the pairs:\n%s", text)
	}
}

func TestReadWords(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":         {"", ""},
		"all":           {"title: a\nlicense: mit\nlicense_link: x\nsections: [{title: b, text: c}]\n", ""},
		"unknown key":   {"license: mit\ntitel: x\n", `:2: unknown key "titel"`},
		"kind":          {"tags: 3\n", ":1: tags: want a list, got 3"},
		"two faults":    {"tags: 3\nlanguage: 4\n", ":2: language: want a list"},
		"no YAML":       {"a: [", ": line 1: did not find expected node content"},
		"two documents": {"title: a\n---\ntitle: b\n", ":2: want one YAML document, got more"},
		"no title":      {"sections: [{text: c}]\n", "title of section 1 must be one line"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "card.yaml")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			text, err := ReadWords(path)
			if c.want == "" {
				if err != nil || string(text) != c.text {
					t.Fatalf("ReadWords = %q, %v, want the text", text, err)
				}
				return
			}
			var wrong *WordsError
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("ReadWords: %v, want %q", err, c.want)
			}
		})
	}
}

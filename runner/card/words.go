package card

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/regular"
)

// maxWords is the largest file of words that is read, in bytes.
const maxWords = 1 << 20

// Words are what only people know of a model.
type Words struct {
	Title       string    `yaml:"title"`        // "": the name of the model's folder
	License     string    `yaml:"license"`      // of the model: an identifier of Hugging Face, such as apache-2.0 or other
	LicenseName string    `yaml:"license_name"` // with license: other
	LicenseLink string    `yaml:"license_link"` // likewise
	Language    []string  `yaml:"language"`
	Tags        []string  `yaml:"tags"`     // beside those of every card
	Sections    []Section `yaml:"sections"` // after those of every card, in their order
}

// Section is a headline and Markdown below it.
type Section struct {
	Title string `yaml:"title"`
	Text  string `yaml:"text"`
}

// WordsError says what is wrong with a file of words, a line for each fault.
type WordsError struct{ What []string }

func (e *WordsError) Error() string { return strings.Join(e.What, "\n") }

// ReadWords returns the bytes of the YAML file at path, checked. The error is a *WordsError, or
// that of the disk.
func ReadWords(path string) ([]byte, error) {
	text, err := regular.ReadFile(path, maxWords)
	if err != nil {
		return nil, fmt.Errorf("card: %w", err)
	}
	_, err = parse(text, path)
	return text, err
}

// parse returns the words of a YAML text; name is the file's, for messages.
func parse(text []byte, name string) (w Words, err error) {
	wrong := func(line int, format string, args ...any) *WordsError {
		return &WordsError{[]string{fmt.Sprintf("%s:%d: %s", name, line, fmt.Sprintf(format, args...))}}
	}
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return w, nil
	case err != nil:
		return w, &WordsError{[]string{name + ": " + strings.TrimPrefix(err.Error(), "yaml: ")}}
	}
	var more yaml.Node
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return w, wrong(more.Line, "want one YAML document, got more")
	}
	var all WordsError
	for _, e := range named.Check(&document, &w, "key") {
		all.What = append(all.What, fmt.Sprintf("%s:%d: %s", name, e.Line, e.What))
	}
	if all.What != nil {
		return w, &all
	}
	if err := document.Decode(&w); err != nil {
		return w, &WordsError{[]string{name + ": " + strings.TrimPrefix(err.Error(), "yaml: ")}}
	}
	for i, s := range w.Sections {
		if strings.TrimSpace(s.Title) == "" || strings.ContainsAny(s.Title, "\r\n") {
			return w, wrong(1, "sections: title of section %d must be one line, got %q", i+1, s.Title)
		}
	}
	return w, nil
}

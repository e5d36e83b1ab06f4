package cli

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// commandLine is the words of a command that a person is told to give: it runs as it is
// printed, in the same folder.
type commandLine []string

// with returns c and the flags that have a value.
func (c commandLine) with(flags ...given) commandLine {
	c = c[:len(c):len(c)]
	for _, f := range flags {
		if f.value != "" {
			c = append(c, "--"+f.flag, f.value)
		}
	}
	return c
}

// String returns c as a shell reads it.
func (c commandLine) String() string {
	words := make([]string, len(c))
	for i, w := range c {
		words[i] = shellWord(w)
	}
	return strings.Join(words, " ")
}

// shellWord quotes a word that a shell would take apart, or that a terminal would not show.
func shellWord(word string) string {
	switch {
	case !utf8.ValidString(word) || visible(word) != word:
		return ansiWord(word)
	case word != "" && word[0] != '=' && !strings.ContainsAny(word, " \"'`$&|;<>()[]{}*?!#~^\\"):
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// ansiWord writes a word between $' and ': POSIX.1-2024, section 2.2.4.
func ansiWord(word string) string {
	var b strings.Builder
	for i := 0; i < len(word); {
		r, size := utf8.DecodeRuneInString(word[i:])
		switch {
		case r == '\'' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == utf8.RuneError && size == 1, unicode.IsControl(r), visible(string(r)) != string(r):
			for _, c := range []byte(word[i : i+size]) {
				fmt.Fprintf(&b, `\%03o`, c) // not \x, which has no end
			}
		default:
			b.WriteString(word[i : i+size])
		}
		i += size
	}
	return "$'" + b.String() + "'"
}

// flags are the flags that open the same data and read it the same way.
func (o dataOptions) flags() []given {
	return append([]given{{"data", o.path}, {"val", o.val}, {"test", o.test}, {"images", o.layout.images},
		{"format", o.layout.format}, {"columns", o.layout.columns}, {"splits", o.splits}, {"group-by", o.groupBy}},
		o.reading.flags()...)
}

// flags are those that are not as they are by default.
func (o readingOptions) flags() []given {
	var list []given
	if o.bad == "skip" {
		list = append(list, given{"bad-images", o.bad}, given{"bad-budget", fmt.Sprint(o.budget)})
	}
	return append(list, number("workers", o.workers))
}

// flags are those that are not as they are by default.
func (o machineOptions) flags() []given {
	if o.device == "auto" {
		o.device = ""
	}
	return []given{{"device", o.device}, number("threads", o.threads)}
}

// number is a flag whose default is 0.
func number(flag string, n int) given {
	if n == 0 {
		return given{flag, ""}
	}
	return given{flag, fmt.Sprint(n)}
}

// measured returns the split that the run is measured on: test or, where that cannot be measured,
// what was seen: validation, or train where folds left none.
func (o trainOptions) measured(ctx context.Context, data *dataset.Dataset) dataset.Split {
	test := data.In(dataset.Test)
	copies, err := seenFiles(ctx, data, test, o.out)
	if err != nil {
		copies = nil // the command says what cannot be read
	}
	switch {
	case evaluate.Measurable(data, test.Without(copies)):
		return dataset.Test
	case len(data.In(dataset.Val).Images) > 0:
		return dataset.Val
	}
	return dataset.Train
}

// next returns the command that measures the run on a split, and says where that was seen. After
// folds, whose number is of images that were not seen, it is the command that exports the run.
func (o trainOptions) next(split dataset.Split, data *dataset.Dataset) commandLine {
	if split == dataset.Train {
		return nextExport(o.out, "", data.Fingerprint())
	}
	line := commandLine{"tfpair", "evaluate"}.with(given{"model", o.out}).with(o.data.flags()...).with(o.machine.flags()...)
	if split != dataset.Test {
		line = append(line.with(given{"split", split.String()}), "--seen")
	}
	return line
}

// nextExport returns the command that exports a run beside it. It adds a version to the model that is there where both are of
// the same data, whose fingerprint is given.
func nextExport(folder, checkpoint, data string) commandLine {
	out := filepath.Join(filepath.Dir(filepath.Clean(folder)), "model")
	if m, err := models.Describe(out); err != nil || m.Manifest.Data.Fingerprint != data {
		out = freeName(out, "")
	}
	return commandLine{"tfpair", "export"}.with(given{"run", folder}, given{"out", out}, given{"checkpoint", checkpoint})
}

// seenFiles returns the images of a part that are the same files as images that a run has seen.
// It reads those whose size an image of the run has.
func seenFiles(ctx context.Context, data *dataset.Dataset, part dataset.Part, folder string) (map[int32]bool, error) {
	f, err := run.Open(folder)
	if err != nil {
		return nil, err
	}
	list, err := f.Seen()
	if errors.Is(err, fs.ErrNotExist) { // an earlier version began it
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	sizes := map[int64]bool{}
	for _, split := range []dataset.Split{dataset.Train, dataset.Val} {
		for _, i := range data.In(split).Images {
			sizes[data.Images[i].Size] = true
		}
	}
	asked := slices.DeleteFunc(slices.Clone(part.Images), func(i int32) bool { return !sizes[data.Images[i].Size] })
	sums, err := data.Sums(ctx, asked)
	if err != nil {
		return nil, err
	}
	wanted, same := map[string][]int32{}, map[int32]bool{}
	for at, i := range asked {
		wanted[sums[at]] = append(wanted[sums[at]], i)
	}
	for _, seen := range list {
		for _, i := range wanted[hex.EncodeToString(seen.SHA256[:])] {
			same[i] = true
		}
	}
	return same, nil
}

// nextSearch returns the command that searches in the file x, or in what the model carries where it
// is "", for the first image there: its file, or the archive that holds it; IMAGE where that is not known.
func nextSearch(model, file string, x *index.Index, reading readingOptions) commandLine {
	root := x.About().Root
	image := cmp.Or(root, "IMAGE")
	if info, err := os.Stat(root); err == nil && info.IsDir() && !dataset.HoldsArchives(root) && x.Len() > 0 {
		image = filepath.Join(root, filepath.FromSlash(x.Item(0).Path))
	}
	return commandLine{"tfpair", "search"}.with(given{"model", model}, given{"index", file}, given{"image", image}).
		with(reading.flags()...)
}

// freeName returns name and ending, or the first of name-2, name-3, … and ending under which nothing lies.
func freeName(name, ending string) string {
	for i, free := 2, name+ending; ; i++ {
		if _, err := os.Lstat(free); errors.Is(err, fs.ErrNotExist) || i > 1000 {
			return free
		}
		free = fmt.Sprintf("%s-%d%s", name, i, ending)
	}
}

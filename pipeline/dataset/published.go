package dataset

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/tfpair/tfpair/internal/regular"
)

// What follows reads data sets of the literature as their authors lay them out.

// maxListed is the largest text file of such a data set that is read, in bytes.
const maxListed = 1 << 30

// publishedMarks are the files that tell such data sets, by format.
var publishedMarks = []struct{ format, mark string }{
	{"cars", carsName},
	{"cub", cubClasses},
	{"inshop", inshopEval},
	{"inshop", inshopName},
	{"lfw", lfwName},
	{"sop", sopTest},
}

// publishedAt returns the format whose mark lies in a folder, "" for none.
func publishedAt(root fs.FS) string {
	for _, m := range publishedMarks {
		if info, err := fs.Stat(root, m.mark); err == nil && info.Mode().IsRegular() {
			return m.format
		}
	}
	return ""
}

// published collects the images that text files tell of.
type published struct {
	root fs.FS
	walk *walker // of what was found
	seen map[string]bool
}

func newPublished(root fs.FS) *published {
	return &published{root: root, walk: newWalker(root), seen: map[string]bool{}}
}

// add adds an image, by its path in the data.
func (p *published) add(name, class string, split Split) error {
	if p.seen[name] {
		return faulty("", "image %q is there twice", name)
	}
	size, err := p.size(name)
	if err != nil {
		return err
	}
	p.seen[name] = true
	p.walk.found = append(p.walk.found, found{path: name, class: class, split: split, size: size})
	return nil
}

// size returns the bytes of an image.
func (p *published) size(name string) (int64, error) {
	if !fs.ValidPath(name) {
		return 0, faulty("", "image %q does not lie in the data", name)
	}
	info, err := fs.Stat(p.root, name)
	if err != nil || !info.Mode().IsRegular() {
		return 0, faulty("fetch the pictures of the data set, too, and unpack them there", "image %q is not in the data", name)
	}
	return info.Size(), nil
}

// below returns the first of folders that has a file of this name; "" where none has.
func (p *published) below(name string, folders ...string) string {
	for _, f := range folders {
		if info, err := fs.Stat(p.root, path.Join(f, name)); err == nil && info.Mode().IsRegular() {
			return f
		}
	}
	return ""
}

// lines calls add with the words of each line but the first head ones and empty ones. The error
// is a *ListError with every bad line, or an *Error.
func (p *published) lines(name string, head int, add func(line int, words []string) error) error {
	file, err := p.root.Open(name)
	if err != nil {
		return &Error{"data", name, regular.Reason(err)}
	}
	defer file.Close() // read only
	bad := ListError{Path: name}
	text := bufio.NewScanner(io.LimitReader(file, maxListed))
	for line := 1; text.Scan(); line++ {
		words := strings.Fields(text.Text())
		if line <= head || len(words) == 0 {
			continue
		}
		if err := add(line, words); err != nil {
			bad.add(line, err)
		} else {
			bad.Good++
		}
	}
	if err := text.Err(); err != nil {
		return &Error{"data", name, err}
	}
	if bad.Bad > 0 {
		return &bad
	}
	return nil
}

// named returns what lines "ID NAME" say.
func (p *published) named(name string) (map[string]string, error) {
	of := map[string]string{}
	err := p.lines(name, 0, func(_ int, words []string) error {
		if len(words) != 2 {
			return faulty("", "%s, want a number and a name", plural(len(words), "word"))
		}
		of[words[0]] = words[1]
		return nil
	})
	return of, err
}

// fill puts what was found into d: recalls are the ranks that papers report.
func (p *published) fill(d *Dataset, recalls ...int32) error {
	d.Recalls = recalls
	return p.walk.fill(d)
}

// bySplit returns Train for the classes up to last, which are numbered from 1, and Test for others.
func bySplit(class string, last int) (Split, error) {
	n, err := strconv.Atoi(class)
	switch {
	case err != nil || n < 1:
		return Unsplit, faulty("", "class is %q, want a number from 1", class)
	case n <= last:
		return Train, nil
	}
	return Test, nil
}

// unreadable says why data of a format cannot be used.
func unreadable(s *source, err error) error {
	var of *Error
	var list *ListError
	if err == nil || errors.As(err, &of) || errors.As(err, &list) {
		return err
	}
	return &Error{"data", s.path, err}
}

// padded is a class's name with its number in front, so that names sort as numbers do.
func padded(class, name string, digits int) string {
	n, _ := strconv.Atoi(class) // bySplit has read it
	return fmt.Sprintf("%0*d.%s", digits, n, cmp.Or(name, class))
}

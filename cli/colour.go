package cli

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"
	"golang.org/x/term"
)

// colour is how a word is written on a terminal: the parameters of ANSI's sequence SGR.
type colour string

// The colours and what they mean. The word says the same, for those who see none.
const (
	good    colour = "32"   // green: something was made, or is as it should be
	note    colour = "36"   // cyan: good to know
	caution colour = "33"   // yellow: something was left out, or is different
	alarm   colour = "1;31" // bold red: something is wrong
)

// colours has the words, one or two, that are coloured where they begin a line.
var colours = map[string]colour{
	"wrote": good, "same": good, "accepted": good, "ok": good, "installed": good, "best:": good,
	"note": note, "next:": note, "tfpair: hint:": note,
	"skipped": caution, "different": caution, "none of": caution, "stopped:": caution,
	"ALARM": alarm, "MISSING": alarm, "problem": alarm, "tfpair:": alarm,
}

// rank is a number before the first word.
var rank = regexp.MustCompile(`^ *[0-9]+  `)

// coloured colours the first word of each line, after a rank if there is one.
func coloured(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		place := rank.FindString(line)
		one, rest, _ := strings.Cut(line[len(place):], " ")
		second, _, _ := strings.Cut(rest, " ")
		for _, begin := range []string{one + " " + second, one} {
			if c, ok := colours[begin]; ok {
				lines[i] = place + c.paint(begin) + line[len(place)+len(begin):]
				break
			}
		}
	}
	return strings.Join(lines, "\n")
}

func (c colour) paint(text string) string { return "\x1b[" + string(c) + "m" + text + "\x1b[0m" }

// colourful reports whether what is written to w is to be coloured: it is a terminal that
// knows colours, and the user has not said no (https://no-color.org).
func colourful(w any, getenv func(string) string) bool {
	if r, ok := w.(*results); ok {
		w = r.Writer
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
}

// visible writes control characters of a name, and those that turn the direction of writing,
// as Go does: a name is never a command to the terminal, nor two lines.
func visible(name string) string { return escape(name, false) }

func escape(text string, lines bool) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case lines && r == '\n':
			b.WriteRune(r)
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			quoted := fmt.Sprintf("%q", r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteString(text[i : i+size])
		}
		i += size
	}
	return b.String()
}

// visibles returns the arguments of a line with what they hold made visible. Tables have
// done so themselves, and errors may have several lines.
func visibles(args []any) []any {
	list := make([]any, len(args))
	for i, arg := range args {
		switch a := arg.(type) {
		case string:
			list[i] = visible(a)
		case table.Writer:
			list[i] = a.Render()
		case error:
			list[i] = escape(a.Error(), true)
		case fmt.Stringer:
			list[i] = visible(a.String())
		default:
			list[i] = arg
		}
	}
	return list
}

// plainTable is a table that makes what its cells hold visible.
type plainTable struct{ table.Writer }

func (t plainTable) AppendRow(row table.Row, config ...table.RowConfig) {
	t.Writer.AppendRow(visibles(row), config...)
}

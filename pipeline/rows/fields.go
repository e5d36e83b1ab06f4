package rows

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// separators stand between fields, what is rarely part of a path first.
const separators = "\t;|,"

// declaredSeparator reads the line "sep=;" with which Excel names it.
func declaredSeparator(line string) (byte, bool) {
	value, ok := strings.CutPrefix(strings.ToLower(line), "sep=")
	if !ok || len(value) != 1 {
		return 0, false
	}
	return value[0], true
}

// separatorOf returns what stands between the fields of a line: that which makes the most
// fields, or spaces where nothing else does.
func separatorOf(line string) byte {
	best, most := byte(','), 1
	for i := range len(separators) {
		fields, err := split(line, separators[i])
		if err == nil && len(fields) > most {
			best, most = separators[i], len(fields)
		}
	}
	if most == 1 && len(strings.Fields(line)) > 1 {
		return ' '
	}
	return best
}

// split returns the fields of a line without the spaces around them. A field in double
// quotes may hold separators, and two double quotes for one (RFC 4180).
func split(line string, separator byte) ([]string, error) {
	var fields []string
	rest := line
	for {
		var field string
		var err error
		var more bool
		if trimmed := strings.TrimLeft(rest, " "); strings.HasPrefix(trimmed, `"`) {
			field, rest, more, err = quoted(trimmed, separator)
		} else {
			field, rest, more = plain(rest, separator)
		}
		if err != nil {
			return nil, fmt.Errorf("field %d: %w", len(fields)+1, err)
		}
		fields = append(fields, field)
		if !more {
			return fields, nil
		}
	}
}

// plain returns the field up to the separator, what is behind it, and whether it is there.
func plain(text string, separator byte) (field, rest string, more bool) {
	if separator == ' ' {
		field, rest, _ = strings.Cut(strings.ReplaceAll(strings.TrimSpace(text), "\t", " "), " ")
		rest = strings.TrimSpace(rest)
		return Bare(field), rest, rest != ""
	}
	field, rest, more = strings.Cut(text, string(separator))
	return Bare(field), rest, more
}

// otherQuotes are pairs of quotes that programs and word processors put around a field.
var otherQuotes = [][2]string{{"'", "'"}, {"“", "”"}, {"„", "“"}, {"”", "”"}, {"‘", "’"}, {"’", "’"}, {"«", "»"}, {"`", "`"}}

// Bare returns a field that has no double quotes without what nobody means by it: spaces and characters of
// no width at its ends, and other quotes around it.
func Bare(field string) string {
	field = strings.TrimFunc(field, func(r rune) bool {
		return unicode.IsSpace(r) || r == '\u200b' || r == '\u2060' || r == '\ufeff'
	})
	for _, q := range otherQuotes {
		if inside, ok := strings.CutPrefix(field, q[0]); ok && strings.HasSuffix(inside, q[1]) {
			return strings.TrimSpace(strings.TrimSuffix(inside, q[1]))
		}
	}
	return field
}

// quoted returns the field in quotes that begins text, what is behind the separator that
// follows it, and whether that is there.
func quoted(text string, separator byte) (field, rest string, more bool, err error) {
	var b strings.Builder
	rest = text[1:]
	for {
		before, after, ok := strings.Cut(rest, `"`)
		if !ok {
			return "", "", false, errors.New("a quote is opened and not closed in this line")
		}
		b.WriteString(before)
		rest = after
		if !strings.HasPrefix(rest, `"`) {
			break
		}
		b.WriteByte('"')
		rest = rest[1:]
	}
	field = strings.TrimSpace(b.String())
	if separator == ' ' {
		after := strings.TrimLeft(rest, " \t")
		if after != "" && after == rest {
			return "", "", false, errors.New("text follows a closing quote")
		}
		return field, after, after != "", nil
	}
	rest = strings.TrimLeft(rest, " ")
	switch {
	case rest == "":
		return field, "", false, nil
	case rest[0] != separator:
		return "", "", false, errors.New("text follows a closing quote")
	}
	return field, rest[1:], true, nil
}

package dataset

import (
	"regexp"
	"strings"
)

// notLists are how other files than lists begin, and what to do about them.
var notLists = []struct{ start, what string }{
	{"\x1f\x8b", "this is a gzip file, not a list: unpack it first"},
	{"\xd0\xcf\x11\xe0", "this is an Office document, not a list: save the sheet as CSV"},
	{"PAR1", "this is a Parquet file, not a list: write it as CSV"},
	{"SQLite format 3", "this is a database, not a list: export the table as CSV"},
}

// markup is how texts begin that are no lists, either.
var (
	startsJSON   = regexp.MustCompile(`^\s*(\{\s*"|\[\s*[\[{"])`)
	startsMarkup = regexp.MustCompile(`^\s*<[a-zA-Z!?]`)
)

// workbook is a file that each archive of an Excel workbook has.
const workbook = "xl/workbook.xml"

// notList says what a file is that begins so, where that is known to be no list; else "".
func notList(start []byte) string {
	for _, n := range notLists {
		if strings.HasPrefix(string(start), n.start) {
			return n.what
		}
	}
	switch {
	case startsJSON.Match(start):
		return "this is JSON, not a list: write it as CSV, a header and then a row for each pair or image"
	case startsMarkup.Match(start):
		return "this is HTML or XML, not a list: save the table as CSV"
	}
	return ""
}

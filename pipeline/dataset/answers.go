package dataset

import (
	"strconv"
	"strings"
)

// answers are what a column of labels says yes or no with, in lower case. What yes means the
// column's role says.
var answers = map[string]bool{
	"yes": true, "y": true, "true": true, "t": true,
	"no": false, "n": false, "false": false, "f": false,
	// What Excel writes for TRUE and FALSE, and people for yes and no, in other languages.
	"wahr": true, "vrai": true, "verdadero": true, "vero": true, "verdadeiro": true, "waar": true,
	"falsch": false, "faux": false, "falso": false, "onwaar": false,
	"ja": true, "oui": true, "sí": true, "si": true, "sim": true,
	"nein": false, "non": false, "não": false, "nee": false,
}

// kinds are words for the two kinds of pairs, in lower case and without what is between
// their letters. They mean the same in every column.
var kinds = map[string]bool{
	"same": true, "similar": true, "match": true, "matching": true, "matched": true, "equal": true,
	"identical": true, "duplicate": true, "dup": true, "positive": true, "pos": true,
	"genuine": true, "impostor": false, "imposter": false,
	"different": false, "dissimilar": false, "distinct": false, "unequal": false, "mismatch": false,
	"mismatched": false, "unique": false, "negative": false, "neg": false,
}

// answer reads a label: whether it means same in a column in which yes means so, or
// different where yesMeansSame is false.
func answer(text string, yesMeansSame bool) (same, ok bool) {
	word := strings.ToLower(strings.TrimSpace(text))
	if yes, ok := answers[word]; ok {
		return yes == yesMeansSame, true
	}
	if x, err := strconv.ParseFloat(strings.Replace(word, ",", ".", 1), 64); err == nil {
		switch x {
		case 1:
			return yesMeansSame, true
		case 0, -1: // -1 as in losses of margins
			return !yesMeansSame, true
		}
		return false, false
	}
	word = strings.NewReplacer(" ", "", "-", "", "_", "").Replace(word)
	if same, ok = kinds[word]; ok {
		return same, true
	}
	for _, not := range []string{"nota", "not", "non", "no"} { // "not a duplicate", "no match"
		if same, ok = kinds[strings.TrimPrefix(word, not)]; ok && strings.HasPrefix(word, not) && same {
			return false, true
		}
	}
	return false, false
}

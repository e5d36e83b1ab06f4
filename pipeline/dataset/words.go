package dataset

import (
	"fmt"
	"strings"
	"unicode"
)

// splitWords are the usual words for splits in folders and lists, in lower case.
var splitWords = map[string]Split{
	"train": Train, "training": Train,
	"val": Val, "valid": Val, "validation": Val, "dev": Val, "development": Val,
	"test": Test, "testing": Test,
}

// fillers are the words that stand beside a split's in the names of folders: seg_train,
// train_images, TestSet.
var fillers = []string{"set", "data", "dataset", "images", "imgs", "img", "pics", "photos", "split", "folder"}

// splitOf returns the split that a usual word names, in any case, or Unsplit.
func splitOf(word string) Split { return splitWords[strings.ToLower(strings.TrimSpace(word))] }

// guessSplit returns the split that one word of an unusual name stands for, or Unsplit where no
// word does, or words of different splits.
func guessSplit(name string) Split {
	var guess Split
	for _, word := range wordsOf(name) {
		split := splitWords[word]
		for _, f := range fillers {
			if split == Unsplit {
				split = splitWords[strings.TrimSuffix(word, f)]
			}
		}
		if split == Unsplit {
			continue
		}
		if guess != Unsplit && guess != split {
			return Unsplit
		}
		guess = split
	}
	return guess
}

// wordsOf returns the words of a name in lower case: letters between others, and where a
// capital follows a small letter.
func wordsOf(name string) []string {
	var spaced strings.Builder
	var before rune
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(before) {
			spaced.WriteByte(' ')
		}
		spaced.WriteRune(r)
		before = r
	}
	return strings.FieldsFunc(strings.ToLower(spaced.String()), func(r rune) bool { return !unicode.IsLetter(r) })
}

// SplitFolders says which folders at the top of the data are splits: their names, by the
// split. Empty but not nil: none is, all of them are classes.
type SplitFolders map[Split]string

// ParseSplitFolders reads "train=a,val=b,test=c", or "none". The error is an *OptionsError.
func ParseSplitFolders(text string) (SplitFolders, error) {
	folders := SplitFolders{}
	if text == "none" {
		return folders, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		word, folder, ok := strings.Cut(part, "=")
		split := splitOf(word)
		switch {
		case !ok || split == Unsplit || folder == "":
			return nil, &OptionsError{fmt.Sprintf("splits %q: %q is not SPLIT=FOLDER with the split "+
				"train, val or test; none stands for no splits", text, part)}
		case folders[split] != "":
			return nil, &OptionsError{fmt.Sprintf("splits %q: %s is given twice", text, split)}
		}
		folders[split] = strings.Trim(folder, "/")
	}
	return folders, nil
}

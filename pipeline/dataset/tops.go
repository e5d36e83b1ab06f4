package dataset

import (
	"fmt"
	"path"
	"slices"

	"golang.org/x/text/unicode/norm"
)

// tops are the folders at the top of the data: splits or classes.
type tops struct {
	*walker
	dir string // that holds them
	listing
}

// splits returns the split of each folder that is one, none where the folders are classes.
func (t tops) splits(d *Dataset, asked SplitFolders) (map[string]Split, error) {
	if asked != nil {
		return t.asked(asked)
	}
	splits, from, err := t.usual()
	if err != nil {
		return nil, err
	}
	guessed, err := t.guess(splits, from)
	if err != nil {
		return nil, err
	}
	for _, f := range t.folders {
		if split := guessed[f]; split != Unsplit {
			d.note("folder %q is taken for the split %s by its name; --splits none makes it a class", f, split)
			splits[f], from[split] = split, f
		}
	}
	if len(splits) == len(t.folders) {
		return splits, nil
	}
	if train := from[Train]; train != "" {
		l, err := t.list(path.Join(t.dir, train))
		if err != nil || len(l.images) == 0 || len(l.folders) > 0 {
			return splits, err
		}
		d.note("folder %q is taken for a class: it holds images and no class folders", train)
		return nil, nil
	}
	for _, f := range t.folders {
		if splits[f] != Unsplit {
			d.note(`folder %q is taken for a class: there is no "train" beside it`, f)
		}
	}
	return nil, nil
}

// asked returns the splits that a user names. The error is an *OptionsError.
func (t tops) asked(asked SplitFolders) (map[string]Split, error) {
	splits := map[string]Split{}
	for _, split := range []Split{Train, Val, Test} {
		name := asked[split]
		switch {
		case name == "":
		case !slices.Contains(t.folders, name):
			return nil, &OptionsError{fmt.Sprintf("splits name the folder %q, which is not at the top of the "+
				"data (it has: %s)", name, quoted(t.folders))}
		case splits[name] != Unsplit:
			return nil, &OptionsError{fmt.Sprintf("splits name the folder %q as %s and as %s", name,
				splits[name], split)}
		default:
			splits[name] = split
		}
	}
	return splits, nil
}

// usual returns the folders whose names are words for splits, and the folder of each split.
func (t tops) usual() (splits map[string]Split, from map[Split]string, err error) {
	splits, from = map[string]Split{}, map[Split]string{}
	for _, f := range t.folders {
		split := splitOf(f)
		if split == Unsplit {
			continue
		}
		if from[split] != "" {
			return nil, nil, fmt.Errorf("folders %q and %q are the same split, %s; keep one, or name "+
				"all splits with --splits train=FOLDER,val=FOLDER,test=FOLDER", from[split], f, split)
		}
		from[split], splits[f] = f, split
	}
	return splits, from, nil
}

// guess returns folders with unusual names for splits that no other folder is. They hold
// class folders, and those of train share one with each of the others: seg_train/sea and
// seg_test/sea, but not the classes steam_train and crash_test.
func (t tops) guess(splits map[string]Split, from map[Split]string) (map[string]Split, error) {
	folder, twice := map[Split]string{}, map[Split]bool{}
	for s, f := range from {
		folder[s] = f
	}
	for _, f := range t.folders {
		split := guessSplit(f)
		if split == Unsplit || splits[f] != Unsplit || from[split] != "" {
			continue
		}
		twice[split] = folder[split] != ""
		folder[split] = f
	}
	if folder[Train] == "" || twice[Train] || len(folder) < 2 {
		return nil, nil
	}
	trained, err := t.classesIn(folder[Train])
	if err != nil {
		return nil, err
	}
	guessed := map[string]Split{}
	for s, f := range folder {
		if s == Train || from[s] != "" || twice[s] {
			continue
		}
		classes, err := t.classesIn(f)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(classes, func(c string) bool { return slices.Contains(trained, c) }) {
			guessed[f] = s
		}
	}
	if from[Train] == "" && (len(guessed) > 0 || t.share(trained, from)) {
		guessed[folder[Train]] = Train
	}
	return guessed, nil
}

// share tells whether a usual split holds one of the classes.
func (t tops) share(classes []string, from map[Split]string) bool {
	for _, f := range from {
		other, err := t.classesIn(f)
		if err == nil && slices.ContainsFunc(other, func(c string) bool { return slices.Contains(classes, c) }) {
			return true
		}
	}
	return false
}

// inside returns the folder that holds the classes of a split: it, or one of the same
// split's name alone in it, as seg_train/seg_train.
func (t tops) inside(split string) (string, error) {
	dir := path.Join(t.dir, split)
	l, err := t.list(dir)
	if err != nil || len(l.folders) != 1 || len(l.images) > 0 {
		return dir, err
	}
	inner := l.folders[0]
	if inner != split && (splitOf(inner) == Unsplit || splitOf(inner) != splitOf(split)) {
		return dir, nil
	}
	below, err := t.list(path.Join(dir, inner))
	if err != nil || len(below.folders) == 0 || len(below.images) > 0 {
		return dir, err
	}
	return path.Join(dir, inner), nil
}

// classesIn returns the names of the folders in a split.
func (t tops) classesIn(split string) ([]string, error) {
	dir, err := t.inside(split)
	if err != nil {
		return nil, err
	}
	l, err := t.list(dir)
	return composed(l.folders), err
}

// belowClasses tells whether every folder holds nothing but splits, one of them train.
func (t tops) belowClasses() (bool, error) {
	for _, f := range t.folders {
		l, err := t.list(path.Join(t.dir, f))
		if err != nil {
			return false, err
		}
		train := false
		for _, below := range l.folders {
			if splitOf(below) == Unsplit {
				return false, nil
			}
			train = train || splitOf(below) == Train
		}
		if !train || len(l.images) > 0 {
			return false, nil
		}
	}
	return len(t.folders) > 0, nil
}

// checkAlike refuses folders that hold no images and folders of the same names.
func (t tops) checkAlike() error {
	var same []string
	for i, f := range t.folders {
		l, err := t.list(path.Join(t.dir, f))
		if err != nil {
			return err
		}
		names := composed(l.folders)
		if len(names) < 2 || len(l.images) > 0 || i > 0 && !slices.Equal(names, same) {
			return nil
		}
		same = names
	}
	if len(t.folders) < 2 {
		return nil
	}
	return errSameFolders(t.folders, same)
}

// composed returns the names with accents written in one way, sorted.
func composed(names []string) []string {
	c := make([]string, len(names))
	for i, n := range names {
		c[i] = norm.NFC.String(n)
	}
	slices.Sort(c)
	return slices.Compact(c)
}

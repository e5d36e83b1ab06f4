package dataset

import (
	"path"
	"strings"
)

// machineNames are what systems and programs leave beside people's pictures, in lower case.
// Folders hold copies of them: thumbnails, deleted files, versions.
var machineNames = map[string]bool{
	// Synology
	"@eadir": true, "@tmp": true, "@sharebin": true, "#recycle": true, "#snapshot": true,
	// QNAP
	"@recycle": true, "@recently-snapshot": true,
	// Windows
	"$recycle.bin": true, "recycler": true, "system volume information": true, "thumbs.db": true,
	"ehthumbs.db": true, "desktop.ini": true,
	// macOS
	"__macosx": true, "icon\r": true, "network trash folder": true, "temporary items": true,
	// Linux and NetApp
	"lost+found": true, "~snapshot": true,
	// programs
	"__pycache__": true, "picasa.ini": true,
}

// machinePrefixes begin the names of files that stand beside a picture of the same name, in
// lower case.
var machinePrefixes = []string{"synophoto_thumb_", "synofile_thumb_"}

// machineMade tells whether a name is one that no person gives to a picture or a class:
// hidden (a dot begins it, as ._x.jpg and .ipynb_checkpoints) or known.
func machineMade(name string) bool {
	lower := strings.ToLower(name)
	if strings.HasPrefix(lower, ".") || machineNames[lower] {
		return true
	}
	for _, p := range machinePrefixes {
		if strings.HasPrefix(lower, p) && isImage(lower) {
			return true
		}
	}
	return false
}

// machineKind is the name that machine-made names are counted under: ._1.jpg and ._2.jpg
// are one kind.
func machineKind(name string) string {
	lower := strings.ToLower(name)
	switch {
	case machineNames[lower]:
		return name
	case strings.HasPrefix(name, "._"):
		return "._*"
	case strings.HasPrefix(name, ".") && !isImage(lower):
		return name
	case strings.HasPrefix(name, "."):
		return ".*" + path.Ext(lower)
	}
	return "SYNO*_THUMB_*"
}

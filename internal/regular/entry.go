package regular

// Entry is the place of a file on a disk. It tells whether a file has changed without reading it.
type Entry struct {
	Device, Number uint64
	Changed        int64 // when the entry did, which no program sets back: nanoseconds since 1970, UTC
}

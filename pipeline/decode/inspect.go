package decode

// Facts are what the header of a picture says of it.
type Facts struct {
	Format      string // one of Formats
	Width       int    // pixels, as stored
	Height      int    // pixels, as stored
	Orientation int    // as in EXIF, 1..8; 1 is upright
	Mode        string // how colours are stored, such as "colour", "grey with alpha" or "colour of 16 bits"
	More        bool   // the file has more pictures, such as an animation or pages; the first is read
}

// Parts of Facts.Mode.
const (
	inGrey, inColour, inPalette = "grey", "colour", "palette"
	withAlpha                   = " with alpha"
	of16Bits                    = " of 16 bits"
)

// Inspect returns what the header in data says. It takes no memory for pixels, and does not say whether
// they can be decoded. Errors are those of Decode.
func Inspect(data []byte) (facts Facts, err error) {
	defer recovered(&err)
	f, err := sniff(data)
	if err != nil {
		return Facts{}, err
	}
	h, err := f.header(data)
	if err != nil {
		return Facts{}, f.explain(err)
	}
	return Facts{f.name, h.width, h.height, max(h.orientation, 1), h.mode, h.more}, nil
}

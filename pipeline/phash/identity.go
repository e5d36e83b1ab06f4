package phash

import (
	"crypto/sha256"
	"image"
)

// Identity is what a picture is known by, whatever its path.
type Identity struct {
	SHA256 [sha256.Size]byte // of the file
	Hash   Hash              // of the pixels, upright and over white
	Hashed bool              // the picture has a Hash: it is no drawing
}

// Identify returns the identity of a file, of which img is the decoded picture.
func Identify(file []byte, img *image.NRGBA) Identity {
	id := Identity{SHA256: sha256.Sum256(file)}
	id.Hash, id.Hashed = Of(img)
	return id
}

package heif

import (
	"fmt"
	"image"

	"github.com/tfpair/tfpair/pipeline/decode"
)

// rgb converts samples of 8 bits as c says.
func (c colour) rgb(m *image.YCbCr) (*image.NRGBA, error) {
	var by decode.Matrix
	switch c.matrix { // ITU-T H.273, table 4
	case 1:
		by = decode.BT709
	case 2, 5, 6: // unspecified, and BT.601 twice
		by = decode.BT601
	case 9:
		by = decode.BT2020
	default:
		return nil, fmt.Errorf("unsupported matrix of colours %d", c.matrix)
	}
	return decode.FromYCbCr(m, by, c.full), nil
}

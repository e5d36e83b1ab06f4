package load

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

// VerifyVariable is the environment variable that, set to "off", has a runtime loaded as it is:
// one without a manifest, or one that something else verifies, such as an image by its digest.
const VerifyVariable = "TFPAIR_VERIFY"

// verify says which files of a runtime folder are not as they were installed.
func verify(folder string, getenv libtensorflow.Getenv) error {
	switch v := getenv(VerifyVariable); v {
	case "":
	case "off":
		return nil
	default:
		return &Error{Folder: folder, Reason: fmt.Sprintf("%s is %q", VerifyVariable, v),
			Remedy: "unset it, or set it to off to load the runtime as it is"}
	}
	damaged, err := libtensorflow.VerifyOnce(folder, getenv)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Error{Folder: folder, Reason: "it has no manifest to verify its files by", Remedy: asItIs}
	case err != nil:
		return systemError(folder, err.Error())
	case len(damaged) > 0:
		return systemError(folder, "it is damaged: "+damaged[0].Error())
	}
	return nil
}

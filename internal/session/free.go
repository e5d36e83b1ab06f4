//go:build tensorflow && cgo

package session

/*
#include <tensorflow/c/c_api.h>
*/
import "C"

import (
	"runtime"

	tf "github.com/galeone/tensorflow/tensorflow/go"
)

// free frees tensors at once; nobody may use them afterwards. The binding frees them by finalizers, and the garbage
// collector sees only their tiny Go parts, so that it would not run for their sake. A run that goes on after its timeout
// uses its tensors: leave those to the finalizers.
func free(tensors ...*tf.Tensor) {
	for _, t := range tensors {
		runtime.SetFinalizer(t, nil)
		C.TF_DeleteTensor((*C.TF_Tensor)(inside(t)))
	}
}

package load

import (
	"runtime"
	"strings"

	"golang.org/x/sys/cpu"
)

// feature is a set of instructions that the libraries use without looking whether it is there.
type feature struct {
	name string
	has  bool
}

// processor returns the features of this machine's processor that the published libraries need.
// Those for amd64 are compiled with AVX; those for arm64 need what every processor has.
func processor() []feature {
	if runtime.GOARCH != "amd64" {
		return nil
	}
	return []feature{{"AVX", cpu.X86.HasAVX}}
}

// checkProcessor says which features are missing. Without it the first operation would end the
// process with an illegal instruction.
func checkProcessor(folder string, features []feature) error {
	var missing []string
	for _, f := range features {
		if !f.has {
			missing = append(missing, f.name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return &Error{Folder: folder,
		Reason: "this processor, or the virtual machine around it, lacks " + strings.Join(missing, ", ") +
			", and TensorFlow is compiled with it",
		Remedy: "take a machine that has it; of a virtual machine, give it the processor of its host"}
}

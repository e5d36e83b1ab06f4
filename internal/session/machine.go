//go:build tensorflow && cgo

package session

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/cpu"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/workers"
)

// Machine is what decides the last digits of a result, beside the graph and what is fed to it.
// Processors of equal features may still differ, by the sizes of their caches.
type Machine struct {
	TensorFlow string            `json:"tensorflow"`          // version: "2.21.0"
	Processor  string            `json:"processor"`           // architecture and features, see Processor
	Threads    int               `json:"threads"`             // that one operation may use
	Devices    []string          `json:"devices"`             // that the session may use
	Processes  int               `json:"processes,omitempty"` // that make each step together; 0: one
	Memory     bool              `json:"memory,omitempty"`    // three processes or more add up in memory that they share, in an order of its own
	Variables  map[string]string `json:"variables,omitempty"` // of the environment, those of numerics that are set
}

// numerics are the variables of the environment by which the runtime and its libraries choose how
// to compute. This package reads them because the runtime does, which nobody hands them to.
var numerics = []string{
	"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", // the best instructions that oneDNN may use; the second is the older name
	"ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE", "TF_SET_ONEDNN_FPMATH_MODE", // fewer bits in products
	"TF_ENABLE_ONEDNN_OPTS", "TF_ENABLE_ONEDNN_SPMM", // oneDNN in place of Eigen
	"TF_XLA_FLAGS", "XLA_FLAGS",
	"TF_DETERMINISTIC_OPS", "TF_DETERMINISTIC_ORDER", "TF_CUDNN_USE_AUTOTUNE", "NVIDIA_TF32_OVERRIDE", // of GPUs
}

// Machine returns the machine as a session with these options and devices uses it.
func (o Options) Machine(devices []string) Machine {
	m := Machine{TensorFlow: libtensorflow.Version, Processor: Processor(), Threads: o.threads(), Devices: devices}
	for _, name := range numerics {
		if value, ok := os.LookupEnv(name); ok {
			if m.Variables == nil {
				m.Variables = map[string]string{}
			}
			m.Variables[name] = value
		}
	}
	return m
}

// threads is how many threads one operation may use.
func (o Options) threads() int {
	if o.Threads == 0 {
		return workers.Cores()
	}
	return o.Threads
}

// Differences says in which ways b is not m, "threads 1, now 2": one entry each, nil if they compute
// the same.
func (m Machine) Differences(b Machine) []string {
	var list []string
	add := func(what, before, now string) {
		if before != now {
			list = append(list, fmt.Sprintf("%s %s, now %s", what, before, now))
		}
	}
	add("TensorFlow", m.TensorFlow, b.TensorFlow)
	add("processor", m.Processor, b.Processor)
	add("threads", fmt.Sprint(m.Threads), fmt.Sprint(b.Threads))
	add("devices", strings.Join(m.Devices, ", "), strings.Join(b.Devices, ", "))
	add("processes", fmt.Sprint(max(m.Processes, 1)), fmt.Sprint(max(b.Processes, 1)))
	if min(m.Processes, b.Processes) > 2 { // of fewer it makes no difference
		add("gradients added up in shared memory:", fmt.Sprint(m.Memory), fmt.Sprint(b.Memory))
	}
	names := maps.Clone(m.Variables)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, b.Variables)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		add(name, setting(m.Variables, name), setting(b.Variables, name))
	}
	return list
}

// setting is the value of a variable, in words where it has none.
func setting(variables map[string]string, name string) string {
	value, ok := variables[name]
	if !ok {
		return "not set"
	}
	return fmt.Sprintf("%q", value)
}

// BF16 reports whether the processor has instructions for products of bfloat16, and the runtime kernels that use them:
// those of oneDNN on x86. Without them bfloat16 is computed as float32, and converted before and after.
func BF16() bool { return Int8() && (cpu.X86.HasAVX512BF16 || cpu.X86.HasAMXBF16) }

// Processor names the architecture and those features of the processor by which oneDNN and Eigen choose their
// kernels: "amd64 avx avx2 fma".
func Processor() string {
	list := []string{runtime.GOARCH}
	for _, f := range []struct {
		name string
		has  bool
	}{{"sse4.1", cpu.X86.HasSSE41}, {"avx", cpu.X86.HasAVX}, {"avx2", cpu.X86.HasAVX2}, {"fma", cpu.X86.HasFMA},
		{"avx-vnni", cpu.X86.HasAVXVNNI}, {"avx512", cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ},
		{"avx512-vnni", cpu.X86.HasAVX512VNNI}, {"avx512-bf16", cpu.X86.HasAVX512BF16},
		{"amx-int8", cpu.X86.HasAMXInt8}, {"amx-bf16", cpu.X86.HasAMXBF16},
		{"asimd", cpu.ARM64.HasASIMD}, {"asimd-dotprod", cpu.ARM64.HasASIMDDP}, {"sve", cpu.ARM64.HasSVE},
		{"sve2", cpu.ARM64.HasSVE2}} {
		if f.has {
			list = append(list, f.name)
		}
	}
	return strings.Join(list, " ")
}

//go:build tensorflow && cgo

package session

import (
	"slices"
	"testing"
)

// What changes the digits of a result is in a Machine, and a difference names it.
func TestMachineDifferences(t *testing.T) {
	cpu := []string{"CPU:0"}
	t.Setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
	t.Setenv("TF_ENABLE_ONEDNN_OPTS", "")
	a := Options{Threads: 1}.Machine(cpu)
	if same := (Options{Threads: 1}).Machine(cpu); len(a.Differences(same)) > 0 {
		t.Errorf("the same machine differs: %q", a.Differences(same))
	}
	t.Setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
	t.Setenv("DNNL_MAX_CPU_ISA", "SSE41")
	b := Options{Threads: 2}.Machine([]string{"CPU:0", "GPU:0"})
	b.TensorFlow, b.Processor, b.Memory = "2.99.0", "riscv64", true
	a.Processes, b.Processes = 3, 4
	want := []string{
		"TensorFlow " + a.TensorFlow + ", now 2.99.0",
		"processor " + a.Processor + ", now riscv64",
		"threads 1, now 2",
		"devices CPU:0, now CPU:0, GPU:0",
		"processes 3, now 4",
		"gradients added up in shared memory: false, now true",
		`DNNL_MAX_CPU_ISA not set, now "SSE41"`,
		`ONEDNN_MAX_CPU_ISA "AVX2", now "SSE41"`,
	}
	if got := a.Differences(b); !slices.Equal(got, want) {
		t.Errorf("Differences = %q, want %q", got, want)
	}
	if a.Processes = 2; slices.Contains(a.Differences(b), want[5]) {
		t.Errorf("of two processes Differences = %q, and two numbers have one sum", a.Differences(b))
	}
	if whole := (Options{}).Machine(cpu); whole.Threads < 1 {
		t.Errorf("Threads = %d where all cores are used, want their number", whole.Threads)
	}
}

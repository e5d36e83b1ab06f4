//go:build !tensorflow

package main

// Without TensorFlow the program could do nothing, and the compiler would fill a page with the
// headers that it lacks. This line says it in one.
var _ = tfpair_needs_TensorFlow__run_make__or_eval_what_go_run_cli_tfpair_env_prints__and_build_again

func main() {}

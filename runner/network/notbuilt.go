//go:build !tensorflow

package network

// Without the build tag there is no session to open. This line says where the tag comes from.
var _ = tfpair_needs_the_build_tag_tensorflow__eval_what_go_run_cli_tfpair_env_prints__a_tags_flag_replaces_it

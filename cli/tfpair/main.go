//go:build tensorflow

// Command tfpair learns which images belong together.
package main

import (
	"os"

	"github.com/tfpair/tfpair/cli"
)

func main() { os.Exit(cli.Main()) }

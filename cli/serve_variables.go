package cli

import (
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"
)

// variableOf returns the variable of the environment that a flag of serve has.
func variableOf(f cli.Flag) string { return variableNamed(f.Names()[0]) }

// variableNamed is variableOf for the name of a flag.
func variableNamed(flag string) string {
	return "TFPAIR_SERVE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Where the next value begins in a variable of a flag that may be repeated. Another comma is part of a path or of a URL.
var (
	nextPath = regexp.MustCompile(`,\s*[A-Za-z0-9][A-Za-z0-9._-]{0,63}=`) // NAME=PATH
	nextName = regexp.MustCompile(`,`)
)

// several returns the values of a flag that may be repeated. Its variable has all of them in one text, with commas between them.
func several(given []string, variable string, next *regexp.Regexp) (list []string) {
	if variable = strings.TrimSpace(variable); len(given) != 1 || given[0] != variable {
		return given // by flags
	}
	at := 0
	for _, comma := range next.FindAllStringIndex(variable, -1) {
		list = append(list, strings.TrimSpace(variable[at:comma[0]]))
		at = comma[0] + 1
	}
	return append(list, strings.TrimSpace(variable[at:]))
}

// fromEnvironment has a flag also be set by its variable.
func fromEnvironment(f cli.Flag) {
	name := []string{variableOf(f)}
	switch f := f.(type) {
	case *cli.StringFlag:
		f.EnvVars = name
	case *cli.StringSliceFlag:
		f.EnvVars = name
	case *cli.IntFlag:
		f.EnvVars = name
	case *cli.DurationFlag:
		f.EnvVars = name
	case *cli.BoolFlag:
		f.EnvVars = name
	}
}

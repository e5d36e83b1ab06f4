package cli

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/named"
)

// unknownCommand says that there is no command of this name, and which one may be meant.
func unknownCommand(name string, commands []*cli.Command) error {
	var known []string
	for _, c := range commands {
		if !c.Hidden {
			known = append(known, c.Name)
		}
	}
	if meant := named.Nearest(name, known); meant != "" {
		return usagef("unknown command %q; did you mean %s?", name, meant)
	}
	return usagef("unknown command %q (known: %s)", name, strings.Join(known, ", "))
}

// What the flag parser says of a command line that it does not understand.
var (
	undefinedFlag = regexp.MustCompile(`^flag provided but not defined: -(.*)$`)
	valuelessFlag = regexp.MustCompile(`^flag needs an argument: -(.*)$`)
	secondValue   = regexp.MustCompile(`^invalid value (".*") for flag -([^:]*): before (".*")$`)
	invalidValue  = regexp.MustCompile(`^invalid (?:boolean )?value (".*") for (?:flag )?-([^:]*): .*$`)
)

// flagError says in the program's words what is wrong with a flag.
func flagError(flags []cli.Flag, err error) error {
	text := err.Error()
	if m := undefinedFlag.FindStringSubmatch(text); m != nil {
		return unknownFlag(m[1], flags)
	}
	if m := valuelessFlag.FindStringSubmatch(text); m != nil {
		if f := flagNamed(flags, m[1]); f != nil {
			return usagef("%s needs a value: %s %s", dashed(m[1]), dashed(m[1]), placeholder(f))
		}
	}
	if m := secondValue.FindStringSubmatch(text); m != nil {
		second := fmt.Sprintf("%s is given twice, as %s and as %s: give it once", dashed(m[2]), m[3], m[1])
		if m[2] == "data" {
			second += "; to use several archives, put them into one folder and give that: --data FOLDER"
		}
		return usagef("%s", second)
	}
	if m := invalidValue.FindStringSubmatch(text); m != nil {
		if f := flagNamed(flags, m[2]); f != nil {
			return usagef("%s must be %s, got %s", dashed(m[2]), valueKind(f), m[1])
		}
	}
	return usage(err)
}

func unknownFlag(name string, flags []cli.Flag) error {
	var known []string
	for _, f := range flags {
		known = append(known, f.Names()...)
	}
	message := fmt.Sprintf("unknown flag %s", dashed(name))
	if meant := named.Nearest(name, known); meant != "" {
		message += fmt.Sprintf("; did you mean %s?", dashed(meant))
	}
	return usagef("%s", message)
}

// flagNamed returns the flag of this name, nil where there is none.
func flagNamed(flags []cli.Flag, name string) cli.DocGenerationFlag {
	for _, f := range flags {
		for _, known := range f.Names() {
			if known == name {
				return f.(cli.DocGenerationFlag) // all flags of the package are
			}
		}
	}
	return nil
}

// valueKind says which values a flag takes.
func valueKind(f cli.Flag) string {
	switch f.(type) {
	case autoFlag:
		return "a whole number or auto"
	case wholeFlag:
		return "a whole number"
	case naturalFlag:
		return "a whole number that is 0 or more"
	case finiteFlag:
		return "a number"
	case *cli.BoolFlag:
		return "true or false"
	}
	return "a value that it takes"
}

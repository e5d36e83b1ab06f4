package cli

import (
	"errors"
	"flag"
	"math"
	"regexp"
	"strconv"

	"github.com/urfave/cli/v2"
)

// The flag package reads 010 as 8 and takes NaN for a number. Flags here read decimal numbers.

// strictNumbers makes the flags of numbers among flags read decimal numbers only.
func strictNumbers(flags []cli.Flag) {
	for i, f := range flags {
		switch f := f.(type) {
		case *cli.IntFlag:
			flags[i] = wholeFlag{f}
		case *cli.Uint64Flag:
			flags[i] = naturalFlag{f}
		case *cli.Float64Flag:
			flags[i] = finiteFlag{f}
		}
	}
}

type (
	wholeFlag   struct{ *cli.IntFlag }
	naturalFlag struct{ *cli.Uint64Flag }
	finiteFlag  struct{ *cli.Float64Flag }
)

func (f wholeFlag) Apply(set *flag.FlagSet) error {
	return looked(set, f.Names(), f.IntFlag.Apply(set), isDecimal)
}

func (f naturalFlag) Apply(set *flag.FlagSet) error {
	return looked(set, f.Names(), f.Uint64Flag.Apply(set), isDecimal)
}

func (f finiteFlag) Apply(set *flag.FlagSet) error {
	return looked(set, f.Names(), f.Float64Flag.Apply(set), func(text string) bool {
		x, err := strconv.ParseFloat(text, 64)
		return err == nil && !math.IsNaN(x) && !math.IsInf(x, 0)
	})
}

// isDecimal reports whether text is a whole number without leading zeros.
var isDecimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`).MatchString

// looked has the values of the named flags, which err says how adding them to set went, looked
// at before they are read.
func looked(set *flag.FlagSet, names []string, err error, ok func(string) bool) error {
	for _, name := range names {
		if f := set.Lookup(name); f != nil {
			f.Value = checkedValue{f.Value.(flag.Getter), ok}
		}
	}
	return err
}

// auto is the value of an autoFlag that leaves the number to the program.
const auto = "auto"

// autoFlag is a flag of a whole number, of which 0, or the word auto, leaves it to the program.
type autoFlag struct{ *cli.IntFlag }

func (f autoFlag) Apply(set *flag.FlagSet) error {
	err := f.IntFlag.Apply(set)
	for _, name := range f.Names() {
		if of := set.Lookup(name); of != nil {
			of.Value = autoValue{of.Value.(flag.Getter)}
		}
	}
	return err
}

type autoValue struct{ flag.Getter }

func (v autoValue) Set(text string) error {
	switch {
	case text == auto:
		text = "0"
	case !isDecimal(text):
		return errors.New("parse error") // see checkedValue
	}
	return v.Getter.Set(text)
}

type checkedValue struct {
	flag.Getter
	ok func(string) bool
}

func (v checkedValue) Set(text string) error {
	if !v.ok(text) {
		return errors.New("parse error") // as the flag package says; flagError says what is wanted
	}
	return v.Getter.Set(text)
}

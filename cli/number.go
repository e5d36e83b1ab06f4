package cli

import (
	"errors"
	"flag"
	"math"
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
		case *cli.Float64Flag:
			flags[i] = finiteFlag{f}
		}
	}
}

type wholeFlag struct{ *cli.IntFlag }

func (f wholeFlag) Apply(set *flag.FlagSet) error {
	return checked(set, f.Names(), f.IntFlag.Apply(set), func(text string) error {
		if _, err := strconv.ParseInt(text, 10, strconv.IntSize); err != nil || len(text) > 1 && text[0] == '0' {
			return errors.New("want a whole number in decimal digits")
		}
		return nil
	})
}

type finiteFlag struct{ *cli.Float64Flag }

func (f finiteFlag) Apply(set *flag.FlagSet) error {
	return checked(set, f.Names(), f.Float64Flag.Apply(set), func(text string) error {
		if x, err := strconv.ParseFloat(text, 64); err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return errors.New("want a finite number")
		}
		return nil
	})
}

// checked has the values of the named flags, which were just added to set, checked before
// they are read.
func checked(set *flag.FlagSet, names []string, err error, check func(string) error) error {
	for _, name := range names {
		if f := set.Lookup(name); f != nil {
			f.Value = checkedValue{f.Value.(flag.Getter), check}
		}
	}
	return err
}

type checkedValue struct {
	flag.Getter
	check func(string) error
}

func (v checkedValue) Set(text string) error {
	if err := v.check(text); err != nil {
		return err
	}
	return v.Getter.Set(text)
}

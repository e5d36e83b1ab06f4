package cli

import (
	"flag"
	"fmt"

	"github.com/urfave/cli/v2"
)

// The flag package takes the last of several values in silence. A word or a path here is given once.

// onceOnly makes those flags that take one text refuse a second one.
func onceOnly(flags []cli.Flag) {
	for i, f := range flags {
		if of, ok := f.(*cli.StringFlag); ok {
			flags[i] = onceFlag{of}
		}
	}
}

type onceFlag struct{ *cli.StringFlag }

func (f onceFlag) Apply(set *flag.FlagSet) error {
	err := f.StringFlag.Apply(set)
	for _, name := range f.Names() {
		if of := set.Lookup(name); of != nil {
			of.Value = &onceValue{Getter: of.Value.(flag.Getter)}
		}
	}
	return err
}

// onceValue is a value that may be set again to what it is: flags with two names are.
type onceValue struct {
	flag.Getter
	given bool // on the command line; a default and a variable of the environment give way
}

func (v *onceValue) Set(text string) error {
	if v.given && text != v.String() {
		return fmt.Errorf("before %q", v.String()) // flagError says more
	}
	v.given = true
	return v.Getter.Set(text)
}

// String is also asked of the zero value, by package flag.
func (v *onceValue) String() string {
	if v.Getter == nil {
		return ""
	}
	return v.Getter.String()
}

package cli

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models"
)

// trustOptions say which exported models are loaded.
type trustOptions struct{ who string }

// Words of --trust.
const (
	trustChecked = "checked"
	trustAny     = "any"
)

func (o *trustOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "trust", Destination: &o.who, Value: trustChecked,
		Usage: "`WHICH` exported models are loaded: checked, those that only compute; or any, if you know who made it"})
}

func (o trustOptions) validate() error {
	if !slices.Contains([]string{"", trustChecked, trustAny}, o.who) {
		return usagef("--trust must be %s or %s, got %q", trustChecked, trustAny, o.who)
	}
	return nil
}

func (o trustOptions) trusted() models.Trusted {
	if o.who == trustAny {
		return models.Any
	}
	return models.Checked
}

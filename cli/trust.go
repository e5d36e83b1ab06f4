package cli

import (
	"crypto/ecdsa"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/signature"
)

// trustOptions say which exported models are loaded.
type trustOptions struct {
	who    string
	signer signerOptions
}

// Words of --trust.
const (
	trustChecked = "checked"
	trustAny     = "any"
)

func (o *trustOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "trust", Destination: &o.who, Value: trustChecked,
		Usage: "`WHICH` exported models are loaded: checked, those that only compute; or any, if you know who made it"})
	o.signer.addFlags(c)
}

func (o trustOptions) validate() error {
	if !slices.Contains([]string{"", trustChecked, trustAny}, o.who) {
		return usagef("--trust must be %s or %s, got %q", trustChecked, trustAny, o.who)
	}
	_, err := o.signer.read()
	return err
}

// flags are those that are not as they are by default.
func (o trustOptions) flags() []given {
	list := []given{{"require-signature", o.signer.key}}
	if o.who == trustAny {
		list = append(list, given{"trust", o.who})
	}
	return list
}

func (o trustOptions) trusted() models.Trusted {
	if o.who == trustAny {
		return models.Any
	}
	return models.Checked
}

// signerOptions say whose signature an exported model must have.
type signerOptions struct{ key string } // file of the public key; "": it needs none

func (o *signerOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "require-signature", Destination: &o.key,
		Usage: "`KEY`, a file with a public key in PEM: the exported model must have a signature by it"})
}

// read returns the key, nil where none is given.
func (o signerOptions) read() (*ecdsa.PublicKey, error) {
	if o.key == "" {
		return nil, nil //nolint:nilnil // no signature is required
	}
	return signature.ReadPublicKey(o.key)
}

package cli

import (
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/signature"
)

// signOptions are the options of tfpair model sign.
type signOptions struct {
	folder    string
	key       string // file of the private key
	overwrite bool
	output    outputOptions
}

func newModelSignCommand(streams IO) *cli.Command {
	var o signOptions
	c := &cli.Command{
		Name:  "sign",
		Usage: "sign an exported model, for --require-signature",
		Description: `Writes model.sig beside saved_model.pb: the SHA-256 of all files, signed, in the
layout of OpenSSF model signing. Python's model_signing checks it, too.

Sign after the last change. A file of the folder that changes, comes or goes later
makes the signature wrong.

` + examplesHead + `  openssl ecparam -name prime256v1 -genkey -noout -out key.pem
  openssl ec -in key.pem -pubout -out key.pub
  tfpair model sign --model demo/model --key key.pem
  tfpair model verify --model demo/model --require-signature key.pub`,
		Action: func(*cli.Context) error { return runModelSign(o, streams) },
	}
	c.Flags = []cli.Flag{savedModelFlag(&o.folder), &cli.StringFlag{Name: "key", Destination: &o.key,
		Usage: "`KEY`, a file with a private EC key in PEM and no password"}, overwriteFlag(&o.overwrite)}
	o.output.addFlags(c)
	needs(c, "model", "key")
	return c
}

// signedModel is the result of tfpair model sign.
type signedModel struct {
	Model     string `json:"model"`
	Signature string `json:"signature"` // its file
	SignedBy  string `json:"signed_by"` // fingerprint of the key
}

func runModelSign(o signOptions, streams IO) error {
	if err := require("sign", given{"model", o.folder}, given{"key", o.key}); err != nil {
		return err
	}
	path, err := models.Locate(o.folder)
	if err != nil {
		return err
	}
	key, err := signature.ReadPrivateKey(o.key)
	if err != nil {
		return err
	}
	if err := signature.Sign(path, key, o.overwrite); err != nil {
		return err
	}
	r := signedModel{Model: path, Signature: filepath.Join(path, signature.FileName), SignedBy: signature.Fingerprint(&key.PublicKey)}
	out := o.output.on(streams)
	out.print("wrote %s, signed by the key with the SHA-256 %s", r.Signature, r.SignedBy)
	return out.emit("summary", r)
}

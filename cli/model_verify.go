package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/gate"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/models/signature"
)

// verifyOptions are the options of tfpair model verify.
type verifyOptions struct {
	folder string
	signer signerOptions
	output outputOptions
}

func newModelCommand(streams IO) *cli.Command {
	return &cli.Command{Name: "model", Usage: "verify and sign exported models",
		Subcommands: []*cli.Command{newModelVerifyCommand(streams), newModelSignCommand(streams)}}
}

func newModelVerifyCommand(streams IO) *cli.Command {
	var o verifyOptions
	c := &cli.Command{
		Name:  "verify",
		Usage: "show what an exported model can do, and whether its files are as they were written",
		Description: `Takes any SavedModel, also one of another program. No part of the model runs, and
TensorFlow is not needed.

Shows the operations by kind, why the model would be refused, the functions that it
offers, and its files. The exit code is 0 where all is well, and 4 where other
commands refuse the model. docs/models.md says more.

` + examplesHead + `  tfpair model verify --model demo/model
  tfpair model verify --model demo/model --json`,
		Action: func(*cli.Context) error { return runModelVerify(o, streams) },
	}
	c.Flags = []cli.Flag{savedModelFlag(&o.folder)}
	o.signer.addFlags(c)
	o.output.addFlags(c)
	needs(c, "model")
	return c
}

func savedModelFlag(to *string) cli.Flag {
	return &cli.StringFlag{Name: "model", Destination: to, Usage: "`FOLDER` of an exported model"}
}

// verified is the result of tfpair model verify.
type verified struct {
	Model      string                  `json:"model"`
	Path       string                  `json:"path"`
	Loads      bool                    `json:"loads"` // the gate and the checksums let it through
	Problems   []string                `json:"problems"`
	SignedBy   string                  `json:"signed_by,omitempty"`   // fingerprint of the key that was asked for
	ExportedBy string                  `json:"exported_by,omitempty"` // "": it has no manifest
	Runtime    string                  `json:"tensorflow,omitempty"`  // version that wrote it
	Signatures map[string]signatureRow `json:"signatures"`
	Files      []models.InspectedFile  `json:"files"`
	Graphs     []gate.Graph            `json:"graphs"`
	Refusals   []gate.Refusal          `json:"refusals"`
}

// signatureRow is a function that a model offers: types and shapes by key.
type signatureRow struct {
	Inputs  map[string]string `json:"inputs"`
	Outputs map[string]string `json:"outputs"`
}

func runModelVerify(o verifyOptions, streams IO) error {
	if err := require("verify", given{"model", o.folder}); err != nil {
		return err
	}
	key, err := o.signer.read()
	if err != nil {
		return err
	}
	found, err := models.Inspect(o.folder, models.RequireSignature(key))
	if err != nil {
		return err
	}
	v := newVerified(o.folder, found)
	if key != nil && !slices.ContainsFunc(found.Problems, isA[*signature.Error]) {
		v.SignedBy = signature.Fingerprint(key)
	}
	out := o.output.on(streams)
	v.print(out)
	if err := out.emit("summary", v); err != nil || v.Loads {
		return err
	}
	return found.Problems[0]
}

func newVerified(folder string, found *models.Inspection) *verified {
	v := &verified{Model: folder, Path: found.Path, Loads: len(found.Problems) == 0, Problems: []string{}, Runtime: found.Runtime,
		Signatures: map[string]signatureRow{}, Files: found.Files, Graphs: found.Can.Graphs, Refusals: found.Can.Refusals}
	if v.Refusals == nil {
		v.Refusals = []gate.Refusal{}
	}
	for _, err := range found.Problems {
		v.Problems = append(v.Problems, err.Error())
	}
	if found.Manifest != nil {
		v.ExportedBy = found.Manifest.Tool
	}
	for name, s := range found.Signatures {
		v.Signatures[name] = signatureRow{typesOf(s.Inputs), typesOf(s.Outputs)}
	}
	return v
}

func typesOf(tensors map[string]savedmodel.Tensor) map[string]string {
	types := map[string]string{}
	for key, t := range tensors {
		types[key] = t.String()
	}
	return types
}

// print writes the result for a person.
func (v *verified) print(out output) {
	out.print("model      %s, %s", v.Model, v.Path)
	if v.ExportedBy != "" {
		out.print("made by    %s", v.ExportedBy)
	} else {
		out.print("made by    not known: it has no manifest of tfpair")
	}
	if v.Runtime != "" {
		out.print("for        TensorFlow %s", v.Runtime)
	}
	if v.SignedBy != "" {
		out.print("signed by  the key with the SHA-256 %s", v.SignedBy)
	}
	if v.Loads {
		out.print("verdict    it only computes, and is loaded")
	}
	for _, problem := range v.Problems {
		out.print("problem    %s", problem)
	}
	for _, g := range v.Graphs {
		printGraph(out, g)
	}
	v.printSignatures(out)
	v.printFiles(out)
	if len(v.Refusals) > 0 {
		out.print("\nwhy it may do more than compute:")
	}
	for _, r := range v.Refusals {
		out.print("  %s", r)
	}
}

// printGraph writes how many operations of each kind a graph has.
func printGraph(out output, g gate.Graph) {
	served := ""
	if !g.Served {
		served = ", which is not loaded"
	}
	t := newTable("kind", "what it does", "operations")
	for _, k := range gate.Kinds() {
		name, does := k[0], k[1]
		if ops := g.Ops[name]; len(ops) > 0 {
			total := 0
			for _, n := range ops {
				total += n
			}
			t.AppendRow(table.Row{name, does, commas(total)})
		}
	}
	out.print("\ngraph %s%s, with %s\n\n%s", strings.Join(g.Tags, ","), served, count(g.Functions, "function"), t)
}

func (v *verified) printSignatures(out output) {
	t := newTable("signature", "", "name", "type")
	for _, name := range slices.Sorted(maps.Keys(v.Signatures)) {
		s := v.Signatures[name]
		for _, key := range slices.Sorted(maps.Keys(s.Inputs)) {
			t.AppendRow(table.Row{name, "takes", key, s.Inputs[key]})
		}
		for _, key := range slices.Sorted(maps.Keys(s.Outputs)) {
			t.AppendRow(table.Row{name, "gives", key, s.Outputs[key]})
		}
	}
	out.print("\n%s", t)
}

func (v *verified) printFiles(out output) {
	t := newTable("file", "bytes", "state", "SHA-256")
	for _, f := range v.Files {
		sum := ""
		if f.SHA256 != "" {
			sum = fmt.Sprintf("%.12s…", f.SHA256)
		}
		t.AppendRow(table.Row{f.Name, commas(int(f.Bytes)), f.State, sum})
	}
	out.print("\n%s", t)
}

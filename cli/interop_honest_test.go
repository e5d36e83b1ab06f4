//go:build interop

package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/gate"
	"github.com/tfpair/tfpair/models/savedmodel"
)

// TestInteropHonest: the runtime loads each model of other tools that the gate lets through. They are
// made anew by testdata/models/honest.py, and are those whose graphs the gate's own test has. One more is
// made by tfgo and the binding: tfpair's own.
func TestInteropHonest(t *testing.T) {
	out := t.TempDir()
	t.Log(command(t, interopPython(t, "keras"), "../testdata/models/honest.py", out))
	kept, err := filepath.Glob("../models/gate/testdata/honest/*.pb.gz")
	if err != nil || len(kept) < 20 {
		t.Fatalf("%d honest models are kept, want at least 20 (%v)", len(kept), err)
	}
	folders := []string{"../testdata/formats/f76e329/model/1"}
	for _, file := range kept {
		folders = append(folders, filepath.Join(out, strings.TrimSuffix(filepath.Base(file), ".pb.gz")))
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			saved, err := savedmodel.Read(folder)
			if err != nil {
				t.Fatal(err)
			}
			if err := gate.Inspect(folder, saved.Proto(), nil).Err(folder); err != nil {
				t.Error(err)
			}
			s, err := session.Load(folder, savedmodel.Tag, session.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestInteropSignatures: Python's model_signing accepts what tfpair signs, and refuses it once a file is
// another.
func TestInteropSignatures(t *testing.T) {
	python := interopPython(t, "signing")
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	if err := os.CopyFS(at("model"), os.DirFS("../testdata/formats/f76e329/model")); err != nil {
		t.Fatal(err)
	}
	for _, curve := range []string{"prime256v1", "secp384r1", "secp521r1"} {
		command(t, "openssl", "ecparam", "-name", curve, "-genkey", "-noout", "-out", at("key.pem"))
		command(t, "openssl", "ec", "-in", at("key.pem"), "-pubout", "-out", at("key.pub"))
		tfpair(t, "model", "sign", "--model", at("model"), "--key", at("key.pem"), "--overwrite")
		command(t, python, "-m", "model_signing", "verify", "key", at("model/1"), "--signature", at("model/1/model.sig"),
			"--public_key", at("key.pub"))
		command(t, python, "-m", "model_signing", "sign", "key", at("model/1"), "--signature", at("model/1/model.sig"),
			"--private_key", at("key.pem"))
		tfpair(t, "model", "verify", "--model", at("model"), "--require-signature", at("key.pub"))
	}
	write(t, at("model/1/more"), nil)
	var refused *models.SignatureError
	if err := runModelVerify(verifyOptions{folder: at("model"), signer: signerOptions{at("key.pub")}}, silent); !errors.As(err, &refused) {
		t.Errorf("verify = %v, want that a file was not signed", err)
	}
}

package signature

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// signed returns a copy of a model that testdata/make.py signed, and its key.
func signed(t *testing.T, name string) (folder string, key *ecdsa.PublicKey) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "model")
	if err := os.CopyFS(folder, os.DirFS(filepath.Join("testdata", name, "model"))); err != nil {
		t.Fatal(err)
	}
	key, err := ReadPublicKey(filepath.Join("testdata", name, "key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	return folder, key
}

// TestPython: signatures that Python's package made are accepted, whatever the name of the folder.
func TestPython(t *testing.T) {
	for _, name := range []string{"p256", "p384", "p521"} {
		folder, key := signed(t, name)
		other := filepath.Join(t.TempDir(), "1")
		if err := errors.Join(Verify(folder, key), os.Rename(folder, other), Verify(other, key)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTampered: whatever is changed in the folder is named.
func TestTampered(t *testing.T) {
	for want, change := range map[string]func(folder string) error{
		"saved_model.pb: SHA-256 is": func(f string) error {
			return os.WriteFile(filepath.Join(f, "saved_model.pb"), []byte("A graph\n"), 0o600)
		},
		"variables/more: it was not signed": func(f string) error { return os.WriteFile(filepath.Join(f, "variables", "more"), nil, 0o600) },
		".git/config: it was not signed": func(f string) error {
			return errors.Join(os.Mkdir(filepath.Join(f, ".git"), 0o755), os.WriteFile(filepath.Join(f, ".git", "config"), nil, 0o600))
		},
		"variables/model.sig: it was not signed": func(f string) error { return os.WriteFile(filepath.Join(f, "variables", FileName), nil, 0o600) },
		"variables/variables.index: it was signed and is missing": func(f string) error {
			return os.Remove(filepath.Join(f, "variables", "variables.index"))
		},
		"saved_model.pb: it is a link": func(f string) error {
			at := filepath.Join(f, "saved_model.pb")
			return errors.Join(os.Rename(at, filepath.Join(filepath.Dir(f), "away")), os.Symlink("../away", at))
		},
		"variables: it is a link": func(f string) error {
			at := filepath.Join(f, "variables")
			return errors.Join(os.Rename(at, filepath.Join(filepath.Dir(f), "away")), os.Symlink("../away", at))
		},
		"pipe: it is a named pipe":   func(f string) error { return syscall.Mkfifo(filepath.Join(f, "pipe"), 0o600) },
		"model.sig: it is missing":   func(f string) error { return os.Remove(filepath.Join(f, FileName)) },
		"it is no signature in JSON": func(f string) error { return os.Truncate(filepath.Join(f, FileName), 100) },
		"model.sig: it is a named pipe": func(f string) error {
			at := filepath.Join(f, FileName)
			return errors.Join(os.Remove(at), syscall.Mkfifo(at, 0o600))
		},
		"model.sig: path escapes from": func(f string) error { return linked(filepath.Join(f, FileName), os.DevNull) },
	} {
		folder, key := signed(t, "p256")
		if err := change(folder); err != nil {
			t.Fatal(err)
		}
		var refused *Error
		if err := Verify(folder, key); !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("Verify = %v, want an *Error with %q", err, want)
		}
	}
}

// linked puts a link in place of a file.
func linked(path, to string) error { return errors.Join(os.Remove(path), os.Symlink(to, path)) }

// TestFlips: no bit of what is signed, or of the signature, can be another.
func TestFlips(t *testing.T) {
	data, err := os.ReadFile("testdata/p256/model/model.sig")
	if err != nil {
		t.Fatal(err)
	}
	_, key := signed(t, "p256")
	var whole bundle
	if err := json.Unmarshal(data, &whole); err != nil {
		t.Fatal(err)
	}
	for of, bytes := range map[string][]byte{"payload": whole.Envelope.Payload, "signature": whole.Envelope.Signatures[0].Sig} {
		for i := range bytes {
			bytes[i] ^= 1
			text, err := json.Marshal(whole)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := open(text, key); err == nil {
				t.Errorf("byte %d of the %s is another, and it is accepted", i, of)
			}
			bytes[i] ^= 1
		}
	}
}

// TestOther: a signature of another key, or of something else than a model's files, is refused.
func TestOther(t *testing.T) {
	mine := newKey(t, elliptic.P256())
	files := digests{"saved_model.pb": strings.Repeat("0a", 32)}
	for want, change := range map[string]struct {
		statement func(*statement)
		bundle    func(*bundle)
	}{
		"it states":                    {statement: func(s *statement) { s.PredicateType = "https://slsa.dev/provenance/v1" }},
		"it signs a statement of type": {statement: func(s *statement) { s.Type = "https://in-toto.io/Statement/v0.1" }},
		"it is of 2 models":            {statement: func(s *statement) { s.Subject = append(s.Subject, s.Subject[0]) }},
		"it signs shards by sha256":    {statement: func(s *statement) { s.Predicate.Serialization.Method = "shards" }},
		"it signs files by blake3":     {statement: func(s *statement) { s.Predicate.Serialization.Hash = "blake3" }},
		"it signs no files":            {statement: func(s *statement) { s.Predicate.Resources = nil }},
		"twice":                        {statement: func(s *statement) { s.Predicate.Resources = append(s.Predicate.Resources, s.Predicate.Resources[0]) }},
		"which is no file":             {statement: func(s *statement) { s.Predicate.Resources[0].Name = "../saved_model.pb" }},
		"want a checksum by sha256":    {statement: func(s *statement) { s.Predicate.Resources[0].Digest = "0a" }},
		"together have the checksum":   {statement: func(s *statement) { s.Subject[0].Digest["sha256"] = files["saved_model.pb"] }},
		"it is a bundle of type":       {bundle: func(b *bundle) { b.MediaType = "application/vnd.dev.sigstore.bundle+json;version=0.2" }},
		"not made with a key pair":     {bundle: func(b *bundle) { b.Verification.Key = nil }},
		"it was made with the key":     {bundle: func(b *bundle) { b.Verification.Key.Hint = Fingerprint(&newKey(t, elliptic.P256()).PublicKey) }},
		"it signs a payload of type":   {bundle: func(b *bundle) { b.Envelope.Type = "text/plain" }},
		"it holds 0 signatures":        {bundle: func(b *bundle) { b.Envelope.Signatures = nil }},
		"did not make it":              {bundle: func(b *bundle) { b.Envelope.Signatures[0].Sig = nil }},
	} {
		s, err := newStatement("model", files)
		if err != nil {
			t.Fatal(err)
		}
		if change.statement != nil {
			change.statement(&s)
		}
		b, err := seal(s, mine)
		if err != nil {
			t.Fatal(err)
		}
		if change.bundle != nil {
			change.bundle(&b)
		}
		text, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := open(text, &mine.PublicKey); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("open = %v, want %q", err, want)
		}
	}
	folder, _ := signed(t, "p256")
	if err := Verify(folder, &mine.PublicKey); err == nil || !strings.Contains(err.Error(), "it was made with the key") {
		t.Errorf("Verify with another key = %v", err)
	}
	_, key := signed(t, "p384")
	if err := Verify(folder, key); err == nil || !strings.Contains(err.Error(), "it was made with the key") {
		t.Errorf("Verify with a key of another curve = %v", err)
	}
}

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestSign: what Sign signs is accepted, and a signature is replaced only where that is asked for.
func TestSign(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		folder, _ := signed(t, "p256")
		key := newKey(t, curve)
		var exists *ExistsError
		if err := Sign(folder, key, false); !errors.As(err, &exists) {
			t.Errorf("Sign over a signature = %v, want an *ExistsError", err)
		}
		left := filepath.Join(folder, "."+FileName+"123456789012") // as a killed Sign leaves it
		if err := os.WriteFile(left, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		_, before := signed(t, "p256")
		if err := Verify(folder, before); err != nil {
			t.Errorf("what a killed Sign leaves makes the signature before it wrong: %v", err)
		}
		if err := errors.Join(Sign(folder, key, true), Verify(folder, &key.PublicKey)); err != nil {
			t.Errorf("%s: %v", curve.Params().Name, err)
		}
		if _, err := os.Stat(left); err == nil {
			t.Error("the leftover of a killed Sign stays")
		}
	}
	folder, _ := signed(t, "p256")
	if err := errors.Join(os.Remove(filepath.Join(folder, FileName)), os.Symlink("saved_model.pb", filepath.Join(folder, "link"))); err != nil {
		t.Fatal(err)
	}
	if err := Sign(folder, newKey(t, elliptic.P256()), false); err == nil || !strings.Contains(err.Error(), "link: it is a link") {
		t.Errorf("Sign of a folder with a link = %v", err)
	}
	if _, err := os.Stat(filepath.Join(folder, FileName)); err == nil {
		t.Error("a signature is there, though not all could be signed")
	}
}

// TestKeys: keys are read in the forms of openssl, and what is none is refused with a reason.
func TestKeys(t *testing.T) {
	key := newKey(t, elliptic.P256())
	sec1, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	small := newKey(t, elliptic.P224())
	p224, err := x509.MarshalECPrivateKey(small)
	if err != nil {
		t.Fatal(err)
	}
	public224, err := x509.MarshalPKIXPublicKey(&small.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	for _, c := range []struct {
		text            string
		private, public string // parts of the errors; "": none
	}{
		{block("EC PRIVATE KEY", sec1), "", `want "PUBLIC KEY"`},
		{block("EC PARAMETERS", []byte("x")) + block("EC PRIVATE KEY", sec1), "", `want "PUBLIC KEY"`},
		{block("PRIVATE KEY", pkcs8), "", `want "PUBLIC KEY"`},
		{block("EC PRIVATE KEY", p224), "P-224 are not supported", `want "PUBLIC KEY"`},
		{block("PUBLIC KEY", public224), `want "PRIVATE KEY"`, "P-224 are not supported"},
		{block("PUBLIC KEY", []byte("x")), `want "PRIVATE KEY"`, "asn1"},
		{block("ENCRYPTED PRIVATE KEY", pkcs8), "it has a password", `want "PUBLIC KEY"`},
		{"", "no key in PEM", "no key in PEM"},
		{strings.Repeat("x", maxKey+1), "larger than", "larger than"},
	} {
		path := filepath.Join(t.TempDir(), "key.pem")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadPrivateKey(path)
		expect(t, "ReadPrivateKey", err, c.private)
		if err == nil && !got.Equal(key) {
			t.Error("another key was read")
		}
		_, err = ReadPublicKey(path)
		expect(t, "ReadPublicKey", err, c.public)
	}
	_, err = ReadPublicKey(filepath.Join(t.TempDir(), "none"))
	expect(t, "ReadPublicKey of nothing", err, "it is missing")
}

func expect(t *testing.T, what string, err error, want string) {
	t.Helper()
	var of *KeyError
	if (err == nil) != (want == "") || err != nil && (!errors.As(err, &of) || !strings.Contains(err.Error(), want)) {
		t.Errorf("%s = %v, want a *KeyError with %q", what, err, want)
	}
}

// FuzzOpen: no signature panics, and none names what lies outside of a model or has no SHA-256.
func FuzzOpen(f *testing.F) {
	data, err := os.ReadFile("testdata/p256/model/model.sig")
	if err != nil {
		f.Fatal(err)
	}
	var whole bundle
	if err := json.Unmarshal(data, &whole); err != nil {
		f.Fatal(err)
	}
	key, err := ReadPublicKey("testdata/p256/key.pub")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(whole.Envelope.Payload) // as if another key had signed it
	f.Fuzz(func(t *testing.T, text []byte) {
		_, _ = open(text, key)
		signed, err := readStatement(text)
		if err != nil {
			return
		}
		for name, sum := range signed {
			if !filepath.IsLocal(filepath.FromSlash(name)) || len(sum) != 64 {
				t.Fatalf("%q is signed by %q", name, sum)
			}
		}
	})
}

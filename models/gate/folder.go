package gate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	proto "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/models/savedmodel"
)

// assetsFolder is where TensorFlow looks for files of tables, beside saved_model.pb.
const assetsFolder = "assets"

// chunked is another form of saved_model.pb, which a runtime may read in its place.
const chunked = "saved_model.cpb"

// fingerprint is a file that the runtime reads beside saved_model.pb, where it is there.
const fingerprint = "fingerprint.pb"

// folderRefusals refuses what the runtime would open in the folder of a model and is no file: a pipe
// would keep it waiting, a device never ends.
func folderRefusals(folder string) []Refusal {
	var list []Refusal
	names := []string{savedmodel.FileName, fingerprint}
	for _, sub := range []string{savedmodel.VariablesFolder, assetsFolder} {
		entries, err := os.ReadDir(filepath.Join(folder, sub))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			list = append(list, Refusal{Reason: fmt.Sprintf("its folder %s is not readable: %v", sub, err)})
		}
		for _, e := range entries {
			names = append(names, filepath.Join(sub, e.Name()))
		}
	}
	for _, name := range names {
		info, err := os.Stat(filepath.Join(folder, name))
		if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
			list = append(list, Refusal{Reason: fmt.Sprintf("%s is no file but %s", name, regular.Kind(info.Mode()))})
		}
	}
	if _, err := os.Lstat(filepath.Join(folder, chunked)); err == nil {
		list = append(list, Refusal{Reason: fmt.Sprintf("it holds %s beside %s, and only one of them is checked", chunked, savedmodel.FileName)})
	}
	return list
}

// assetRefusal says why a file of a table is not read; "" where it lies in the model.
func assetRefusal(folder, name string) string {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return fmt.Sprintf("its asset %q leads out of the model", name)
	}
	root, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return fmt.Sprintf("its folder is not readable: %v", err)
	}
	path, err := filepath.EvalSymlinks(filepath.Join(root, assetsFolder, filepath.FromSlash(name)))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "" // the runtime says what is missing
	case err != nil:
		return fmt.Sprintf("its asset %q is not readable: %v", name, err)
	case !strings.HasPrefix(path, root+string(filepath.Separator)):
		return fmt.Sprintf("its asset %q is a link that leads out of the model", name)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Sprintf("its asset %q is no file", name)
	}
	return ""
}

// debugInfo is the number of a field of GraphDef that later versions of TensorFlow write: names of
// source files, for messages.
const debugInfo = 5

// unknownField names a part of a model that this program cannot read and the runtime may obey; ""
// where there is none. Objects for Python are left out: nothing here runs them. So are signatures,
// which only name tensors.
func unknownField(saved *proto.SavedModel) string {
	if len(saved.ProtoReflect().GetUnknown()) > 0 {
		return "it has parts that this version of tfpair does not know"
	}
	for _, m := range saved.GetMetaGraphs() {
		for _, part := range []protoreflect.Message{m.GetGraphDef().ProtoReflect(), m.GetSaverDef().ProtoReflect()} {
			if name := unknownIn(part); name != "" {
				return fmt.Sprintf("a %s has parts that this version of tfpair does not know", name)
			}
		}
		if len(m.ProtoReflect().GetUnknown()) > 0 {
			return "a graph has parts that this version of tfpair does not know"
		}
	}
	return ""
}

// unknownIn returns the name of the first message in m that has fields without a name.
func unknownIn(m protoreflect.Message) string {
	if !m.IsValid() {
		return ""
	}
	for rest := m.GetUnknown(); len(rest) > 0; {
		number, _, n := protowire.ConsumeField(rest)
		if n < 0 || m.Descriptor().Name() != "GraphDef" || number != debugInfo {
			return string(m.Descriptor().Name())
		}
		rest = rest[n:]
	}
	found := ""
	m.Range(func(d protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case d.IsMap() && d.MapValue().Message() != nil:
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				found = unknownIn(v.Message())
				return found == ""
			})
		case d.IsList() && d.Message() != nil:
			for i := 0; i < v.List().Len() && found == ""; i++ {
				found = unknownIn(v.List().Get(i).Message())
			}
		case !d.IsMap() && !d.IsList() && d.Message() != nil:
			found = unknownIn(v.Message())
		}
		return found == ""
	})
	return found
}

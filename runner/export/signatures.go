package export

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/models/savedmodel"
)

// definition returns the serialized GraphDef of g.
func definition(g *graphs.Inference) ([]byte, error) {
	var def bytes.Buffer
	if _, err := g.TF.WriteTo(&def); err != nil {
		return nil, fmt.Errorf("write graph: %w", err)
	}
	return def.Bytes(), nil
}

// encode returns the saved_model.pb of g, or of what def has made of it, which takes images of size S.
func encode(g *graphs.Inference, def []byte, size int, runtime string) ([]byte, error) {
	c := savedmodel.Contents{Graph: def, Signatures: signatures(g, int64(size)),
		Version: strings.TrimPrefix(runtime, "TensorFlow ")}
	if g.Folded {
		return savedmodel.Encode(c)
	}
	for _, v := range g.Variables {
		c.Variables = append(c.Variables, savedmodel.Variable{Key: v.Key, Trainable: v.Trained})
	}
	return savedmodel.Encode(c)
}

// signatures are the functions that the exported model offers:
//
//	serving_default, serve: images [N,S,S,3] uint8 RGB → embedding [N,D] float32
//	compare: left, right [N,S,S,3] uint8 RGB → distance [N] float32, same [N] bool[, probability [N] float32]
func signatures(g *graphs.Inference, size int64) map[string]savedmodel.Signature {
	images := func(operation string) savedmodel.Tensor {
		return savedmodel.Tensor{Name: operation + ":0", DType: savedmodel.Uint8, Shape: []int64{-1, size, size, 3}}
	}
	perPair := func(operation string, dtype savedmodel.DType) savedmodel.Tensor {
		return savedmodel.Tensor{Name: operation + ":0", DType: dtype, Shape: []int64{-1}}
	}
	embed := savedmodel.Signature{
		Inputs: map[string]savedmodel.Tensor{names.KeyImages: images(names.ServingImages)},
		Outputs: map[string]savedmodel.Tensor{names.KeyEmbedding: {Name: names.ServingEmbedding + ":0",
			DType: savedmodel.Float32, Shape: []int64{-1, int64(g.EmbeddingDim)}}},
	}
	compare := savedmodel.Signature{
		Inputs: map[string]savedmodel.Tensor{
			names.KeyLeft: images(names.CompareLeft), names.KeyRight: images(names.CompareRight)},
		Outputs: map[string]savedmodel.Tensor{
			names.KeyDistance: perPair(names.CompareDistance, savedmodel.Float32),
			names.KeySame:     perPair(names.CompareSame, savedmodel.Bool)},
	}
	if g.Probable {
		compare.Outputs[names.KeyProbability] = perPair(names.CompareProbability, savedmodel.Float32)
	}
	return map[string]savedmodel.Signature{
		names.ServingDefault: embed, names.Serve: embed, names.Compare: compare}
}

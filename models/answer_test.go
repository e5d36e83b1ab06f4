package models_test

import (
	"context"
	"errors"
	"testing"
	"time"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// promising writes a SavedModel that promises uint8 [?,2,2,3] → float32 [?,12] and gives what
// build makes of the images.
func promising(t *testing.T, build func(s *op.Scope, images tf.Output) tf.Output) string {
	t.Helper()
	s := op.NewScope()
	images := op.Placeholder(s.SubScope("images"), tf.Uint8, op.PlaceholderShape(tf.MakeShape(-1, 2, 2, 3)))
	output := build(s, images)
	return saving(t, s, map[string]savedmodel.Signature{
		"serving_default": {
			Inputs: map[string]savedmodel.Tensor{"images": {Name: images.Op.Name() + ":0",
				DType: savedmodel.Uint8, Shape: []int64{-1, 2, 2, 3}}},
			Outputs: map[string]savedmodel.Tensor{"embedding": {Name: output.Op.Name() + ":0",
				DType: savedmodel.Float32, Shape: []int64{-1, 12}}}}})
}

// TestAnswers: what a run gives has the promised shape, or is refused with what came and what was
// promised. The model goes on answering, and closes.
func TestAnswers(t *testing.T) {
	floats := func(s *op.Scope, images tf.Output, shape ...int32) tf.Output {
		return op.Reshape(s.SubScope("flat"), op.Cast(s.SubScope("float"), images, tf.Float), op.Const(s.SubScope("shape"), shape))
	}
	for _, c := range []struct {
		name  string
		build func(s *op.Scope, images tf.Output) tf.Output
		got   string // for 2 images; "" is right
	}{
		{"as promised", func(s *op.Scope, images tf.Output) tf.Output { return floats(s, images, -1, 12) }, ""},
		{"too many", func(s *op.Scope, images tf.Output) tf.Output { return floats(s, images, -1, 6) }, "float32 [4,6]"},
		{"longer", func(s *op.Scope, images tf.Output) tf.Output {
			return op.Tile(s.SubScope("tile"), floats(s, images, -1, 12), op.Const(s.SubScope("times"), []int32{2, 1}))
		}, "float32 [4,12]"},
		{"shorter", func(s *op.Scope, images tf.Output) tf.Output { return floats(s, images, 1, 24) }, "float32 [1,24]"},
		{"one for all", func(s *op.Scope, images tf.Output) tf.Output {
			return op.Mean(s.SubScope("mean"), floats(s, images, -1, 12), op.Const(s.SubScope("axis"), int32(0)))
		}, "float32 [12]"},
		{"none", func(s *op.Scope, images tf.Output) tf.Output { return floats(s, images, -1) }, "float32 [24]"},
		{"no axis", func(s *op.Scope, _ tf.Output) tf.Output { return op.Const(s.SubScope("one"), float32(1)) }, "float32 []"},
		{"integers", func(s *op.Scope, images tf.Output) tf.Output {
			return op.Cast(s.SubScope("int"), images, tf.Int32)
		}, "value has type DT_INT32, want DT_FLOAT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := models.Load(promising(t, c.build), models.Declared(models.Declaration{Resize: resize.Options{Size: 2}}))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				_, err = m.Embed(context.Background(), picture(1, 2, 2), picture(2, 2, 2))
				var refused *models.AnswerError
				switch {
				case c.got == "" && err != nil:
					t.Errorf("Embed = %v", err)
				case c.got != "" && (!errors.As(err, &refused) || refused.Got != c.got || refused.Want != "float32 [2,12]"):
					t.Errorf("Embed = %v, want %q refused", err, c.got)
				}
			}
			if err := m.Close(); err != nil {
				t.Errorf("Close = %v", err)
			}
		})
	}
}

// TestTimeout: after a run that takes too long the model answers no more, and says why; Close does
// not wait for it.
func TestTimeout(t *testing.T) {
	m, err := models.Load(promising(t, func(s *op.Scope, images tf.Output) tf.Output {
		queue := op.FIFOQueueV2(s.SubScope("queue"), []tf.DataType{tf.Float})
		return op.QueueDequeueV2(s.SubScope("wait"), queue, []tf.DataType{tf.Float})[0] // waits for ever
	}), models.Declared(models.Declaration{Resize: resize.Options{Size: 2}}), models.WithTimeout(200*time.Millisecond),
		models.Trust(models.Any)) // it waits on a queue, which no model may without trust
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := m.Embed(context.Background(), picture(1, 2, 2)); !errors.Is(err, models.ErrTimeout) {
			t.Errorf("Embed = %v, want %v", err, models.ErrTimeout)
		}
	}
	if err := m.Close(); !errors.Is(err, models.ErrTimeout) {
		t.Errorf("Close = %v, want %v", err, models.ErrTimeout)
	}
	if _, err := m.Embed(context.Background(), picture(1, 2, 2)); !errors.Is(err, models.ErrClosed) {
		t.Errorf("Embed after Close = %v, want %v", err, models.ErrClosed)
	}
}

// Package graphs turns a spec into a finished TensorFlow graph:
//
//	images [N,H,W,3] uint8 ─ tower ─ embeddings [N,D] ─ gather left, right [M] ─ distance [M] ─ loss []
//
// A batch is a set of distinct images and the tuples over them. There is one
// tower: it embeds each image once, and rows are gathered by index, so that
// sharing weights is a property of the graph's shape.
//
// # Letters
//
// N distinct images of a batch, H W C height, width, channels of an image,
// F features, D embedding, M tuples.
//
// # Errors
//
// Functions that add operations return no errors. A mistake is recorded in the
// scope, and Build reports the first one as a *BuildError.
//
// The package describes and runs nothing: package runner/session runs graphs.
package graphs

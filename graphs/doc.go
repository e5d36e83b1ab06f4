// Package graphs turns a spec into a finished TensorFlow graph:
//
//	images [N,H,W,3] uint8 ─ tower ─ embeddings [N,D] ─┬ left, right [M] ─ distances [M] ─┬ loss of pairs
//	                                                   │      positive, negative [T] ─ ap, an ┴ of triplets
//	                                                   ├ labels [N] ─ cosines [N,N] ─ loss of classes
//	                                                   └ photos, targets [M] ─ loss of label images
//
// A batch is a set of distinct images and the tuples over them. There is one
// tower: it embeds each image once, and rows are gathered by index, so that
// sharing weights is a property of the graph's shape. A triplet is two of the
// batch's pairs. A photo's target is the embedding of its label image, which comes from
// the same tower or is fed. A loss says what it needs; distances of pairs are always
// there, for evaluation.
//
// # Letters
//
// N distinct images of a batch, H W C height, width, channels of an image,
// F features, D embedding, M pairs, photos, or tuples of any kind, T triplets, C classes,
// R references, such as label images.
//
// # Errors
//
// Functions that add operations return no errors. A mistake is recorded in the
// scope, and Build reports the first one as a *BuildError.
//
// The package describes and runs nothing: package internal/session runs graphs.
package graphs

// Package pipeline turns image files and a sampler's plans into batches.
//
//	dataset.Image → decode → resize → Store (memory, then disk) ─┐
//	dataset.Part, labels, seed → sampler → Plan of a step ───────┴→ Loader → Batch
//
// Files are decoded once, by Store.Prepare, which also finds every bad one before
// training starts. Loader gives the batches of training, Store.Sequence those of
// evaluation and embedding; both assemble ahead in parallel and deliver in order,
// so what comes out does not depend on the number of workers. The package knows no
// graph: pixels leave it as uint8.
package pipeline

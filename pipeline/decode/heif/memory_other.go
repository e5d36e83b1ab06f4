//go:build !unix

package heif

import "context"

// withMemory leaves memory to the garbage collector.
func withMemory(ctx context.Context) context.Context { return ctx }

package network

import "github.com/tfpair/tfpair/internal/session"

// Trace has the runtime measure the operations of what n runs from here on, and adds that to t; nil ends it.
func (n *Network) Trace(t *session.Trace) { n.session.Trace(t) }

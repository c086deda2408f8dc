//go:build !unix

package fasthttp

import "net"

// probe is not to be had here: a connection that the server has closed shows
// when a request is sent on it.
type probe struct{}

func newProbe(net.Conn) *probe { return nil }

func (*probe) silent() bool { return true }

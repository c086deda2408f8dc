package pusher

import (
	"io"
	"unsafe"
)

// SetRandom replaces the source of nonces, which vectors need fixed.
func (c *Client) SetRandom(r io.Reader) { c.random = r }

// EntrySize is the size of the publisher's queue item.
const EntrySize = unsafe.Sizeof(entry{})

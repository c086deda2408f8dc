package pusher

import "io"

// SetRandom replaces the source of nonces, which vectors need fixed.
func (c *Client) SetRandom(r io.Reader) { c.random = r }

package pusher

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"sync"
	"unicode/utf8"

	"github.com/seed-588517f9/pusher-go/crypto"
)

// scratch is memory that encoding an event needs for a moment. What outlives the
// encoding is cloned from it, so that nothing pooled is ever sent.
type scratch struct {
	body bytes.Buffer // the request body
	data bytes.Buffer // one event's data
	seal []byte       // the same, encrypted
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func newScratch() *scratch {
	s := scratches.Get().(*scratch) //nolint:forcetypeassert // New makes nothing else
	s.body.Reset()
	return s
}

// release returns s to the pool, unless an unusually large event made it grow.
func (s *scratch) release() {
	const most = 256 << 10
	if s.body.Cap() <= most && s.data.Cap() <= most {
		scratches.Put(s)
	}
}

// encodeData turns data into the text that is sent on channel, encrypted if the
// channel is, and checks its size. The result lives in s, until its next use.
func (c *Client) encodeData(s *scratch, field, channel string, data any) ([]byte, error) {
	if err := c.writeData(s, field, data); err != nil {
		return nil, err
	}
	text := s.data.Bytes()
	if isEncrypted(channel) {
		return c.seal(s, field, channel, text)
	}
	if len(text) > c.limits.DataBytes {
		return nil, invalid(field, "is %d bytes, the limit is %d (Limits.DataBytes)", len(text), c.limits.DataBytes)
	}
	return text, nil
}

// writeData puts data into s.data as text: strings, bytes and raw JSON as they
// are, anything else through the codec.
func (c *Client) writeData(s *scratch, field string, data any) error {
	s.data.Reset()
	switch d := data.(type) {
	case string:
		s.data.WriteString(d)
	case []byte:
		s.data.Write(d)
	case json.RawMessage:
		s.data.Write(d)
	default:
		if err := c.encodeJSON(&s.data, data); err != nil {
			return &ValidationError{Field: field, Reason: "cannot be encoded as JSON: " + err.Error(), err: err}
		}
	}
	if !utf8.Valid(s.data.Bytes()) {
		return invalid(field, "is not valid UTF-8; encode binary data, as base64 for example")
	}
	return nil
}

func (c *Client) seal(s *scratch, field, channel string, text []byte) ([]byte, error) {
	if c.masterKey == nil {
		return nil, errNoMasterKey(channel)
	}
	if size := crypto.SealedSize(len(text)); size > c.limits.DataBytes {
		return nil, invalid(field, "is %d bytes, encrypted %d; the limit is %d (Limits.DataBytes)", len(text), size, c.limits.DataBytes)
	}
	secret := crypto.SharedSecret(channel, c.masterKey)
	sealed, err := crypto.AppendSealed(s.seal[:0], c.random, text, &secret)
	if err != nil {
		return nil, &ValidationError{Field: field, Reason: "cannot be encrypted: no random nonce", err: err}
	}
	s.seal = sealed
	return sealed, nil
}

func errNoMasterKey(channel string) error {
	return invalid("channel", "%s is encrypted and there is no master key; set Config.EncryptionMasterKeyBase64", quoted(channel))
}

// appendJSONString appends s, valid UTF-8, as a JSON string that decodes to s. It
// escapes only what JSON requires, so that no byte of the limit is wasted.
func appendJSONString(dst, s []byte) []byte {
	dst = append(dst, '"')
	for {
		n := plainRun(s)
		dst = append(dst, s[:n]...)
		if n == len(s) {
			return append(dst, '"')
		}
		dst = appendEscape(dst, s[n])
		s = s[n+1:]
	}
}

// plainRun returns how many bytes at the start of s need no escape. It looks at
// eight bytes at once: in each byte of a word, the high bit of x-0x01 &^ x tells
// that x is zero, exactly so for the lowest such byte, which is the first in
// little-endian order.
func plainRun(s []byte) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	n := 0
	for len(s)-n >= 8 {
		w := binary.LittleEndian.Uint64(s[n:])
		quote := w ^ ones*'"'
		slash := w ^ ones*'\\'
		special := ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*0x20)&^w) & highs
		if special != 0 {
			return n + bits.TrailingZeros64(special)/8
		}
		n += 8
	}
	for n < len(s) && s[n] >= 0x20 && s[n] != '"' && s[n] != '\\' {
		n++
	}
	return n
}

func appendEscape(dst []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
	}
}

package pusher

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/seed-588517f9/pusher-go/crypto"
)

// scratch is memory that encoding needs for a moment. What outlives the encoding is
// cloned from it, so that nothing pooled is ever sent.
type scratch struct {
	body    []byte        // the request body
	data    bytes.Buffer  // one event's data
	encoder *json.Encoder // the built-in codec, writing to data
	seal    []byte        // data, encrypted
}

var scratches = sync.Pool{New: func() any {
	s := &scratch{body: make([]byte, 0, 1024)}
	s.encoder = json.NewEncoder(&s.data)
	// HTML escaping would spend five bytes more of an event's 10 KB on each "<".
	s.encoder.SetEscapeHTML(false)
	return s
}}

func newScratch() *scratch {
	s := scratches.Get().(*scratch) //nolint:forcetypeassert // New makes nothing else
	s.body = s.body[:0]
	return s
}

// release returns s to the pool, unless an unusually large event made it grow.
func (s *scratch) release() {
	const most = 256 << 10
	if cap(s.body) <= most && s.data.Cap() <= most {
		scratches.Put(s)
	}
}

// finish keeps what was built in s.body and returns it, in memory of its own and
// of the exact size.
func (s *scratch) finish(built []byte, limit int) ([]byte, error) {
	s.body = built
	if len(built) > limit {
		return nil, errBodySize(len(built), limit)
	}
	body := make([]byte, len(built))
	copy(body, built)
	return body, nil
}

func errBodySize(size, limit int) error {
	e := invalid("request", "the body is %d bytes, the limit is %d (Limits.RequestBytes)", size, limit)
	e.err = errRequestBytes
	return e
}

var errRequestBytes = fmt.Errorf("%w: over Limits.RequestBytes", ErrPayloadTooLarge)

// encodeData turns data into the text that is sent on channel, encrypted if the
// channel is, and checks its size. The result lives in s, until its next use.
func (c *Client) encodeData(s *scratch, field, channel string, data any) ([]byte, error) {
	if err := c.writeData(s, field, data); err != nil {
		return nil, err
	}
	text := s.data.Bytes()
	if err := c.checkDataSize(field, channel, len(text)); err != nil {
		return nil, err
	}
	if isEncrypted(channel) {
		return c.seal(s, field, channel, text)
	}
	return text, nil
}

// checkDataSize checks whether size bytes of text are within the limit as they
// are sent on channel: encrypted, if the channel is, for which there must be a key.
func (c *Client) checkDataSize(field, channel string, size int) error {
	limit := c.limits.DataBytes
	if !isEncrypted(channel) {
		if size > limit {
			return tooLarge(field, "is %d bytes, the limit is %d (Limits.DataBytes)", size, limit)
		}
		return nil
	}
	if c.keys.master == nil {
		return errNoMasterKey(channel)
	}
	if sealed := crypto.SealedSize(size); sealed > limit {
		return tooLarge(field, "is %d bytes, encrypted %d; the limit is %d (Limits.DataBytes)", size, sealed, limit)
	}
	return nil
}

// writeData puts data into s.data as text: strings, bytes and raw JSON as they
// are, anything else through the codec.
func (c *Client) writeData(s *scratch, field string, data any) error {
	switch d := data.(type) {
	case string:
		s.data.Reset()
		s.data.WriteString(d)
	case []byte:
		s.data.Reset()
		s.data.Write(d)
	case json.RawMessage:
		s.data.Reset()
		s.data.Write(d)
	default:
		return c.writeJSON(s, field, data)
	}
	if !utf8.Valid(s.data.Bytes()) {
		return errNotUTF8(field)
	}
	return nil
}

// writeJSON puts the JSON text of v into s.data.
func (c *Client) writeJSON(s *scratch, field string, v any) error {
	s.data.Reset()
	var err error
	if c.marshal != nil {
		var text []byte
		text, err = c.marshal(v)
		s.data.Write(text)
	} else if err = s.encoder.Encode(v); err == nil {
		s.data.Truncate(s.data.Len() - 1) // the newline that Encode appends
	}
	switch {
	case err != nil:
		return &ValidationError{Field: field, Reason: "cannot be encoded as JSON: " + err.Error(), err: err}
	case !utf8.Valid(s.data.Bytes()):
		return invalid(field, "is not valid UTF-8")
	default:
		return nil
	}
}

// seal encrypts text for channel, whose size checkDataSize has checked.
func (c *Client) seal(s *scratch, field, channel string, text []byte) ([]byte, error) {
	secret := crypto.SharedSecret(channel, c.keys.master)
	sealed, err := crypto.AppendSealed(s.seal[:0], c.random, text, &secret)
	if err != nil {
		return nil, &ValidationError{Field: field, Reason: "cannot be encrypted: no random nonce", err: err}
	}
	s.seal = sealed
	return sealed, nil
}

func tooLarge(field, reason string, args ...any) error {
	e := invalid(field, reason, args...)
	e.err = ErrPayloadTooLarge
	return e
}

func errNotUTF8(field string) error {
	return invalid(field, "is not valid UTF-8; encode binary data, as base64 for example")
}

func errNoMasterKey(channel string) error {
	return invalid("channel", "%s is encrypted and there is no master key; set Config.EncryptionMasterKeyBase64", quoted(channel))
}

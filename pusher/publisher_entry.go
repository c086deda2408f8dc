package pusher

import (
	"encoding/json"
	"math"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/seed-588517f9/pusher-go/backend/async"
	"github.com/seed-588517f9/pusher-go/crypto"
)

// entry is an event as the publisher holds it: checked, with its data as text. It
// is small, since producers copy it while they hold the lock.
type entry struct {
	channel, name, data, socketID string
	extra                         *entryExtra // nil for most
	promise                       *async.Promise[Receipt]
	raw                           int // bytes, for MaxBytes
}

// entryExtra is what few events have.
type entryExtra struct {
	idempotencyKey string
	info           []Attribute
}

// prepare checks event and fills e from it, and counts it if it is not valid.
func (p *Publisher) prepare(e *entry, event *Event) error {
	err := p.check(e, event)
	if err == nil {
		err = p.read(e, event.Data)
	}
	if err == nil {
		err = p.checkSize(e)
	}
	if err != nil {
		p.refused.invalid.Add(1)
	}
	return err
}

func (p *Publisher) check(e *entry, event *Event) error {
	c := p.client
	if event.SocketID != "" || event.IdempotencyKey != "" || len(event.Info) > 0 {
		if err := e.setOptions(event); err != nil {
			return err
		}
	}
	// What channels are made of needs no further look, in an event's name either:
	// neither # nor the colon of the reserved prefixes is among it.
	if len(event.Channel) > c.limits.ChannelName || !isName(event.Channel) {
		if err := c.checkEventChannel(event.Channel); err != nil {
			return err
		}
	}
	if len(event.Name) > c.limits.EventName || !isName(event.Name) {
		if err := c.checkEvent("name", event.Name); err != nil {
			return err
		}
	}
	e.channel, e.name = event.Channel, event.Name
	return nil
}

func (e *entry) setOptions(event *Event) error {
	o := triggerOptions{
		excludes: event.SocketID != "", socketID: event.SocketID,
		info: event.Info, idempotencyKey: event.IdempotencyKey,
	}
	if err := o.check(); err != nil {
		return err
	}
	e.socketID = event.SocketID
	if event.IdempotencyKey == "" && len(event.Info) == 0 {
		return nil
	}
	e.extra = &entryExtra{idempotencyKey: event.IdempotencyKey}
	if len(event.Info) > 0 {
		// One text instead of the list, which is the caller's.
		e.extra.info = []Attribute{Attribute(joinAttributes(event.Info))}
	}
	return nil
}

// read sets e.data to data as text, in memory that the caller does not have.
func (p *Publisher) read(e *entry, data any) error {
	switch d := data.(type) {
	case string:
		if !isASCII(d) && !utf8.ValidString(d) {
			return errNotUTF8("data")
		}
		e.data = d
		return p.checkData(e.channel, len(d))
	case []byte:
		return p.readBytes(e, d)
	case json.RawMessage:
		return p.readBytes(e, d)
	default:
		s := newScratch()
		defer s.release()
		if err := p.client.writeJSON(s, "data", data); err != nil {
			return err
		}
		return p.readBytes(e, s.data.Bytes())
	}
}

func (p *Publisher) readBytes(e *entry, data []byte) error {
	if !utf8.Valid(data) {
		return errNotUTF8("data")
	}
	if err := p.checkData(e.channel, len(data)); err != nil {
		return err
	}
	e.data = kept(data)
	return nil
}

func (p *Publisher) checkData(channel string, size int) error {
	if size <= p.client.limits.DataBytes && !isEncrypted(channel) {
		return nil
	}
	return p.client.checkDataSize("data", channel, size)
}

// checkSize refuses what could never be held, or never be sent.
func (p *Publisher) checkSize(e *entry) error {
	e.raw = e.bytes()
	if int64(e.raw) > p.maxBytes {
		return tooLarge("event", "is %d bytes, the publisher holds %d (PublisherConfig.MaxBytes)", e.raw, p.maxBytes)
	}
	if limit := p.client.limits.RequestBytes; limit < math.MaxInt {
		if size := e.triggerSize(); size > limit {
			return errBodySize(size, limit)
		}
	}
	return nil
}

// bytes is what e counts for MaxBytes.
func (e *entry) bytes() int {
	n := len(e.channel) + len(e.name) + len(e.data) + len(e.socketID)
	if x := e.extra; x != nil {
		n += len(x.idempotencyKey)
		if len(x.info) > 0 {
			n += len(x.info[0])
		}
	}
	return n
}

const batchOpen, batchClose = `{"batch":[`, `]}`

// batchSize is what e takes in the body of a batch, with the comma.
func (e *entry) batchSize() int {
	var data int
	if isEncrypted(e.channel) {
		const quotes = 8 // in {"nonce":"…","ciphertext":"…"}, each escaped
		data = len(`""`) + crypto.SealedSize(len(e.data)) + quotes
	} else {
		data = jsonStringSize(e.data)
	}
	n := len(`{"name":,"channel":"","data":},`) + jsonStringSize(e.name) + len(e.channel) + data
	if e.socketID != "" {
		n += len(`,"socket_id":""`) + len(e.socketID)
	}
	if x := e.extra; x != nil {
		if len(x.info) > 0 {
			n += len(`,"info":""`) + len(x.info[0])
		}
		if x.idempotencyKey != "" {
			n += len(`,"idempotency_key":`) + jsonStringSize(x.idempotencyKey)
		}
	}
	return n
}

// triggerSize is how long the body is that sends e alone.
func (e *entry) triggerSize() int {
	return e.batchSize() - len(`,`) + len(`,"channels":[""]`) - len(`,"channel":""`)
}

func (e *entry) options() triggerOptions {
	o := triggerOptions{excludes: e.socketID != "", socketID: e.socketID}
	if x := e.extra; x != nil {
		o.info, o.idempotencyKey = x.info, x.idempotencyKey
	}
	return o
}

// kept returns data as a string of its own. Small ones share an allocation, which
// lives as long as one of them; strings.Builder never changes what it has written.
func kept(data []byte) string {
	const chunk = 2 << 10
	if len(data) > chunk/4 {
		return string(data)
	}
	b := chunks.Get().(*strings.Builder) //nolint:forcetypeassert // New makes nothing else
	if b.Cap()-b.Len() < len(data) {
		b.Reset()
		b.Grow(chunk)
	}
	from := b.Len()
	b.Write(data)
	text := b.String()[from:]
	chunks.Put(b)
	return text
}

var chunks = sync.Pool{New: func() any { return new(strings.Builder) }}

package pusher

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/seed-588517f9/pusher-go/backend"
)

const idempotencyHeader = "X-Idempotency-Key"

// BatchResult is the answer to a batch: the state of the events' channels in the
// order of the events, if it was asked for, else nil.
type BatchResult struct {
	Events []ChannelInfo
}

// TriggerBatch sends several events, at most 10 by default, in one call. Events on
// encrypted channels are encrypted. Options apply to events that have no such
// field of their own; an idempotency key applies to the whole batch. The events
// are not changed. It fails as [Client.Trigger] does; an error of an event names
// it: "events[2].channel".
// (https://pusher.com/docs/channels/library_auth_reference/rest-api/#post-batch-events-trigger-multiple-events)
func (c *Client) TriggerBatch(ctx context.Context, events []Event, options ...TriggerOption) (BatchResult, error) {
	op, err := c.batch(events, options)
	if err != nil {
		return BatchResult{}, err
	}
	return do(ctx, c, op)
}

func (c *Client) batch(events []Event, options []TriggerOption) (operation[BatchResult], error) {
	var none operation[BatchResult]
	shared, err := newTriggerOptions(options)
	if err != nil {
		return none, err
	}
	if len(events) == 0 {
		return none, invalid("events", "name at least one event")
	}
	if len(events) > c.limits.BatchEvents {
		return none, invalid("events", "%d events, the limit is %d (Limits.BatchEvents)", len(events), c.limits.BatchEvents)
	}
	s := newScratch()
	defer s.release()
	b := append(s.body, `{"batch":[`...)
	for i := range events {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = c.appendBatchEvent(b, s, &events[i], &shared); err != nil {
			return none, inside("events["+strconv.Itoa(i)+"].", err)
		}
	}
	body, err := s.finish(append(b, `]}`...), c.limits.RequestBytes)
	if err != nil {
		return none, err
	}
	call := c.post("trigger_batch", c.batchPath, body)
	if shared.idempotencyKey != "" {
		call.Header = withHeader(call, idempotencyHeader, shared.idempotencyKey)
	}
	return operation[BatchResult]{call: call, decode: decodeBatch}, nil
}

func (c *Client) appendBatchEvent(dst []byte, s *scratch, e *Event, shared *triggerOptions) ([]byte, error) {
	o := triggerOptions{excludes: e.SocketID != "", socketID: e.SocketID, info: e.Info, idempotencyKey: e.IdempotencyKey}
	if !o.excludes {
		o.excludes, o.socketID = shared.excludes, shared.socketID
	}
	if len(o.info) == 0 {
		o.info = shared.info
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := c.checkEventChannel(e.Channel); err != nil {
		return nil, err
	}
	if err := c.checkEvent("name", e.Name); err != nil {
		return nil, err
	}
	text, err := c.encodeData(s, "data", e.Channel, e.Data)
	if err != nil {
		return nil, err
	}
	return appendBatchEntry(dst, e.Channel, e.Name, text, &o), nil
}

// appendBatchEntry appends an event of a batch, checked before.
func appendBatchEntry(dst []byte, channel, event string, text []byte, o *triggerOptions) []byte {
	dst = append(dst, `{"name":`...)
	dst = appendText(dst, event)
	dst = append(dst, `,"channel":"`...)
	dst = append(dst, channel...)
	dst = append(dst, '"')
	return appendRest(dst, text, o)
}

func withHeader(call backend.Call, key, value string) http.Header {
	h := call.Header.Clone()
	h.Set(key, value)
	return h
}

// decodeBatch reads {"batch":[…]}. Reverb says {} where nothing was asked: an
// error after delivery would only invite a second send.
func decodeBatch(c *Client, body []byte) (BatchResult, error) {
	if isBare(body) {
		return BatchResult{}, nil
	}
	var answer struct {
		Batch json.RawMessage `json:"batch"`
	}
	if err := c.unmarshal(body, &answer); err != nil {
		return BatchResult{}, err
	}
	if isEmptyOf(answer.Batch, '{') {
		return BatchResult{}, nil
	}
	var result BatchResult
	err := c.unmarshal(answer.Batch, &result.Events)
	return result, err
}

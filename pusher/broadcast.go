package pusher

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/seed-588517f9/pusher-go/backend"
)

// BroadcastResult tells of each channel of a [Client.Broadcast] what became of
// it, in the order in which they were named.
type BroadcastResult struct {
	Channels []ChannelResult
}

// ChannelResult is what became of a broadcast on one channel.
type ChannelResult struct {
	Channel string
	// Info is the channel's state, if it was asked for.
	Info ChannelInfo
	// Err is nil if the server accepted the event; see [OutcomeOf] for what else.
	Err error
}

// BroadcastError lists the channels on which a broadcast failed. It unwraps to
// their errors.
type BroadcastError struct {
	// Failed is never empty. Total counts all channels of the broadcast.
	Failed []ChannelResult
	Total  int
}

func (e *BroadcastError) Error() string {
	first := e.Failed[0]
	return "broadcast: failed on " + strconv.Itoa(len(e.Failed)) + " of " + strconv.Itoa(e.Total) +
		" channels, first " + first.Channel + ": " + first.Err.Error()
}

// Unwrap returns the errors of the failed channels.
func (e *BroadcastError) Unwrap() []error {
	errs := make([]error, len(e.Failed))
	for i, f := range e.Failed {
		errs[i] = f.Err
	}
	return errs
}

// outcome is what all failed channels share, else Unknown.
func (e *BroadcastError) outcome() Outcome {
	outcome := OutcomeOf(e.Failed[0].Err)
	for _, f := range e.Failed[1:] {
		if OutcomeOf(f.Err) != outcome {
			return Unknown
		}
	}
	return outcome
}

// Broadcast sends one event to any number of channels, encrypted ones too. It is
// cut into triggers of as many channels, and for encrypted channels batches of as
// many events, as [Limits] allow, sent one after the other. A channel named twice
// gets the event once.
//
// Invalid input fails with a [*ValidationError] before anything is sent. After
// that a failed call does not keep back the others: the result tells of each
// channel, and the error, a [*BroadcastError], lists the failed ones. An
// idempotency key is sent with "-1", "-2" and so on behind it, one a call.
func (c *Client) Broadcast(ctx context.Context, channels []string, event string, data any, options ...TriggerOption) (BroadcastResult, error) {
	b, err := c.broadcast(channels, event, data, options)
	if err != nil {
		return BroadcastResult{}, err
	}
	return b.send(ctx, c, c.backend)
}

// broadcast is a broadcast cut into calls.
type broadcast struct {
	channels []string // each once
	parts    []*broadcastPart
}

// send sends one part after the other, whatever becomes of them.
func (b *broadcast) send(ctx context.Context, c *Client, via backend.Backend) (BroadcastResult, error) {
	results := make(map[string]ChannelResult, len(b.channels))
	for _, part := range b.parts {
		part.send(ctx, c, via, results)
	}

	var result BroadcastResult
	var failed []ChannelResult
	for _, channel := range b.channels {
		r := results[channel]
		result.Channels = append(result.Channels, r)
		if r.Err != nil {
			failed = append(failed, r)
		}
	}
	if len(failed) > 0 {
		return result, &BroadcastError{Failed: failed, Total: len(result.Channels)}
	}
	return result, nil
}

// broadcastPart is one call of a broadcast: a trigger, or a batch if the channels
// are encrypted.
type broadcastPart struct {
	channels []string
	trigger  operation[TriggerResult]
	batch    operation[BatchResult]
}

func (p *broadcastPart) send(ctx context.Context, c *Client, via backend.Backend, results map[string]ChannelResult) {
	var (
		info func(i int, channel string) ChannelInfo
		err  error
	)
	if p.batch.decode != nil {
		var r BatchResult
		r, err = doOver(ctx, c, via, p.batch)
		info = func(i int, _ string) ChannelInfo {
			if i < len(r.Events) {
				return r.Events[i]
			}
			return ChannelInfo{}
		}
	} else {
		var r TriggerResult
		r, err = doOver(ctx, c, via, p.trigger)
		info = func(_ int, channel string) ChannelInfo { return r.Channels[channel] }
	}
	for i, channel := range p.channels {
		results[channel] = ChannelResult{Channel: channel, Info: info(i, channel), Err: err}
	}
}

// broadcast checks everything and encodes every call before the first is sent.
func (c *Client) broadcast(channels []string, event string, data any, options []TriggerOption) (*broadcast, error) {
	if len(channels) == 0 {
		return nil, invalid("channels", "name at least one channel")
	}
	var all, plain, encrypted []string
	seen := make(map[string]bool, len(channels))
	for i, channel := range channels {
		if err := c.checkEventChannel(channel); err != nil {
			return nil, at("channels["+strconv.Itoa(i)+"]", err)
		}
		if seen[channel] {
			continue
		}
		seen[channel] = true
		all = append(all, channel)
		if isEncrypted(channel) {
			encrypted = append(encrypted, channel)
		} else {
			plain = append(plain, channel)
		}
	}
	o, err := newTriggerOptions(options)
	if err != nil {
		return nil, err
	}
	// The codec runs once: its result goes to every channel.
	text, err := c.encodeOnce(data)
	if err != nil {
		return nil, err
	}
	var parts []*broadcastPart
	optionsOf := func() []TriggerOption {
		if o.idempotencyKey == "" {
			return options
		}
		return append(slices.Clip(options), WithIdempotencyKey(o.idempotencyKey+"-"+strconv.Itoa(len(parts)+1)))
	}
	cut := func(names []string, most int, build func(names []string) (*broadcastPart, error)) error {
		for len(names) > 0 {
			part, n, err := largestPart(names, min(most, len(names)), build)
			if err != nil {
				return err
			}
			parts = append(parts, part)
			names = names[n:]
		}
		return nil
	}
	err = cut(plain, c.limits.Channels, func(names []string) (*broadcastPart, error) {
		op, err := c.trigger("broadcast", "channels", names, event, text, optionsOf())
		return &broadcastPart{channels: names, trigger: op}, err
	})
	if err != nil {
		return nil, err
	}
	err = cut(encrypted, c.limits.BatchEvents, func(names []string) (*broadcastPart, error) {
		events := make([]Event, len(names))
		for i, name := range names {
			events[i] = Event{Channel: name, Name: event, Data: text}
		}
		op, err := c.batch(events, optionsOf())
		op.call.Op = "broadcast"
		return &broadcastPart{channels: names, batch: op}, err
	})
	if err != nil {
		return nil, err
	}
	return &broadcast{channels: all, parts: parts}, nil
}

// encodeOnce returns data as the text that is sent, or encrypted.
func (c *Client) encodeOnce(data any) (string, error) {
	s := newScratch()
	defer s.release()
	if err := c.writeData(s, "data", data); err != nil {
		return "", err
	}
	return s.data.String(), nil
}

// largestPart builds a part from the first n names, or from fewer if the body is
// over Limits.RequestBytes.
func largestPart(names []string, n int, build func([]string) (*broadcastPart, error)) (*broadcastPart, int, error) {
	for {
		part, err := build(names[:n])
		if err == nil || n == 1 || !errors.Is(err, errRequestBytes) {
			return part, n, err
		}
		n = (n + 1) / 2
	}
}

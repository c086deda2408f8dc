package pusher

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
)

// TriggerResult is the answer to a trigger: the state of the channels, if it was
// asked for with [WithInfo], by name.
type TriggerResult struct {
	Channels map[string]ChannelInfo
}

// Trigger sends an event to the subscribers of a channel. data is sent as it is if
// it is a string, []byte or json.RawMessage, else as JSON; on an encrypted channel
// it is encrypted.
//
// It fails with a [*ValidationError] before anything is sent, with an [*APIError]
// if the server refuses, and with a [*backend.Error] if no answer comes;
// [OutcomeOf] tells whether the event may have been delivered.
// (https://pusher.com/docs/channels/library_auth_reference/rest-api/#post-event-trigger-an-event)
func (c *Client) Trigger(ctx context.Context, channel, event string, data any, options ...TriggerOption) (TriggerResult, error) {
	op, err := c.trigger("trigger", "channel", []string{channel}, event, data, options)
	if err != nil {
		return TriggerResult{}, err
	}
	return do(ctx, c, op)
}

// TriggerMulti sends one event to several channels, at most 100 by default, in one
// call. An encrypted channel must be alone, since each has a key of its own; for
// those, and for more channels, there is [Client.Broadcast]. It fails as
// [Client.Trigger] does.
func (c *Client) TriggerMulti(ctx context.Context, channels []string, event string, data any, options ...TriggerOption) (TriggerResult, error) {
	op, err := c.trigger("trigger", "channels", channels, event, data, options)
	if err != nil {
		return TriggerResult{}, err
	}
	return do(ctx, c, op)
}

// SendToUser sends an event to all connections of a user who has signed in. It
// fails as [Client.Trigger] does.
// (https://pusher.com/docs/channels/server_api/server-user-events/)
func (c *Client) SendToUser(ctx context.Context, userID, event string, data any, options ...TriggerOption) (TriggerResult, error) {
	op, err := c.sendToUser(userID, event, data, options)
	if err != nil {
		return TriggerResult{}, err
	}
	return do(ctx, c, op)
}

func (c *Client) sendToUser(userID, event string, data any, options []TriggerOption) (operation[TriggerResult], error) {
	if err := c.checkUserID("user_id", userID); err != nil {
		return operation[TriggerResult]{}, err
	}
	return c.trigger("send_to_user", "user_id", []string{UserChannel(userID)}, event, data, options)
}

// trigger returns the operation for one event on one or more channels. field is
// what the caller calls them.
func (c *Client) trigger(op, field string, channels []string, event string, data any, options []TriggerOption) (operation[TriggerResult], error) {
	o, err := newTriggerOptions(options)
	if err != nil {
		return operation[TriggerResult]{}, err
	}
	if err := c.checkEventChannels(field, channels); err != nil {
		return operation[TriggerResult]{}, err
	}
	if err := c.checkEvent("event", event); err != nil {
		return operation[TriggerResult]{}, err
	}
	body, err := c.encodeTrigger(channels, event, data, &o)
	if err != nil {
		return operation[TriggerResult]{}, err
	}
	return operation[TriggerResult]{call: c.post(op, c.eventsPath, body), decode: decodeTrigger}, nil
}

func (c *Client) checkEventChannels(field string, channels []string) error {
	if len(channels) == 0 {
		return invalid(field, "name at least one channel")
	}
	if len(channels) > c.limits.Channels {
		return invalid(field, "%d channels, the limit is %d (Limits.Channels); Broadcast takes any number", len(channels), c.limits.Channels)
	}
	for i, channel := range channels {
		if err := c.checkEventChannel(channel); err != nil {
			if len(channels) > 1 {
				return at(field+"["+strconv.Itoa(i)+"]", err)
			}
			return at(field, err)
		}
		if len(channels) > 1 && isEncrypted(channel) {
			return invalid(field, "%s is encrypted and must be alone, since each encrypted channel has its own key; use Broadcast or TriggerBatch", quoted(channel))
		}
	}
	return nil
}

func (c *Client) encodeTrigger(channels []string, event string, data any, o *triggerOptions) ([]byte, error) {
	s := newScratch()
	defer s.release()
	text, err := c.encodeData(s, "data", channels[0], data)
	if err != nil {
		return nil, err
	}
	return s.finish(appendTrigger(s.body, channels, event, text, o), c.limits.RequestBytes)
}

// appendTrigger appends the body that triggers an event, checked before.
func appendTrigger(dst []byte, channels []string, event string, text []byte, o *triggerOptions) []byte {
	dst = append(dst, `{"name":`...)
	dst = appendText(dst, event)
	dst = append(dst, `,"channels":[`...)
	for i, channel := range channels {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = append(dst, channel...)
		dst = append(dst, '"')
	}
	dst = append(dst, ']')
	return appendRest(dst, text, o)
}

// isBare reports whether the body of a success says nothing: empty, or {}.
func isBare(body []byte) bool {
	return len(body) == 0 || string(body) == "{}" || len(bytes.TrimSpace(body)) == 0
}

func decodeTrigger(c *Client, body []byte) (TriggerResult, error) {
	if isBare(body) {
		return TriggerResult{}, nil
	}
	channels, err := decodeChannelMap(c, body)
	return TriggerResult{Channels: channels}, err
}

// decodeChannelMap reads {"channels":{name:info}}. Reverb, written in PHP, says []
// where the map is empty.
func decodeChannelMap(c *Client, body []byte) (map[string]ChannelInfo, error) {
	var answer struct {
		Channels json.RawMessage `json:"channels"`
	}
	if err := c.unmarshal(body, &answer); err != nil {
		return nil, err
	}
	if isEmptyOf(answer.Channels, '[') {
		return nil, nil
	}
	var channels map[string]ChannelInfo
	err := c.unmarshal(answer.Channels, &channels)
	return channels, err
}

// isEmptyOf reports whether value is missing, null, or the empty list or object
// that kind opens.
func isEmptyOf(value json.RawMessage, kind byte) bool {
	value = bytes.TrimSpace(value)
	if len(value) == 0 || string(value) == "null" {
		return true
	}
	return value[0] == kind && len(bytes.TrimSpace(value[1:len(value)-1])) == 0
}

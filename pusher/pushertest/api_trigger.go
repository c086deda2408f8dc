package pushertest

import (
	"encoding/json"
	"net/http"
	"strings"
)

// attributes are what a request asks to be told about channels.
type attributes struct {
	userCount, subscriptionCount, cache bool
}

// channelAttributes is the part of an answer that tells it. Nil: not asked for,
// or not to be had.
type channelAttributes struct {
	UserCount         *int `json:"user_count,omitempty"`
	SubscriptionCount *int `json:"subscription_count,omitempty"`
}

// of picks what was asked for from a channel's state.
func (a attributes) of(channel string, state channelState) channelAttributes {
	var picked channelAttributes
	if a.userCount && isPresence(channel) {
		picked.UserCount = &state.users
	}
	if a.subscriptionCount {
		picked.SubscriptionCount = &state.subscriptions
	}
	return picked
}

// parseAttributes reads a comma-separated list of attributes.
func parseAttributes(info string) (attributes, error) {
	var a attributes
	for name := range strings.SplitSeq(info, ",") {
		switch name {
		case "user_count":
			a.userCount = true
		case "subscription_count":
			a.subscriptionCount = true
		case "cache":
			a.cache = true
		default:
			return a, badRequest("info: %q is no attribute", name)
		}
	}
	return a, nil
}

// serveTrigger accepts one event for one or several channels.
func (a *App) serveTrigger(c *apiCall) (any, error) {
	f, err := parseFields(c.body)
	if err != nil {
		return nil, badRequest("the body %v", err)
	}
	channels, err := a.parseChannels(f)
	if err != nil {
		return nil, err
	}
	event, asked, err := a.parseEvent(f, c.header)
	if err != nil {
		return nil, err
	}
	events := make([]Event, len(channels))
	for i, channel := range channels {
		event.Channel = channel
		if err := a.checkEvent(event); err != nil {
			return nil, err
		}
		if isEncrypted(channel) && len(channels) > 1 {
			return nil, badRequest("an event for an encrypted channel can be for that one only, since each has a key of its own")
		}
		events[i] = event
	}
	states, err := a.accept(c, events)
	if err != nil {
		return nil, err
	}
	if asked == nil {
		return done{}, nil
	}
	answer := make(map[string]channelAttributes, len(channels))
	for i, channel := range channels {
		answer[channel] = asked.of(channel, states[i])
	}
	return map[string]any{"channels": answer}, nil
}

// serveBatch accepts several events, or none of them, unless a quirk says to take
// them one by one.
func (a *App) serveBatch(c *apiCall) (any, error) {
	f, err := parseFields(c.body)
	if err != nil {
		return nil, badRequest("the body %v", err)
	}
	var batch []json.RawMessage
	if json.Unmarshal(f["batch"], &batch) != nil || len(batch) == 0 {
		return nil, badField("batch", "batch must be an array of events")
	}
	if len(batch) > a.hub.cfg.Limits.BatchEvents {
		return nil, badField("batch", "batch has more than %d events", a.hub.cfg.Limits.BatchEvents)
	}
	events := make([]Event, len(batch))
	asked := make([]*attributes, len(batch))
	for i, raw := range batch {
		if events[i], asked[i], err = a.parseBatched(raw, c.header); err != nil {
			if a.srv.cfg.Quirks.BatchInOrder && i > 0 {
				_, _ = a.accept(c, events[:i])
			}
			return nil, err
		}
	}
	states, err := a.accept(c, events)
	if err != nil {
		return nil, err
	}
	answer := make([]channelAttributes, len(batch))
	some := false
	for i, event := range events {
		if asked[i] != nil {
			some = true
			answer[i] = asked[i].of(event.Channel, states[i])
		}
	}
	if !some {
		return done{batch: true}, nil
	}
	return map[string]any{"batch": answer}, nil
}

func (a *App) parseBatched(raw json.RawMessage, header http.Header) (Event, *attributes, error) {
	f, err := parseFields(raw)
	if err != nil {
		return Event{}, nil, badRequest("an event of the batch %v", err)
	}
	event, asked, err := a.parseEvent(f, header)
	if err != nil {
		return Event{}, nil, err
	}
	if event.Channel, _, err = f.text("channel"); err != nil {
		return Event{}, nil, err
	}
	return event, asked, a.checkEvent(event)
}

// parseChannels reads the channels of a trigger.
func (a *App) parseChannels(f fields) ([]string, error) {
	raw, several := f["channels"]
	channel, one, err := f.text("channel")
	switch {
	case err != nil:
		return nil, err
	case several == one:
		return nil, badField("channels", "either channels or channel must be given")
	case one:
		return []string{channel}, nil
	}
	var channels []*string
	if json.Unmarshal(raw, &channels) != nil || len(channels) == 0 {
		return nil, badField("channels", "channels must be an array of names")
	}
	if len(channels) > a.hub.cfg.Limits.Channels {
		return nil, badField("channels", "channels has more than %d names", a.hub.cfg.Limits.Channels)
	}
	names := make([]string, len(channels))
	for i, name := range channels {
		if name == nil {
			return nil, badField("channels", "channels must be an array of names")
		}
		names[i] = *name
	}
	return names, nil
}

// parseEvent reads all of an event but its channel.
func (a *App) parseEvent(f fields, header http.Header) (Event, *attributes, error) {
	var event Event
	var info string
	var hasData, hasSocket, hasInfo bool
	var err error
	for _, field := range []struct {
		name  string
		value *string
		found *bool
	}{
		{"name", &event.Name, new(bool)},
		{"data", &event.Data, &hasData},
		{"socket_id", &event.SocketID, &hasSocket},
		{"info", &info, &hasInfo},
		{"idempotency_key", &event.IdempotencyKey, new(bool)},
	} {
		if *field.value, *field.found, err = f.text(field.name); err != nil {
			return Event{}, nil, err
		}
	}
	if !hasData {
		return Event{}, nil, badField("data", "data is missing")
	}
	if hasSocket && !validSocketID(event.SocketID) {
		return Event{}, nil, badField("socket_id", "socket_id must be digits, a dot, digits")
	}
	setDefault(&event.IdempotencyKey, header.Get("X-Idempotency-Key"))
	if !hasInfo {
		return event, nil, nil
	}
	asked, err := parseAttributes(info)
	if err == nil && asked.cache {
		err = badRequest("info: cache can only be asked for one channel")
	}
	return event, &asked, err
}

// checkEvent checks the event against the limits and against its channel.
func (a *App) checkEvent(event Event) error {
	limits := a.hub.cfg.Limits
	name := event.Channel
	if user, ok := userOf(name); ok {
		name = user
	}
	switch {
	case !validName(name, limits.ChannelName):
		return badField("channel", "channel %q: a name is 1 to %d of A–Z a–z 0–9 _ - = @ , . ;", event.Channel, limits.ChannelName)
	case !validEventName(event.Name, limits.EventName):
		return badField("name", "name must be 1 to %d characters and not begin with pusher: or pusher_internal:", limits.EventName)
	case len(event.Data) > limits.DataBytes:
		return refuse(http.StatusRequestEntityTooLarge, "data is longer than %d bytes", limits.DataBytes)
	}
	if isEncrypted(event.Channel) {
		if _, err := parseSealed(event.Data); err != nil {
			return badRequest("channel %s is encrypted: %v", event.Channel, err)
		}
	}
	return nil
}

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
func (s *Server) serveTrigger(c *apiCall) (any, error) {
	f, err := parseFields(c.body)
	if err != nil {
		return nil, badRequest("the body %v", err)
	}
	channels, err := s.parseChannels(f)
	if err != nil {
		return nil, err
	}
	event, asked, err := s.parseEvent(f, c.header)
	if err != nil {
		return nil, err
	}
	events := make([]Event, len(channels))
	for i, channel := range channels {
		event.Channel = channel
		if err := s.checkEvent(event); err != nil {
			return nil, err
		}
		if isEncrypted(channel) && len(channels) > 1 {
			return nil, badRequest("an event for an encrypted channel can be for that one only, since each has a key of its own")
		}
		events[i] = event
	}
	states := s.hub.publish(events)
	if asked == nil {
		return struct{}{}, nil
	}
	answer := make(map[string]channelAttributes, len(channels))
	for i, channel := range channels {
		answer[channel] = asked.of(channel, states[i])
	}
	return map[string]any{"channels": answer}, nil
}

// serveBatch accepts several events, or none of them.
func (s *Server) serveBatch(c *apiCall) (any, error) {
	f, err := parseFields(c.body)
	if err != nil {
		return nil, badRequest("the body %v", err)
	}
	var batch []json.RawMessage
	if json.Unmarshal(f["batch"], &batch) != nil || len(batch) == 0 {
		return nil, badRequest("batch must be an array of events")
	}
	if len(batch) > s.cfg.Limits.BatchEvents {
		return nil, badRequest("batch has more than %d events", s.cfg.Limits.BatchEvents)
	}
	events := make([]Event, len(batch))
	asked := make([]*attributes, len(batch))
	for i, raw := range batch {
		if events[i], asked[i], err = s.parseBatched(raw, c.header); err != nil {
			return nil, err
		}
	}
	states := s.hub.publish(events)
	answer := make([]channelAttributes, len(batch))
	some := false
	for i, event := range events {
		if asked[i] != nil {
			some = true
			answer[i] = asked[i].of(event.Channel, states[i])
		}
	}
	if !some {
		return struct{}{}, nil
	}
	return map[string]any{"batch": answer}, nil
}

func (s *Server) parseBatched(raw json.RawMessage, header http.Header) (Event, *attributes, error) {
	f, err := parseFields(raw)
	if err != nil {
		return Event{}, nil, badRequest("an event of the batch %v", err)
	}
	event, asked, err := s.parseEvent(f, header)
	if err != nil {
		return Event{}, nil, err
	}
	if event.Channel, _, err = f.text("channel"); err != nil {
		return Event{}, nil, err
	}
	return event, asked, s.checkEvent(event)
}

// parseChannels reads the channels of a trigger.
func (s *Server) parseChannels(f fields) ([]string, error) {
	raw, several := f["channels"]
	channel, one, err := f.text("channel")
	switch {
	case err != nil:
		return nil, err
	case several == one:
		return nil, badRequest("either channels or channel must be given")
	case one:
		return []string{channel}, nil
	}
	var channels []*string
	if json.Unmarshal(raw, &channels) != nil || len(channels) == 0 {
		return nil, badRequest("channels must be an array of names")
	}
	if len(channels) > s.cfg.Limits.Channels {
		return nil, badRequest("channels has more than %d names", s.cfg.Limits.Channels)
	}
	names := make([]string, len(channels))
	for i, name := range channels {
		if name == nil {
			return nil, badRequest("channels must be an array of names")
		}
		names[i] = *name
	}
	return names, nil
}

// parseEvent reads all of an event but its channel.
func (s *Server) parseEvent(f fields, header http.Header) (Event, *attributes, error) {
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
		return Event{}, nil, badRequest("data is missing")
	}
	if hasSocket && !validSocketID(event.SocketID) {
		return Event{}, nil, badRequest("socket_id must be digits, a dot, digits")
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
func (s *Server) checkEvent(event Event) error {
	limits := s.cfg.Limits
	name := event.Channel
	if user, ok := userOf(name); ok {
		name = user
	}
	switch {
	case !validName(name, limits.ChannelName):
		return badRequest("channel %q: a name is 1 to %d of A–Z a–z 0–9 _ - = @ , . ;", event.Channel, limits.ChannelName)
	case !validEventName(event.Name, limits.EventName):
		return badRequest("name must be 1 to %d characters and not begin with pusher: or pusher_internal:", limits.EventName)
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

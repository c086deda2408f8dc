package pushertest

import (
	"encoding/json"
	"fmt"
	"time"
)

const clientEventPrefix = "client-"

// serveClientEvent passes an event from one client on to the others on the
// channel.
// (https://pusher.com/docs/channels/using_channels/events/#triggering-client-events)
func (s *Server) serveClientEvent(c *connection, frame inFrame) {
	now := s.cfg.Now()
	s.hub.do(c, func() {
		if code, reason := s.checkClientEvent(c, frame, now); reason != "" {
			c.send(errorFrame(code, reason))
			return
		}
		ch := s.hub.channels[frame.Channel]
		out := outFrame{Event: frame.Event, Channel: frame.Channel}
		if len(frame.Data) > 0 {
			out.Data = frame.Data
		}
		if m := ch.subscribers[c]; m != nil {
			out.UserID = m.id
		}
		ch.broadcast(encodeJSON(out), c.socketID)
	})
}

// checkClientEvent returns what is wrong with an event, and the code of the error
// if it has one.
func (s *Server) checkClientEvent(c *connection, frame inFrame, now time.Time) (code int, reason string) {
	limits := s.cfg.Limits
	_, subscribed := c.channels[frame.Channel]
	switch {
	case !isPrivate(frame.Channel) && !isPresence(frame.Channel):
		return 0, "client events are for private and presence channels only"
	case !subscribed:
		return 0, "client events need a subscription to their channel"
	case !validEventName(frame.Event, limits.EventName):
		return 0, fmt.Sprintf("the event's name is longer than %d characters", limits.EventName)
	case len(eventData(frame.Data)) > limits.DataBytes:
		return 0, fmt.Sprintf("the event's data is longer than %d bytes", limits.DataBytes)
	case !c.mayUtter(now, limits.ClientEvents):
		return errorClientEventRate, fmt.Sprintf("more than %d client events in a second", limits.ClientEvents)
	}
	return 0, ""
}

// mayUtter counts a client event, and reports whether it is within the limit for
// the second that ends now.
func (c *connection) mayUtter(now time.Time, limit int) bool {
	for len(c.sent) > 0 && now.Sub(c.sent[0]) >= time.Second {
		c.sent = c.sent[1:]
	}
	if len(c.sent) >= limit {
		return false
	}
	c.sent = append(c.sent, now)
	return true
}

// eventData is the text of an event's data: what a JSON string says, and any
// other JSON as it stands.
func eventData(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil && string(raw) != "null" {
		return text
	}
	return string(raw)
}

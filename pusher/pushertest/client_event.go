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
func (a *App) serveClientEvent(c *connection, frame inFrame) {
	now := a.now()
	a.hub.do(c, func() {
		if code, reason := a.checkClientEvent(c, frame, now); reason != "" {
			c.send(errorFrame(code, reason))
			return
		}
		ch := a.hub.channels[frame.Channel]
		out := outFrame{Event: frame.Event, Channel: frame.Channel}
		if len(frame.Data) > 0 {
			out.Data = frame.Data
		}
		if m := ch.subscribers[c]; m != nil {
			out.UserID = m.id
		}
		event := Event{Channel: frame.Channel, Name: frame.Event, Data: eventData(frame.Data), SocketID: c.socketID}
		recipients := a.hub.deliver(ch, encodeJSON(out), event, c.socketID)
		a.hub.hook(WebhookEvent{
			Name: clientEventHook, Channel: event.Channel, Event: event.Name, Data: event.Data,
			SocketID: c.socketID, UserID: out.UserID,
		})
		a.hub.tell(Activity{
			Kind: ActivityClientEvent, SocketID: c.socketID, UserID: out.UserID, Channel: event.Channel,
			Event: event, Recipients: recipients,
		})
	})
}

// checkClientEvent returns what is wrong with an event, and the code of the error
// if it has one.
func (a *App) checkClientEvent(c *connection, frame inFrame, now time.Time) (code int, reason string) {
	limits := a.hub.cfg.Limits
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
	if limit == noLimit {
		return true
	}
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

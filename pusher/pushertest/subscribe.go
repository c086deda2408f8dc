package pushertest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"
)

// serveFrame does what one message of a client asks.
func (a *App) serveFrame(c *connection, frame inFrame) {
	switch {
	case frame.Event == "pusher:ping":
		a.hub.do(c, func() { c.send(dataFrame("pusher:pong", "", "{}")) })
	case frame.Event == "pusher:pong":
	case frame.Event == "pusher:subscribe":
		a.serveSubscribe(c, frame.Data)
	case frame.Event == "pusher:unsubscribe":
		a.serveUnsubscribe(c, frame.Data)
	case frame.Event == "pusher:signin":
		a.serveSignIn(c, frame.Data)
	case strings.HasPrefix(frame.Event, clientEventPrefix):
		a.serveClientEvent(c, frame)
	default:
		a.hub.do(c, func() { c.send(errorFrame(0, "the event is unknown; those of clients begin with "+clientEventPrefix)) })
	}
}

// subscription is what a client asks for with pusher:subscribe.
type subscription struct {
	Channel     string `json:"channel"`
	Auth        string `json:"auth,omitempty"`
	ChannelData string `json:"channel_data,omitempty"`
}

// refusal is the data of pusher:subscription_error, in soketi's form, which
// pusher-js understands.
type refusal struct {
	Type   string `json:"type"`
	Reason string `json:"error"`
	Status int    `json:"status"`
}

// alreadySubscribed is the type of a refusal that leaves a subscription in place.
const alreadySubscribed = "AlreadySubscribed"

func authRefusal(reason string) *refusal {
	return &refusal{Type: "AuthError", Reason: reason, Status: http.StatusUnauthorized}
}

func (a *App) serveSubscribe(c *connection, data json.RawMessage) {
	var sub subscription
	if json.Unmarshal(data, &sub) != nil {
		a.hub.do(c, func() { c.send(errorFrame(0, "the data of pusher:subscribe is malformed")) })
		return
	}
	a.hub.do(c, func() {
		m, refused := a.authorize(c, sub)
		if refused == nil {
			refused = a.hub.subscribeLocked(c, sub.Channel, m)
		}
		switch {
		case refused == nil:
		case a.srv.cfg.Quirks.SubscriptionErrorAsError:
			c.send(errorFrame(closeUnauthorized, refused.Reason))
		default:
			c.send(serverFrame("pusher:subscription_error", sub.Channel, refused))
		}
	})
}

func (a *App) serveUnsubscribe(c *connection, data json.RawMessage) {
	var sub subscription
	if json.Unmarshal(data, &sub) != nil {
		a.hub.do(c, func() { c.send(errorFrame(0, "the data of pusher:unsubscribe is malformed")) })
		return
	}
	a.hub.do(c, func() { a.hub.unsubscribeLocked(c, sub.Channel) })
}

// authorize decides whether the connection may subscribe, and as which member if
// the channel is a presence channel.
func (a *App) authorize(c *connection, sub subscription) (*member, *refusal) {
	if id, ok := userOf(sub.Channel); ok {
		if c.user == nil || c.user.id != id {
			return nil, authRefusal("the channel belongs to a user who is not signed in on this connection")
		}
		return nil, nil
	}
	if !validName(sub.Channel, a.hub.cfg.Limits.ChannelName) {
		return nil, &refusal{Type: "InvalidChannel", Reason: "the channel's name is not valid", Status: http.StatusBadRequest}
	}
	switch {
	case isPresence(sub.Channel) && sub.ChannelData != "":
		if !a.sign.matchesAuth(c.socketID+":"+sub.Channel+":"+sub.ChannelData, sub.Auth) {
			return nil, authRefusal("auth is not the signature of socket id, channel and channel_data")
		}
		return a.parseMember(sub.ChannelData)
	case isPresence(sub.Channel):
		if !a.sign.matchesAuth(c.socketID+":"+sub.Channel, sub.Auth) {
			return nil, authRefusal("auth is not the signature of socket id and channel")
		}
		if c.user == nil {
			return nil, authRefusal("a presence channel needs channel_data, or a user who is signed in")
		}
		return &member{id: c.user.id, info: c.user.info}, nil
	case isPrivate(sub.Channel):
		if !a.sign.matchesAuth(c.socketID+":"+sub.Channel, sub.Auth) {
			return nil, authRefusal("auth is not the signature of socket id and channel")
		}
	}
	return nil, nil
}

// parseMember reads signed channel_data.
func (a *App) parseMember(channelData string) (*member, *refusal) {
	f, err := parseFields([]byte(channelData))
	if err != nil {
		return nil, authRefusal("channel_data " + err.Error())
	}
	id, ok := memberID(f["user_id"])
	switch {
	case !ok || id == "" || utf8.RuneCountInString(id) > a.hub.cfg.Limits.MemberID:
		return nil, authRefusal("user_id in channel_data is missing or too long")
	case len(channelData) > a.hub.cfg.Limits.MemberBytes:
		return nil, authRefusal("channel_data is too long")
	}
	return &member{id: id, info: f["user_info"]}, nil
}

// memberID takes numbers too, since the public documentation has one.
func memberID(raw json.RawMessage) (string, bool) {
	if bytes.HasPrefix(raw, []byte(`"`)) {
		var id string
		return id, json.Unmarshal(raw, &id) == nil
	}
	var number json.Number
	return string(raw), json.Unmarshal(raw, &number) == nil && number != ""
}

// subscribeLocked adds the connection to a channel and tells it, and the other
// members of a presence channel if the user is new there.
func (h *hub) subscribeLocked(c *connection, name string, m *member) *refusal {
	if _, twice := c.channels[name]; twice {
		return &refusal{Type: alreadySubscribed, Reason: "there is a subscription to this channel already", Status: http.StatusBadRequest}
	}
	if len(c.channels) >= h.cfg.Limits.Subscriptions {
		return &refusal{Type: "LimitReached", Reason: "the connection has too many subscriptions", Status: errorLimit}
	}
	ch := h.channel(name)
	wasEmpty := len(ch.subscribers) == 0
	isNew := false
	if m != nil {
		known, ok := ch.members[m.id]
		if !ok && len(ch.members) >= h.cfg.Limits.Members {
			h.drop(name)
			return &refusal{Type: "LimitReached", Reason: "the presence channel is full", Status: errorLimit}
		}
		if isNew = !ok; isNew {
			ch.members[m.id] = m
			known = m
		}
		known.conns++
		m = known
	}
	if isNew {
		ch.broadcast(serverFrame("pusher_internal:member_added", name, memberAdded{UserID: m.id, UserInfo: m.info}))
	}
	ch.add(c, m)
	c.channels[name] = struct{}{}
	joined := Activity{Kind: ActivitySubscribed, SocketID: c.socketID, Channel: name}
	if m != nil {
		joined.UserID = m.id
		c.send(serverFrame("pusher_internal:subscription_succeeded", name, ch.presence()))
	} else {
		c.send(dataFrame("pusher_internal:subscription_succeeded", name, "{}"))
	}
	h.tell(joined)
	if wasEmpty {
		h.hook(WebhookEvent{Name: occupiedHook, Channel: name})
	}
	if isNew {
		h.hook(WebhookEvent{Name: memberAddedHook, Channel: name, UserID: m.id})
	}
	h.sendCachedLocked(c, name, ch)
	h.sendCountLocked(name, ch)
	return nil
}

// sendCachedLocked sends a new subscriber of a cache channel the last event.
func (h *hub) sendCachedLocked(c *connection, name string, ch *channel) {
	if !isCache(name) {
		return
	}
	if cached := ch.fresh(h.cfg.Now()); cached != nil {
		c.send(dataFrame(cached.event.Name, name, cached.event.Data))
		return
	}
	c.send(dataFrame("pusher:cache_miss", name, "{}"))
	h.hook(WebhookEvent{Name: cacheMissHook, Channel: name})
}

// sendCountLocked tells how many subscriptions a channel has, where that is
// enabled. Presence channels tell their members instead.
func (h *hub) sendCountLocked(name string, ch *channel) {
	if _, ofUser := userOf(name); ofUser || isPresence(name) {
		return
	}
	count := len(ch.subscribers)
	if h.cfg.SubscriptionCounts {
		ch.broadcast(serverFrame("pusher_internal:subscription_count", name, map[string]int{"subscription_count": count}))
	}
	h.hook(WebhookEvent{Name: subscriptionCountHook, Channel: name, SubscriptionCount: count})
}

// unsubscribeLocked removes the connection from a channel, if it is there.
func (h *hub) unsubscribeLocked(c *connection, name string) {
	if _, ok := c.channels[name]; !ok {
		return
	}
	ch := h.channels[name]
	m := ch.subscribers[c]
	ch.remove(c)
	delete(c.channels, name)
	left := Activity{Kind: ActivityUnsubscribed, SocketID: c.socketID, Channel: name}
	if m != nil {
		left.UserID = m.id
		if m.conns--; m.conns == 0 {
			delete(ch.members, m.id)
			ch.broadcast(serverFrame("pusher_internal:member_removed", name, memberRemoved{UserID: m.id}))
			h.hook(WebhookEvent{Name: memberRemovedHook, Channel: name, UserID: m.id})
		}
	}
	h.tell(left)
	h.sendCountLocked(name, ch)
	if len(ch.subscribers) == 0 {
		h.hook(WebhookEvent{Name: vacatedHook, Channel: name})
	}
	h.drop(name)
}

type memberAdded struct {
	UserID   string          `json:"user_id"`
	UserInfo json.RawMessage `json:"user_info,omitempty"`
}

type memberRemoved struct {
	UserID string `json:"user_id"`
}

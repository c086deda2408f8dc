package pushertest

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// hub holds what is shared by the HTTP API and all connections. Its one lock
// makes the order of events the same for every subscriber. Nothing that blocks
// happens under it: sending puts a frame into the connection's queue.
type hub struct {
	now    func() time.Time
	limits ServerLimits

	mu       sync.Mutex
	channels map[string]*channel
	conns    map[*connection]struct{}
	events   []Event
	sockets  int
}

func newHub(now func() time.Time, limits ServerLimits) *hub {
	return &hub{now: now, limits: limits, channels: map[string]*channel{}, conns: map[*connection]struct{}{}}
}

// join gives the connection its socket id and greets it.
func (h *hub) join(c *connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sockets++
	c.socketID = fmt.Sprintf("%d.%d", 1000+h.sockets, h.sockets)
	h.conns[c] = struct{}{}
	c.send(serverFrame("pusher:connection_established", "", map[string]any{
		"socket_id": c.socketID, "activity_timeout": activityTimeout,
	}))
}

// leave removes a connection from everything. Calling it again is harmless.
func (h *hub) leave(c *connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(c)
}

func (h *hub) remove(c *connection) {
	delete(h.conns, c)
	for _, name := range slices.Sorted(maps.Keys(c.channels)) {
		h.unsubscribeLocked(c, name)
	}
	c.gone = true
}

// publish accepts events, all or none of them being valid, and returns the state
// of each one's channel.
func (h *hub) publish(events []Event) []channelState {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, events...)
	states := make([]channelState, len(events))
	for i, event := range events {
		ch := h.channel(event.Channel)
		if isCache(event.Channel) {
			ch.cached = &cachedEvent{event: event, at: h.now()}
		}
		if len(ch.subscribers) > 0 {
			ch.broadcast(dataFrame(event.Name, event.Channel, event.Data), event.SocketID)
		}
		states[i] = h.stateLocked(event.Channel)
		h.drop(event.Channel)
	}
	return states
}

// accepted returns a copy of the events accepted so far.
func (h *hub) accepted() []Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.events)
}

// state returns the state of one channel, occupied or not.
func (h *hub) state(name string) channelState {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stateLocked(name)
}

// occupied returns the state of every channel that has subscribers.
func (h *hub) occupied() map[string]channelState {
	h.mu.Lock()
	defer h.mu.Unlock()
	states := map[string]channelState{}
	for name, ch := range h.channels {
		if len(ch.subscribers) > 0 {
			states[name] = h.stateLocked(name)
		}
	}
	return states
}

// users returns the ids of the users on a presence channel, sorted.
func (h *hub) users(name string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ch, ok := h.channels[name]; ok {
		return slices.Sorted(maps.Keys(ch.members))
	}
	return nil
}

// terminate closes the connections of a user. They have left every channel when
// it returns.
func (h *hub) terminate(userID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.conns {
		if c.user != nil && c.user.id == userID {
			h.remove(c)
			c.hangUp(closeUnauthorized, "terminated by the app")
		}
	}
}

// channel returns the channel called name, made if there is none yet.
func (h *hub) channel(name string) *channel {
	ch, ok := h.channels[name]
	if !ok {
		ch = &channel{subscribers: map[*connection]*member{}, members: map[string]*member{}}
		h.channels[name] = ch
	}
	return ch
}

// drop forgets a channel that has neither subscribers nor a cached event.
func (h *hub) drop(name string) {
	if ch, ok := h.channels[name]; ok && len(ch.subscribers) == 0 && ch.fresh(h.now()) == nil {
		delete(h.channels, name)
	}
}

func (h *hub) stateLocked(name string) channelState {
	ch, ok := h.channels[name]
	if !ok {
		return channelState{}
	}
	return channelState{users: len(ch.members), subscriptions: len(ch.subscribers), cached: ch.fresh(h.now())}
}

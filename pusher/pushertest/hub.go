package pushertest

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// hub holds what is shared by an app's HTTP API and all its connections. Its one
// lock makes the order of events the same for every subscriber. Nothing that
// blocks happens under it: sending puts a frame into the connection's queue.
type hub struct {
	cfg  ServerConfig
	tell func(Activity)
	// hooks sends webhooks, nil if none are sent.
	hooks *webhookSender

	mu       sync.Mutex
	channels map[string]*channel
	conns    map[*connection]struct{}
	// users has the connections of each user who has signed in, watchers those that
	// want to know of a user.
	users, watchers map[string]map[*connection]struct{}
	events          recent[Event]
	deliveries      recent[Delivery]
	sockets         int
	// refusal is how clients are closed as they connect, nil if they are let in.
	refusal  *closing
	disabled bool
	swept    time.Time
}

// closing is how a connection ends.
type closing struct {
	code   int
	reason string
}

func newHub(cfg ServerConfig, tell func(Activity)) *hub {
	return &hub{
		cfg: cfg, tell: tell,
		events: recent[Event]{keep: cfg.KeepEvents}, deliveries: recent[Delivery]{keep: cfg.KeepDeliveries},
		channels: map[string]*channel{}, conns: map[*connection]struct{}{},
		users: map[string]map[*connection]struct{}{}, watchers: map[string]map[*connection]struct{}{},
	}
}

// join gives the connection its socket id and greets it, or returns why not.
func (h *hub) join(c *connection) *closing {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.disabled:
		return &closing{closeAppDisabled, "the app is disabled"}
	case h.refusal != nil:
		return h.refusal
	case len(h.conns) >= h.cfg.Limits.Connections:
		return &closing{closeOverQuota, fmt.Sprintf("the app has %d connections already", len(h.conns))}
	}
	h.sockets++
	c.number = h.sockets
	c.socketID = fmt.Sprintf("%d.%d", 1000+h.sockets, h.sockets)
	c.opened = h.cfg.Now()
	h.conns[c] = struct{}{}
	c.send(serverFrame("pusher:connection_established", "", map[string]any{
		"socket_id": c.socketID, "activity_timeout": activitySeconds(h.cfg.ActivityTimeout),
	}))
	h.tell(Activity{Kind: ActivityConnected, SocketID: c.socketID})
	return nil
}

// leave removes a connection that has ended from everything. Calling it again is
// harmless.
func (h *hub) leave(c *connection, how closing) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !c.gone {
		h.remove(c, how)
	}
}

func (h *hub) remove(c *connection, how closing) {
	delete(h.conns, c)
	for _, name := range slices.Sorted(maps.Keys(c.channels)) {
		h.unsubscribeLocked(c, name)
	}
	h.signOutLocked(c)
	c.gone = true
	h.tell(Activity{Kind: ActivityDisconnected, SocketID: c.socketID, UserID: c.userID(), Code: how.code, Reason: how.reason})
}

// expel removes a connection and closes it after what is queued.
func (h *hub) expel(c *connection, how closing) {
	h.remove(c, how)
	c.hangUp(how)
}

// publish accepts events, all or none of them being valid, and returns the state
// of each one's channel.
func (h *hub) publish(events []Event) []channelState {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sweepLocked()
	h.events.add(events...)
	states := make([]channelState, len(events))
	for i, event := range events {
		ch := h.channel(event.Channel)
		if isCache(event.Channel) {
			ch.cached = &cachedEvent{event: event, at: h.cfg.Now()}
		}
		recipients := h.deliver(ch, dataFrame(event.Name, event.Channel, event.Data), event, "")
		states[i] = h.stateLocked(event.Channel)
		h.drop(event.Channel)
		h.tell(Activity{Kind: ActivityEvent, Channel: event.Channel, Event: event, Recipients: recipients})
	}
	return states
}

// accepted returns a copy of the events that are remembered.
func (h *hub) accepted() []Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.events.all()
}

// acceptedAfter returns the events that are remembered after the first n, and how
// many there have been.
func (h *hub) acceptedAfter(n int) (events []Event, count int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.events.after(n), h.events.count
}

func (h *hub) countAccepted() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.events.count
}

func (h *hub) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events.forget()
	h.deliveries.forget()
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

// members returns the ids of the users on a presence channel, sorted.
func (h *hub) members(name string) []string {
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
	for _, c := range byAge(h.users[userID]) {
		h.expel(c, closing{closeUnauthorized, "terminated by the app"})
	}
}

// disconnect closes connections by their socket ids, or all if there are none.
func (h *hub) disconnect(code int, reason string, socketIDs []string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	closed := 0
	for _, c := range byAge(h.conns) {
		if len(socketIDs) == 0 || slices.Contains(socketIDs, c.socketID) {
			h.expel(c, closing{code, reason})
			closed++
		}
	}
	return closed
}

func (h *hub) refuseClients(code int, reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refusal = nil
	if code != 0 {
		h.refusal = &closing{code, reason}
	}
}

func (h *hub) disable(disabled bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.disabled = disabled
}

func (h *hub) isDisabled() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.disabled
}

// do runs f under the hub's lock, unless the connection has left.
func (h *hub) do(c *connection, f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !c.gone {
		f()
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
	if ch, ok := h.channels[name]; ok && len(ch.subscribers) == 0 && ch.fresh(h.cfg.Now()) == nil {
		delete(h.channels, name)
	}
}

// sweepLocked drops, once in a while, the channels whose cached event has become
// too old.
func (h *hub) sweepLocked() {
	now := h.cfg.Now()
	if now.Sub(h.swept) < cacheLifetime {
		return
	}
	h.swept = now
	for name := range h.channels {
		h.drop(name)
	}
}

func (h *hub) stateLocked(name string) channelState {
	ch, ok := h.channels[name]
	if !ok {
		return channelState{}
	}
	return channelState{users: len(ch.members), subscriptions: len(ch.subscribers), cached: ch.fresh(h.cfg.Now())}
}

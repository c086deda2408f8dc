package pushertest

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Snapshot is what an app's connections and channels are at one moment.
type Snapshot struct {
	AppID, Key string
	// Connections are ordered by when they were opened.
	Connections []Connection
	// Channels are those with subscribers, ordered by name, without the channels of
	// users who have signed in.
	Channels []Channel
}

// Connection is a WebSocket client.
type Connection struct {
	SocketID string
	// UserID is who has signed in, "" for nobody.
	UserID string
	// Channels are those that the connection is subscribed to, ordered by name.
	Channels []string
	// Client is the library that the client says it is, with its version: "js 8.4.0".
	Client     string
	RemoteAddr string
	// Opened is by the server's clock.
	Opened time.Time
}

// Channel is the state of a channel.
type Channel struct {
	Name string
	// SocketIDs are the subscribed connections, ordered by when they subscribed.
	SocketIDs []string
	// Members are the users on a presence channel, ordered by id. However many
	// connections a user has, it is one member.
	Members []Member
	// Cached is the event that a cache channel keeps, nil if there is none.
	Cached *Event
}

// Member is a user on a presence channel.
type Member struct {
	UserID string
	// UserInfo is JSON, nil if there is none.
	UserInfo json.RawMessage
}

// Occupied reports whether anyone is subscribed.
func (c Channel) Occupied() bool { return len(c.SocketIDs) > 0 }

// HasMember reports whether a user is on the presence channel.
func (c Channel) HasMember(userID string) bool {
	return slices.ContainsFunc(c.Members, func(m Member) bool { return m.UserID == userID })
}

func (h *hub) snapshot() Snapshot {
	h.mu.Lock()
	defer h.mu.Unlock()
	var s Snapshot
	for _, c := range byAge(h.conns) {
		s.Connections = append(s.Connections, c.snapshot())
	}
	for _, name := range slices.Sorted(maps.Keys(h.channels)) {
		if _, ofUser := userOf(name); !ofUser && len(h.channels[name].subscribers) > 0 {
			s.Channels = append(s.Channels, h.channelLocked(name))
		}
	}
	return s
}

func (h *hub) channelSnapshot(name string) Channel {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.channelLocked(name)
}

func (h *hub) channelLocked(name string) Channel {
	state := Channel{Name: name}
	ch, ok := h.channels[name]
	if !ok {
		return state
	}
	for _, c := range ch.order {
		state.SocketIDs = append(state.SocketIDs, c.socketID)
	}
	for _, id := range slices.Sorted(maps.Keys(ch.members)) {
		state.Members = append(state.Members, Member{UserID: id, UserInfo: slices.Clone(ch.members[id].info)})
	}
	if cached := ch.fresh(h.cfg.Now()); cached != nil {
		event := cached.event
		state.Cached = &event
	}
	return state
}

func (h *hub) userConnections(userID string) []Connection {
	h.mu.Lock()
	defer h.mu.Unlock()
	connections := make([]Connection, 0, len(h.users[userID]))
	for _, c := range byAge(h.users[userID]) {
		connections = append(connections, c.snapshot())
	}
	return connections
}

func (c *connection) snapshot() Connection {
	return Connection{
		SocketID: c.socketID, UserID: c.userID(), Channels: slices.Sorted(maps.Keys(c.channels)),
		Client: c.client, RemoteAddr: c.remote, Opened: c.opened,
	}
}

// byAge returns connections in the order in which they joined.
func byAge[V any](set map[*connection]V) []*connection {
	return slices.SortedFunc(maps.Keys(set), func(a, b *connection) int { return cmp.Compare(a.number, b.number) })
}

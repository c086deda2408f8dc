package pushertest

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// cacheLifetime is how long a cache channel keeps its last event.
// (https://pusher.com/docs/channels/using_channels/cache-channels/)
const cacheLifetime = 30 * time.Minute

// channel is guarded by its hub's lock.
type channel struct {
	// subscribers has a member for each connection on a presence channel, else nil.
	subscribers map[*connection]*member
	// order has the subscribers in the order in which they came. It is replaced
	// when one goes, so that whoever is going through it is not disturbed.
	order []*connection
	// members are the users on a presence channel, by id.
	members map[string]*member
	// cached is the last event of a cache channel.
	cached *cachedEvent
}

// member is one user on a presence channel, over one or several connections.
type member struct {
	id    string
	info  json.RawMessage
	conns int
}

type cachedEvent struct {
	event Event
	at    time.Time
}

// channelState is what the HTTP API tells about a channel.
type channelState struct {
	users         int
	subscriptions int
	cached        *cachedEvent
}

// fresh returns the cached event, nil if there is none or it is too old.
func (ch *channel) fresh(now time.Time) *cachedEvent {
	if ch.cached == nil || now.Sub(ch.cached.at) >= cacheLifetime {
		return nil
	}
	return ch.cached
}

func (ch *channel) add(c *connection, m *member) {
	ch.subscribers[c] = m
	ch.order = append(ch.order, c)
}

func (ch *channel) remove(c *connection) {
	delete(ch.subscribers, c)
	ch.order = slices.DeleteFunc(slices.Clone(ch.order), func(other *connection) bool { return other == c })
}

// broadcast sends a frame of the server itself to all subscribers.
func (ch *channel) broadcast(frame []byte) {
	for _, c := range ch.order {
		c.send(frame)
	}
}

// presence is the data of a presence channel's subscription_succeeded.
func (ch *channel) presence() any {
	hash := make(map[string]json.RawMessage, len(ch.members))
	for id, m := range ch.members {
		hash[id] = m.info
	}
	ids := slices.AppendSeq(make([]string, 0, len(hash)), maps.Keys(hash))
	slices.Sort(ids)
	return map[string]any{"presence": map[string]any{"ids": ids, "hash": hash, "count": len(ids)}}
}

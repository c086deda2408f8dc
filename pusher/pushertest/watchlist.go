package pushertest

import "slices"

// watchlistEvent says that users are online or have gone offline. A user is
// online while signed in on any connection.
// (https://pusher.com/docs/channels/using_channels/watchlist-events/)
type watchlistEvent struct {
	Name    string   `json:"name"`
	UserIDs []string `json:"user_ids"`
}

func watchlistFrame(events ...watchlistEvent) []byte {
	return serverFrame("pusher_internal:watchlist_events", "", map[string]any{"events": events})
}

// signInLocked makes a connection the user's, tells those who watch the user, and
// tells the user who of the watchlist is online and who is not.
func (h *hub) signInLocked(c *connection, u *user) {
	if c.user != nil {
		h.unwatchLocked(c)
	}
	c.user = u
	first := len(h.users[u.id]) == 0
	join(h.users, u.id, c)
	if first {
		h.tellWatchersLocked("online", u.id)
	}
	var online, offline []string
	for _, id := range u.watchlist {
		join(h.watchers, id, c)
		switch {
		case slices.Contains(online, id) || slices.Contains(offline, id):
		case len(h.users[id]) > 0:
			online = append(online, id)
		default:
			offline = append(offline, id)
		}
	}
	var events []watchlistEvent
	if len(online) > 0 {
		events = append(events, watchlistEvent{"online", online})
	}
	if len(offline) > 0 {
		events = append(events, watchlistEvent{"offline", offline})
	}
	if len(events) > 0 {
		c.send(watchlistFrame(events...))
	}
}

// signOutLocked ends a connection's part in its user being online.
func (h *hub) signOutLocked(c *connection) {
	if c.user == nil {
		return
	}
	h.unwatchLocked(c)
	part(h.users, c.user.id, c)
	if len(h.users[c.user.id]) == 0 {
		h.tellWatchersLocked("offline", c.user.id)
	}
}

func (h *hub) unwatchLocked(c *connection) {
	for _, id := range c.user.watchlist {
		part(h.watchers, id, c)
	}
}

func (h *hub) tellWatchersLocked(status, userID string) {
	if len(h.watchers[userID]) == 0 {
		return
	}
	frame := watchlistFrame(watchlistEvent{status, []string{userID}})
	for c := range h.watchers[userID] {
		c.send(frame)
	}
}

// join and part keep sets of connections, none of them empty.
func join(sets map[string]map[*connection]struct{}, name string, c *connection) {
	if sets[name] == nil {
		sets[name] = map[*connection]struct{}{}
	}
	sets[name][c] = struct{}{}
}

func part(sets map[string]map[*connection]struct{}, name string, c *connection) {
	delete(sets[name], c)
	if len(sets[name]) == 0 {
		delete(sets, name)
	}
}

package pushertest

import "slices"

// Delivery is an event and to whom the server sent it.
type Delivery struct {
	Event Event
	// From is the socket id of the client that sent a client event, "" for an event
	// of the HTTP API.
	From string
	// To are the connections that the event was sent to, ordered by when they
	// subscribed. They may have broken before it arrived.
	To []Recipient
}

// Recipient is a connection that an event was sent to.
type Recipient struct {
	SocketID string
	// UserID is who was signed in, or on a presence channel the member; "" for nobody.
	UserID string
}

// SentTo reports whether the event was sent to a connection.
func (d Delivery) SentTo(socketID string) bool {
	return slices.ContainsFunc(d.To, func(r Recipient) bool { return r.SocketID == socketID })
}

// SentToUser reports whether the event was sent to any connection of a user.
func (d Delivery) SentToUser(userID string) bool {
	return slices.ContainsFunc(d.To, func(r Recipient) bool { return r.UserID == userID })
}

// deliver sends a frame to all subscribers of a channel but the event's SocketID,
// remembers it, and returns to how many it went.
func (h *hub) deliver(ch *channel, frame []byte, event Event, from string) int {
	record := Delivery{Event: event, From: from}
	recipients := 0
	keep := h.cfg.KeepDeliveries >= 0
	for _, c := range ch.order {
		if c.socketID == event.SocketID {
			continue
		}
		c.send(frame)
		recipients++
		if keep {
			recipient := Recipient{SocketID: c.socketID, UserID: c.userID()}
			if m := ch.subscribers[c]; m != nil {
				recipient.UserID = m.id
			}
			record.To = append(record.To, recipient)
		}
	}
	if keep {
		h.deliveries.add(record)
	}
	return recipients
}

// delivered returns a copy of the deliveries that are remembered.
func (h *hub) delivered() []Delivery {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.deliveries.all()
	for i := range list {
		list[i].To = slices.Clone(list[i].To)
	}
	return list
}

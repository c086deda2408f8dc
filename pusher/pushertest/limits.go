package pushertest

import "math"

// noLimit stands for what a negative limit says.
const noLimit = math.MaxInt32

// ServerLimits says how much of everything a [Server] takes. For each, zero means
// the default, which is the documented limit of hosted Channels where there is
// one, and negative means none. The limits are those of each app.
type ServerLimits struct {
	// DataBytes is how long the data of one event may be: 10,240. More is a 413.
	DataBytes int
	// RequestBytes is how long an HTTP request's body may be: 1 MiB; 10,000 for
	// [Reverb]. More is a 413.
	RequestBytes int
	// Channels is how many channels one trigger may name: 100.
	Channels int
	// BatchEvents is how many events one batch may have: 10.
	BatchEvents int
	// ChannelName is how long a channel's name may be: 200 characters.
	ChannelName int
	// EventName is how long an event's name may be: 200 characters.
	EventName int

	// Connections is how many clients may be connected: no limit, since hosted
	// Channels has that of the plan. One more is closed with 4004.
	Connections int
	// Subscriptions is how many channels a connection may be subscribed to: 10,000.
	Subscriptions int
	// Members is how many users a presence channel may have: 100.
	Members int
	// MemberBytes is how long a presence member's channel_data may be: 1,024.
	MemberBytes int
	// MemberID is how long a presence member's user_id may be: 128 characters.
	MemberID int
	// Watchlist is how many users may be on a user's watchlist: 100. The rest is
	// ignored, and the client told with 4302.
	Watchlist int
	// ClientEvents is how many client events a connection may send in a second: 10.
	// One more is refused with 4301.
	ClientEvents int
	// FrameBytes is how long a message of a client may be: 128 KiB. A longer one
	// closes the connection with 1009.
	FrameBytes int
	// SendQueue is how many frames a connection may be behind before the server
	// gives it up: 4,096. It keeps a subscriber that does not read from blocking
	// the others. "None" means some billions, all of them in memory.
	SendQueue int
	// SendQueueBytes is the same in bytes: 32 MiB.
	SendQueueBytes int
}

func (l ServerLimits) withDefaults() ServerLimits {
	for _, limit := range []struct {
		value        *int
		defaultValue int
	}{
		{&l.DataBytes, 10_240},
		{&l.RequestBytes, 1 << 20},
		{&l.Channels, 100},
		{&l.BatchEvents, 10},
		{&l.ChannelName, 200},
		{&l.EventName, 200},
		{&l.Connections, noLimit},
		{&l.Subscriptions, 10_000},
		{&l.Members, 100},
		{&l.MemberBytes, 1_024},
		{&l.MemberID, 128},
		{&l.Watchlist, 100},
		{&l.ClientEvents, 10},
		{&l.FrameBytes, 1 << 17},
		{&l.SendQueue, 4_096},
		{&l.SendQueueBytes, 32 << 20},
	} {
		switch {
		case *limit.value == 0:
			*limit.value = limit.defaultValue
		case *limit.value < 0:
			*limit.value = noLimit
		}
	}
	return l
}

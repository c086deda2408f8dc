package pusher

import (
	"math"

	"github.com/seed-588517f9/pusher-go/backend"
)

// Limits are checked before anything is sent. For every field zero means the
// default, which is what hosted Channels documents, and a negative number means
// no limit. Raise them for a dedicated cluster or a server of your own.
// (https://pusher.com/docs/channels/library_auth_reference/rest-api/)
type Limits struct {
	// DataBytes bounds an event's data as sent, after encryption. Default 10,240.
	DataBytes int
	// Channels bounds the channels of one trigger. Default 100.
	Channels int
	// BatchEvents bounds the events of one batch. Default 10.
	BatchEvents int
	// RequestBytes bounds the body of one request. Default: no limit. Reverb
	// refuses requests over 10,000 bytes unless it is set up otherwise.
	RequestBytes int
	// ResponseBytes bounds the body of an answer. Default 8 MiB.
	ResponseBytes int
	// ChannelName bounds a channel's name and a user's id in characters. Default
	// 200, as in other SDKs; hosted Channels documents 164 for channels.
	ChannelName int
	// EventName bounds an event's name in characters. Default 200.
	EventName int
	// PresenceUserID bounds a presence member's id in characters. Default 128.
	PresenceUserID int
	// PresenceUserBytes bounds a presence member, its id and info as JSON.
	// Default 1,024 bytes.
	PresenceUserBytes int
	// Watchlist bounds the ids of a user's watchlist. Default 100.
	Watchlist int
}

// withDefaults replaces zero by the default and negative by a number that
// nothing reaches.
func (l Limits) withDefaults() Limits {
	set := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
		if *field < 0 {
			*field = math.MaxInt
		}
	}
	set(&l.DataBytes, 10_240)
	set(&l.Channels, 100)
	set(&l.BatchEvents, 10)
	set(&l.RequestBytes, math.MaxInt)
	set(&l.ResponseBytes, backend.DefaultMaxResponseBytes)
	set(&l.ChannelName, 200)
	set(&l.EventName, 200)
	set(&l.PresenceUserID, 128)
	set(&l.PresenceUserBytes, 1024)
	set(&l.Watchlist, 100)
	return l
}

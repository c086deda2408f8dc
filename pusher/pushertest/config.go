package pushertest

import (
	"math"
	"strings"
	"time"
)

// What a [Server] uses where its [ServerConfig] says nothing.
const (
	DefaultAppID  = "1001"
	DefaultKey    = "pushertest-key"
	DefaultSecret = "pushertest-secret"

	// EncryptionMasterKeyBase64 is in every [Server.Config]. The server itself
	// needs no master key: it passes ciphertext on, as every Channels server does.
	EncryptionMasterKeyBase64 = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
)

// ServerConfig says how a [Server] behaves. The zero value is ready for use.
type ServerConfig struct {
	// AppID, Key and Secret are those of the one app. Defaults: [DefaultAppID],
	// [DefaultKey], [DefaultSecret].
	AppID, Key, Secret string

	// PathPrefix goes before "/apps" and "/app": "/realtime". Default none.
	PathPrefix string
	// UnsignedPathPrefix says that clients leave PathPrefix out of what they sign.
	UnsignedPathPrefix bool

	// Now tells the time: for the age of signatures, the Date header and the age
	// of cached events. Default: [time.Now]. It is called from several goroutines,
	// also while the server holds a lock: it must not call the server.
	Now func() time.Time

	// Limits overrides what the server refuses.
	Limits ServerLimits
}

// ServerLimits says how much of everything a [Server] takes. For each, zero means
// the default, which is the documented limit of hosted Channels, and negative
// means none.
type ServerLimits struct {
	// DataBytes is how long the data of one event may be: 10,240. More is a 413.
	DataBytes int
	// RequestBytes is how long an HTTP request's body may be: 1 MiB. More is a 413.
	RequestBytes int
	// Channels is how many channels one trigger may name: 100.
	Channels int
	// BatchEvents is how many events one batch may have: 10.
	BatchEvents int
	// ChannelName is how long a channel's name may be: 200 characters.
	ChannelName int
	// EventName is how long an event's name may be: 200 characters.
	EventName int

	// Members is how many users a presence channel may have: 100.
	Members int
	// MemberBytes is how long a presence member's channel_data may be: 1,024.
	MemberBytes int
	// MemberID is how long a presence member's user_id may be: 128 characters.
	MemberID int
	// ClientEvents is how many client events a connection may send in a second: 10.
	ClientEvents int
	// SendQueue is how many frames a connection may be behind before the server
	// gives it up: 4,096. It keeps a subscriber that does not read from blocking
	// the others. "None" means some billions, all of them in memory.
	SendQueue int
}

func (c ServerConfig) withDefaults() ServerConfig {
	setDefault(&c.AppID, DefaultAppID)
	setDefault(&c.Key, DefaultKey)
	setDefault(&c.Secret, DefaultSecret)
	if c.PathPrefix = strings.Trim(c.PathPrefix, "/"); c.PathPrefix != "" {
		c.PathPrefix = "/" + c.PathPrefix
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Limits = c.Limits.withDefaults()
	return c
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
		{&l.Members, 100},
		{&l.MemberBytes, 1_024},
		{&l.MemberID, 128},
		{&l.ClientEvents, 10},
		{&l.SendQueue, 4_096},
	} {
		switch {
		case *limit.value == 0:
			*limit.value = limit.defaultValue
		case *limit.value < 0:
			*limit.value = math.MaxInt32
		}
	}
	return l
}

func setDefault(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

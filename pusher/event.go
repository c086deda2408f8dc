package pusher

import (
	"encoding/json"
	"strings"
)

// Attribute names a piece of a channel's state to ask for.
type Attribute string

// The attributes that Channels documents. Others pass through to the server.
const (
	// UserCount is the number of distinct users on a presence channel.
	UserCount Attribute = "user_count"
	// SubscriptionCount is the number of connections on a channel, where the app
	// has it enabled.
	SubscriptionCount Attribute = "subscription_count"
	// CacheData is the last event of a cache channel.
	CacheData Attribute = "cache"
)

// ChannelInfo is what was asked of a channel's state. What was not asked for, or
// not told, is nil.
type ChannelInfo struct {
	UserCount         *int `json:"user_count"`
	SubscriptionCount *int `json:"subscription_count"`
}

// UnmarshalJSON takes an empty list for an empty object too, as servers written in
// PHP say it: an error after delivery would only invite a second send.
func (i *ChannelInfo) UnmarshalJSON(data []byte) error {
	if isEmptyOf(data, '[') {
		return nil
	}
	type fields ChannelInfo
	return json.Unmarshal(data, (*fields)(i))
}

// Event is one event of a batch.
type Event struct {
	// Channel is where it goes: a channel, or [UserChannel] of a user.
	Channel string
	// Name is the event's name.
	Name string
	// Data is the payload: a string, []byte or json.RawMessage is sent as it is,
	// anything else as JSON.
	Data any
	// SocketID excludes a connection from receiving it. Optional.
	SocketID string
	// Info asks for the channel's state. Optional.
	Info []Attribute
	// IdempotencyKey lets a server that supports it (sockudo) drop a second copy.
	// Optional.
	IdempotencyKey string
}

// TriggerOption changes one call that triggers events.
type TriggerOption func(triggerOptions) triggerOptions

type triggerOptions struct {
	excludes       bool // a socket id was given, even an empty one
	socketID       string
	info           []Attribute
	idempotencyKey string
}

// ExcludeSocket keeps the event from the connection with this socket id, that of
// the client that caused it. In a batch it applies to events that have no
// SocketID of their own. An empty id is refused, so leave the option out where
// there is none.
func ExcludeSocket(socketID string) TriggerOption {
	return func(o triggerOptions) triggerOptions {
		o.excludes, o.socketID = true, socketID
		return o
	}
}

// WithInfo asks for the state of the channels that the event goes to, to come
// with the result. In a batch it applies to events that have no Info of their
// own.
func WithInfo(attributes ...Attribute) TriggerOption {
	return func(o triggerOptions) triggerOptions {
		o.info = attributes
		return o
	}
}

// WithIdempotencyKey sends a key with the call by which a server that supports it
// (sockudo) recognises a second copy: as idempotency_key in the event, and as
// X-Idempotency-Key with a batch. Hosted Channels ignores it.
func WithIdempotencyKey(key string) TriggerOption {
	return func(o triggerOptions) triggerOptions {
		o.idempotencyKey = key
		return o
	}
}

func newTriggerOptions(options []TriggerOption) (triggerOptions, error) {
	var o triggerOptions
	for _, option := range options {
		if option != nil {
			o = option(o)
		}
	}
	return o, o.check()
}

func (o *triggerOptions) check() error {
	if o.excludes {
		if err := checkSocketID(o.socketID); err != nil {
			return err
		}
	}
	if o.idempotencyKey != "" {
		if err := checkIdempotencyKey("idempotency_key", o.idempotencyKey); err != nil {
			return err
		}
	}
	return checkAttributes("info", o.info)
}

func checkIdempotencyKey(field, key string) error {
	const most = 255
	if len(key) > most || !only(key, func(c byte) bool { return c > ' ' && c <= '~' }) {
		return invalid(field, "%s: want at most %d printable ASCII characters without spaces", quoted(key), most)
	}
	return nil
}

func checkAttributes(field string, attributes []Attribute) error {
	for _, a := range attributes {
		if !only(string(a), func(c byte) bool { return isAlphanumeric(c) || c == '_' || c == '-' }) {
			return invalid(field, "%s is not an attribute: want user_count, subscription_count or cache", quoted(string(a)))
		}
	}
	return nil
}

func joinAttributes(attributes []Attribute) string {
	if len(attributes) == 1 {
		return string(attributes[0])
	}
	names := make([]string, len(attributes))
	for i, a := range attributes {
		names[i] = string(a)
	}
	return strings.Join(names, ",")
}

// appendRest completes an event's JSON object after its name and channels: data
// and options, all checked before.
func appendRest(dst, data []byte, o *triggerOptions) []byte {
	dst = append(dst, `,"data":`...)
	dst = appendJSONString(dst, data)
	if o.excludes {
		dst = append(dst, `,"socket_id":"`...)
		dst = append(dst, o.socketID...)
		dst = append(dst, '"')
	}
	if len(o.info) > 0 {
		dst = append(dst, `,"info":"`...)
		dst = append(dst, joinAttributes(o.info)...)
		dst = append(dst, '"')
	}
	if o.idempotencyKey != "" {
		dst = append(dst, `,"idempotency_key":`...)
		dst = appendText(dst, o.idempotencyKey)
	}
	return append(dst, '}')
}

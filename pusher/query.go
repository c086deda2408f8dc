package pusher

import (
	"context"
	"encoding/json"
	"time"
)

// ChannelsQuery selects channels and what to tell of them.
type ChannelsQuery struct {
	// Prefix is what the names begin with. Optional.
	Prefix string
	// Attributes to tell of each channel. UserCount needs a Prefix that begins
	// with "presence-".
	Attributes []Attribute
}

// ChannelList holds the occupied channels by name.
type ChannelList struct {
	Channels map[string]ChannelInfo
}

// Channels lists the occupied channels. The map is never nil. It fails with an
// [*APIError] that matches [ErrBadRequest] if the server refuses an attribute.
// (https://pusher.com/docs/channels/library_auth_reference/rest-api/#get-channels-fetch-info-for-multiple-channels)
func (c *Client) Channels(ctx context.Context, query ChannelsQuery) (ChannelList, error) {
	op, err := c.channels(query)
	if err != nil {
		return ChannelList{}, err
	}
	return do(ctx, c, op)
}

func (c *Client) channels(query ChannelsQuery) (operation[ChannelList], error) {
	if err := checkAttributes("attributes", query.Attributes); err != nil {
		return operation[ChannelList]{}, err
	}
	params := infoParams(query.Attributes)
	if query.Prefix != "" {
		if params == nil {
			params = map[string]string{}
		}
		params["filter_by_prefix"] = query.Prefix
	}
	return operation[ChannelList]{
		call: c.get("channels", c.appPath+"/channels", params),
		decode: func(c *Client, body []byte) (ChannelList, error) {
			channels, err := decodeChannelMap(c, body)
			if channels == nil {
				channels = map[string]ChannelInfo{}
			}
			return ChannelList{Channels: channels}, err
		},
	}, nil
}

func infoParams(attributes []Attribute) map[string]string {
	if len(attributes) == 0 {
		return nil
	}
	return map[string]string{"info": joinAttributes(attributes)}
}

// ChannelState is the state of one channel. What was not asked for, or not told,
// is nil.
type ChannelState struct {
	Occupied          bool
	UserCount         *int
	SubscriptionCount *int
	// Cache is the last event of a cache channel, nil if there is none.
	Cache *CachedEvent
}

// CachedEvent is what a cache channel keeps.
type CachedEvent struct {
	// Data is the event's data as it was sent: ciphertext on an encrypted channel.
	Data string
	// TTL is how long it will be kept.
	TTL time.Duration
}

// Channel returns the state of a channel. It fails with an [*APIError] that
// matches [ErrBadRequest] if an attribute does not apply to the channel: UserCount
// is for presence channels only.
// (https://pusher.com/docs/channels/library_auth_reference/rest-api/#get-channel-fetch-info-for-one-channel)
func (c *Client) Channel(ctx context.Context, name string, attributes ...Attribute) (ChannelState, error) {
	op, err := c.channel(name, attributes)
	if err != nil {
		return ChannelState{}, err
	}
	return do(ctx, c, op)
}

func (c *Client) channel(name string, attributes []Attribute) (operation[ChannelState], error) {
	if err := c.checkChannel("channel", name); err != nil {
		return operation[ChannelState]{}, err
	}
	if err := checkAttributes("attributes", attributes); err != nil {
		return operation[ChannelState]{}, err
	}
	return operation[ChannelState]{
		call:   c.get("channel", c.appPath+"/channels/"+name, infoParams(attributes)),
		decode: decodeChannelState,
	}, nil
}

func decodeChannelState(c *Client, body []byte) (ChannelState, error) {
	var answer struct {
		Occupied          bool            `json:"occupied"`
		UserCount         *int            `json:"user_count"`
		SubscriptionCount *int            `json:"subscription_count"`
		Cache             json.RawMessage `json:"cache"`
	}
	if err := c.unmarshal(body, &answer); err != nil {
		return ChannelState{}, err
	}
	state := ChannelState{
		Occupied:          answer.Occupied,
		UserCount:         answer.UserCount,
		SubscriptionCount: answer.SubscriptionCount,
	}
	if isEmptyOf(answer.Cache, '[') {
		return state, nil
	}
	var cache struct {
		Data json.RawMessage `json:"data"`
		TTL  float64         `json:"ttl"`
	}
	if err := c.unmarshal(answer.Cache, &cache); err != nil {
		return ChannelState{}, err
	}
	state.Cache = &CachedEvent{Data: textOf(cache.Data), TTL: time.Duration(cache.TTL * float64(time.Second))}
	return state, nil
}

// textOf returns a JSON string's text, and any other JSON value as it stands.
func textOf(value json.RawMessage) string {
	var text string
	if len(value) > 0 && value[0] == '"' && json.Unmarshal(value, &text) == nil {
		return text
	}
	if string(value) == "null" {
		return ""
	}
	return string(value)
}

// UserList holds the users on a presence channel.
type UserList struct {
	Users []UserRef
}

// UserRef is a user on a presence channel.
type UserRef struct {
	ID string
}

// UnmarshalJSON takes ids that are numbers too, since presence data may have them.
func (u *UserRef) UnmarshalJSON(data []byte) error {
	var fields struct {
		ID json.RawMessage `json:"id"`
	}
	err := json.Unmarshal(data, &fields)
	u.ID = textOf(fields.ID)
	return err
}

// ChannelUsers lists the users on a presence channel; for any other it fails with
// a [*ValidationError]. Reverb says [ErrNotFound] of an unoccupied channel, others
// an empty list.
// (https://pusher.com/docs/channels/library_auth_reference/rest-api/#get-users)
func (c *Client) ChannelUsers(ctx context.Context, name string) (UserList, error) {
	op, err := c.channelUsers(name)
	if err != nil {
		return UserList{}, err
	}
	return do(ctx, c, op)
}

func (c *Client) channelUsers(name string) (operation[UserList], error) {
	if err := c.checkChannel("channel", name); err != nil {
		return operation[UserList]{}, err
	}
	if !isPresence(name) {
		return operation[UserList]{}, invalid("channel", "%s is not a presence channel, only those have users", quoted(name))
	}
	return operation[UserList]{
		call: c.get("channel_users", c.appPath+"/channels/"+name+"/users", nil),
		decode: func(c *Client, body []byte) (UserList, error) {
			var list UserList
			err := c.unmarshal(body, &list)
			return list, err
		},
	}, nil
}

// Ping checks that the server answers and takes the credentials, for a program's
// start. It asks for channels with a prefix that none has.
func (c *Client) Ping(ctx context.Context) error {
	_, err := do(ctx, c, c.ping())
	return err
}

func (c *Client) ping() operation[struct{}] {
	return operation[struct{}]{
		call:   c.get("ping", c.appPath+"/channels", map[string]string{"filter_by_prefix": "pusher-go-ping-"}),
		decode: discard,
	}
}

// TerminateUserConnections closes all connections of a signed-in user. Nothing
// keeps the user from connecting again.
// (https://pusher.com/docs/channels/server_api/terminating-user-connections/)
func (c *Client) TerminateUserConnections(ctx context.Context, userID string) error {
	op, err := c.terminateUserConnections(userID)
	if err != nil {
		return err
	}
	_, err = do(ctx, c, op)
	return err
}

func (c *Client) terminateUserConnections(userID string) (operation[struct{}], error) {
	if err := c.checkUserID("user_id", userID); err != nil {
		return operation[struct{}]{}, err
	}
	call := c.post("terminate_user_connections", c.appPath+"/users/"+userID+"/terminate_connections", []byte("{}"))
	call.Idempotent = true
	return operation[struct{}]{call: call, decode: discard}, nil
}

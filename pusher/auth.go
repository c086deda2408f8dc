package pusher

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"unicode/utf8"

	"github.com/seed-588517f9/pusher-go/crypto"
)

// Member is a user on a presence channel.
type Member struct {
	// UserID is what makes two connections the same member: 1 to 128 characters.
	UserID string
	// UserInfo is told to the other members, as JSON. Optional.
	UserInfo any
}

// ChannelAuth lets a connection subscribe to a channel. Send it to the client as
// JSON. It prints without its content; only marshalling shows it.
type ChannelAuth struct {
	Auth         string `json:"auth"`
	ChannelData  string `json:"channel_data,omitempty"`
	SharedSecret string `json:"shared_secret,omitempty"`
}

// Format prints no credential, for any verb.
func (ChannelAuth) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "pusher.ChannelAuth{[redacted]; send it as JSON}")
}

// LogValue returns no credential.
func (a ChannelAuth) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }

// AuthOption changes how subscriptions are authorized.
type AuthOption func(authOptions) authOptions

type authOptions struct{ signedIn, jsonp bool }

// AllowSignedIn lets a presence channel be authorized without a member, for a
// connection that has signed in: the server takes the user from there.
func AllowSignedIn() AuthOption {
	return func(o authOptions) authOptions {
		o.signedIn = true
		return o
	}
}

func newAuthOptions(options []AuthOption) (o authOptions) {
	for _, option := range options {
		if option != nil {
			o = option(o)
		}
	}
	return o
}

// AuthorizeChannel authorizes the connection socketID to subscribe to a private,
// presence or encrypted channel. Whether it may is for the caller to decide
// before. member is required for presence channels, unless [AllowSignedIn] is
// given, and must be nil for others. An encrypted channel needs a master key.
//
// It fails with a [*ValidationError]: for a socket id or channel that is not
// strictly valid, which could forge another authorization, and for a public
// channel, which needs none. It does not touch the network.
// (https://pusher.com/docs/channels/library_auth_reference/auth-signatures/)
func (c *Client) AuthorizeChannel(socketID, channel string, member *Member, options ...AuthOption) (ChannelAuth, error) {
	if err := checkSocketID(socketID); err != nil {
		return ChannelAuth{}, err
	}
	if err := c.checkAuthChannel(channel); err != nil {
		return ChannelAuth{}, err
	}
	if isPresence(channel) {
		if member == nil {
			if newAuthOptions(options).signedIn {
				return ChannelAuth{Auth: c.signer.signer.Token(socketID, ":", channel)}, nil
			}
			return ChannelAuth{}, invalid("member", "is nil, %s is a presence channel; give a Member, or AllowSignedIn() if the connection has signed in", quoted(channel))
		}
		data, err := c.encodeMember(member)
		if err != nil {
			return ChannelAuth{}, err
		}
		return ChannelAuth{
			Auth:        c.signer.signer.Token(socketID, ":", channel, ":", data),
			ChannelData: data,
		}, nil
	}
	if member != nil {
		return ChannelAuth{}, invalid("member", "is for presence channels, %s is not one; pass nil", quoted(channel))
	}
	auth := ChannelAuth{Auth: c.signer.signer.Token(socketID, ":", channel)}
	if isEncrypted(channel) {
		if c.keys.master == nil {
			return ChannelAuth{}, errNoMasterKey(channel)
		}
		secret := crypto.SharedSecret(channel, c.keys.master)
		auth.SharedSecret = base64.StdEncoding.EncodeToString(secret[:])
	}
	return auth, nil
}

func (c *Client) checkAuthChannel(channel string) error {
	if err := c.checkChannel("channel", channel); err != nil {
		return err
	}
	if !isPrivate(channel) && !isPresence(channel) {
		return invalid("channel", "%s is public, anyone may subscribe: only private- and presence- channels are authorized", quoted(channel))
	}
	return nil
}

// encodeMember returns a member as the JSON text that is signed and sent.
func (c *Client) encodeMember(m *Member) (string, error) {
	switch {
	case m.UserID == "":
		return "", invalid("member.user_id", "is empty")
	case utf8.RuneCountInString(m.UserID) > c.limits.PresenceUserID:
		return "", invalid("member.user_id", "is longer than %d characters (Limits.PresenceUserID)", c.limits.PresenceUserID)
	case !utf8.ValidString(m.UserID):
		return "", invalid("member.user_id", "is not valid UTF-8")
	}
	s := newScratch()
	defer s.release()
	b := append(s.body, `{"user_id":`...)
	b = appendText(b, m.UserID)
	if m.UserInfo != nil {
		var err error
		b = append(b, `,"user_info":`...)
		if b, err = c.appendValue(b, s, "member.user_info", m.UserInfo); err != nil {
			return "", err
		}
	}
	s.body = append(b, '}')
	if len(s.body) > c.limits.PresenceUserBytes {
		return "", invalid("member", "is %d bytes as JSON, the limit is %d (Limits.PresenceUserBytes)", len(s.body), c.limits.PresenceUserBytes)
	}
	return string(s.body), nil
}

// appendValue appends the JSON of v. Unlike an event's data it becomes part of a
// larger document, so a string becomes a JSON string, and what a codec brings must
// be JSON.
func (c *Client) appendValue(dst []byte, s *scratch, field string, v any) ([]byte, error) {
	if err := c.writeJSON(s, field, v); err != nil {
		return nil, err
	}
	if c.marshal != nil && !json.Valid(s.data.Bytes()) {
		return nil, invalid(field, "is not valid JSON after Config.JSONMarshal")
	}
	return append(dst, s.data.Bytes()...), nil
}

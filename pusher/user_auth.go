package pusher

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// User is a user who signs in.
type User struct {
	// ID identifies the user. It takes the characters of a channel's name.
	ID string
	// Info is what presence channels tell the other members, as JSON. Optional.
	Info any
	// Watchlist holds the ids of users whose coming and going the user is told, at
	// most 100. Optional.
	Watchlist []string
	// Extra holds further fields of the user's data. Optional.
	Extra map[string]any
}

// UserAuth lets a connection sign in. Send it to the client as JSON. It prints
// without its content; only marshalling shows it.
type UserAuth struct {
	Auth     string `json:"auth"`
	UserData string `json:"user_data"`
}

// Format prints no credential, for any verb.
func (UserAuth) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "pusher.UserAuth{[redacted]; send it as JSON}")
}

// LogValue returns no credential.
func (a UserAuth) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }

// AuthenticateUser signs the user in on the connection socketID. That it is this
// user is for the caller to know. It fails with a [*ValidationError], and does not
// touch the network.
// (https://pusher.com/docs/channels/library_auth_reference/auth-signatures/#user-authentication)
func (c *Client) AuthenticateUser(socketID string, user User) (UserAuth, error) {
	if err := checkSocketID(socketID); err != nil {
		return UserAuth{}, err
	}
	data, err := c.encodeUser(&user)
	if err != nil {
		return UserAuth{}, err
	}
	return UserAuth{Auth: c.signer.signer.Token(socketID, "::user::", data), UserData: data}, nil
}

// encodeUser returns a user as the JSON text that is signed and sent.
func (c *Client) encodeUser(u *User) (string, error) {
	if err := c.checkUserID("user.id", u.ID); err != nil {
		return "", err
	}
	if len(u.Watchlist) > c.limits.Watchlist {
		return "", invalid("user.watchlist", "has %d ids, the limit is %d (Limits.Watchlist)", len(u.Watchlist), c.limits.Watchlist)
	}
	s := newScratch()
	defer s.release()
	b := append(s.body, `{"id":`...)
	b = appendText(b, u.ID)
	var err error
	if u.Info != nil {
		b = append(b, `,"user_info":`...)
		if b, err = c.appendValue(b, s, "user.info", u.Info); err != nil {
			return "", err
		}
	}
	for i, id := range u.Watchlist {
		if err := c.checkUserID("user.watchlist["+strconv.Itoa(i)+"]", id); err != nil {
			return "", err
		}
		if i == 0 {
			b = append(b, `,"watchlist":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendText(b, id)
	}
	if len(u.Watchlist) > 0 {
		b = append(b, ']')
	}
	for _, name := range slices.Sorted(maps.Keys(u.Extra)) {
		field := "user.extra[" + quoted(name) + "]"
		switch name {
		case "id", "user_info", "watchlist":
			return "", invalid(field, "has a field of its own in User")
		}
		if !utf8.ValidString(name) {
			return "", invalid(field, "is not valid UTF-8")
		}
		b = append(b, ',')
		b = appendText(b, name)
		b = append(b, ':')
		if b, err = c.appendValue(b, s, field, u.Extra[name]); err != nil {
			return "", err
		}
	}
	s.body = append(b, '}')
	return string(s.body), nil
}

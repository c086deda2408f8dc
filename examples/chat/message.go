package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/seed-588517f9/pusher-go/pusher"
)

const (
	// maxText is how long a message may be, in characters. It fits into an event,
	// also when it is encrypted.
	maxText = 1_000
	// maxPost bounds the body of a post, in bytes: every character of the text can
	// be escaped as two six-byte escapes.
	maxPost = 16 << 10
	// maxMentions is how many users one message notifies.
	maxMentions = 5
)

// message is what subscribers of a room get. That it comes through Channels from
// here is what makes From true.
type message struct {
	Room string    `json:"room"`
	From string    `json:"from"`
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// post is what a browser wants to say.
type post struct {
	Room string `json:"room"`
	Text string `json:"text"`
	// SocketID is the browser's own connection, which shows the message without
	// waiting for it to come back.
	SocketID string `json:"socket_id"`
}

// refusal is why a post is refused, for the person who wrote it.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return r.reason }

func (c *chat) serveMessage(w http.ResponseWriter, r *http.Request) {
	said, err := c.say(w, r)
	if err != nil {
		refused, ok := errors.AsType[*refusal](err)
		if !ok {
			refused = c.failure(r.Context(), err)
		}
		answer(w, refused.status, map[string]string{"error": refused.reason})
		return
	}
	c.notify(r.Context(), said)
	answer(w, http.StatusOK, said)
}

func (c *chat) say(w http.ResponseWriter, r *http.Request) (message, error) {
	user, ok := c.sessions.user(r)
	if !ok {
		return message{}, &refusal{http.StatusUnauthorized, "You are not logged in."}
	}
	p, err := readPost(w, r)
	if err != nil {
		return message{}, err
	}
	room, ok := c.find(func(r room) bool { return r.ID == p.Room })
	switch {
	case !ok:
		return message{}, &refusal{http.StatusNotFound, "There is no such room."}
	case !room.admits(user):
		return message{}, &refusal{http.StatusForbidden, "This room is for its members."}
	}
	var options []pusher.TriggerOption
	if p.SocketID != "" {
		options = append(options, pusher.ExcludeSocket(p.SocketID))
	}
	m := message{Room: room.ID, From: user, Text: p.Text, At: time.Now().UTC().Truncate(time.Millisecond)}
	_, err = c.client.Trigger(r.Context(), room.Channel, "message", m, options...)
	return m, err
}

// readPost returns a post that is fit to be sent.
func readPost(w http.ResponseWriter, r *http.Request) (post, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPost))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return post{}, &refusal{http.StatusRequestEntityTooLarge, "The message is too long."}
	}
	var p post
	if err != nil || !utf8.Valid(body) || json.Unmarshal(body, &p) != nil {
		return post{}, &refusal{http.StatusBadRequest, "This is not a message."}
	}
	p.Text = strings.TrimSpace(strings.ReplaceAll(p.Text, "\r\n", "\n"))
	switch {
	case p.Text == "":
		return post{}, &refusal{http.StatusBadRequest, "The message is empty."}
	case utf8.RuneCountInString(p.Text) > maxText:
		return post{}, &refusal{http.StatusBadRequest, fmt.Sprintf("The message is longer than %d characters.", maxText)}
	case strings.ContainsFunc(p.Text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }):
		return post{}, &refusal{http.StatusBadRequest, "The message contains control characters."}
	}
	return p, nil
}

// failure says what became of a message that the SDK could not send: whether to
// write it again depends on that.
func (c *chat) failure(ctx context.Context, err error) *refusal {
	if validation, ok := errors.AsType[*pusher.ValidationError](err); ok {
		return &refusal{http.StatusBadRequest, "The message cannot be sent: " + validation.Field + " is not valid."}
	}
	c.logger.LogAttrs(ctx, slog.LevelError, "a message was not sent", slog.String("error", err.Error()))
	switch pusher.OutcomeOf(err) {
	case pusher.NotSent, pusher.Rejected:
		return &refusal{http.StatusBadGateway, "The message was not sent. Please try again."}
	case pusher.Unknown, pusher.Accepted:
	}
	return &refusal{http.StatusGatewayTimeout, "The message may have been sent: no answer came."}
}

var mentionPattern = regexp.MustCompile(`@([A-Za-z0-9_-]{1,20})`)

// notify tells the users whom a message mentions, wherever they are looking, if the
// room admits them. The message itself is not told: it may be from an encrypted room,
// and what is sent to users is not encrypted. It has been sent already, so a failure
// here is for the log.
func (c *chat) notify(ctx context.Context, m message) {
	room, ok := c.find(func(r room) bool { return r.ID == m.Room })
	if !ok {
		return
	}
	var told []string
	for _, match := range mentionPattern.FindAllStringSubmatch(m.Text, -1) {
		user := strings.ToLower(match[1])
		if user == m.From || !room.admits(user) || slices.Contains(told, user) {
			continue
		}
		if len(told) == maxMentions {
			return
		}
		told = append(told, user)
		_, err := c.client.SendToUser(ctx, user, "mention", map[string]string{"room": m.Room, "from": m.From})
		if err != nil {
			c.logger.LogAttrs(ctx, slog.LevelError, "a mention was not sent", slog.String("error", err.Error()))
		}
	}
}

func answer(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte("{}")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

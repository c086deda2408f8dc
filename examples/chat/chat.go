package main

import (
	"log/slog"
	"net/http"
	"slices"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// chat is the web server's part of the chat: it knows who is logged in, decides who
// may enter which room, and sends the messages. Everything that comes from Channels,
// browsers get without it.
type chat struct {
	channels *channels
	client   *pusher.Client
	rooms    []room
	sessions sessions
	script   script
	policy   string
	logger   *slog.Logger
}

// newChat returns the chat as a handler.
func newChat(channels *channels, script script, logger *slog.Logger) http.Handler {
	c := &chat{channels: channels, client: channels.client, script: script, logger: logger}
	c.rooms = slices.DeleteFunc(slices.Clone(rooms), func(r room) bool { return r.encrypted() && !channels.encrypts() })
	c.policy = contentPolicy(script, newConnection(channels.cfg))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.servePage)
	mux.Handle("GET /page/", pageFiles())
	mux.Handle("GET "+scriptPath, script)
	mux.HandleFunc("POST /login", c.serveLogin)
	mux.HandleFunc("POST /logout", c.serveLogout)
	mux.HandleFunc("POST /messages", c.serveMessage)
	// Where pusher-js looks for them by default.
	mux.Handle("POST /pusher/auth", c.client.ChannelAuthHandler(c.decideChannel))
	mux.Handle("POST /pusher/user-auth", c.client.UserAuthHandler(c.decideUser))

	// A browser sends the cookie along with what other sites make it post. Those are
	// refused here, for all handlers at once.
	return c.secured(http.NewCrossOriginProtection().Handler(mux))
}

// decideChannel lets users into rooms that admit them, and onto no other channel.
func (c *chat) decideChannel(r *http.Request, req pusher.AuthRequest) (pusher.Decision, error) {
	user, ok := c.sessions.user(r)
	if !ok {
		return pusher.Deny(), nil
	}
	room, ok := c.find(func(r room) bool { return r.Channel == req.Channel })
	switch {
	case !ok || !room.admits(user):
		return pusher.Deny(), nil
	case room.presence():
		return pusher.AllowMember(pusher.Member{UserID: user}), nil
	default:
		return pusher.Allow(), nil
	}
}

// decideUser signs a connection in as who the session belongs to: for mentions, and
// so that logging out ends it.
func (c *chat) decideUser(r *http.Request, _ pusher.AuthRequest) (pusher.Decision, error) {
	user, ok := c.sessions.user(r)
	if !ok {
		return pusher.Deny(), nil
	}
	return pusher.AllowUser(pusher.User{ID: user}), nil
}

// secured sets the headers that every answer has.
func (c *chat) secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", c.policy)
		header.Set("Cache-Control", "no-store")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

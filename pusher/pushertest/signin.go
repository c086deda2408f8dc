package pushertest

import (
	"encoding/json"
	"fmt"
)

// user is who has signed in on a connection.
type user struct {
	id   string
	info json.RawMessage
	// data is user_data as it was signed.
	data string
	// watchlist are the users of whom this one wants to know whether they are online.
	watchlist []string
}

// serveSignIn verifies pusher:signin. Whoever fails is told so and disconnected,
// as soketi does, since a client that retries unchanged fails again.
func (a *App) serveSignIn(c *connection, data json.RawMessage) {
	u, reason := a.parseSignIn(c.socketID, data)
	a.hub.do(c, func() {
		if reason == "" && c.user != nil && c.user.id != u.id {
			reason = "another user is signed in on this connection"
		}
		if reason != "" {
			c.send(errorFrame(closeUnauthorized, reason))
			a.hub.expel(c, closing{closeUnauthorized, "the sign-in is not authorized"})
			return
		}
		c.send(serverFrame("pusher:signin_success", "", map[string]string{"user_data": u.data}))
		if limit := a.hub.cfg.Limits.Watchlist; len(u.watchlist) > limit {
			c.send(errorFrame(errorWatchlist, fmt.Sprintf("the watchlist has more than %d users: the rest is ignored", limit)))
			u.watchlist = u.watchlist[:limit]
		}
		a.hub.signInLocked(c, u)
		a.hub.tell(Activity{Kind: ActivitySignedIn, SocketID: c.socketID, UserID: u.id})
	})
}

// parseSignIn returns the user, or what is wrong.
func (a *App) parseSignIn(socketID string, data json.RawMessage) (*user, string) {
	var signIn struct {
		Auth     string `json:"auth"`
		UserData string `json:"user_data"`
	}
	if json.Unmarshal(data, &signIn) != nil {
		return nil, "the data of pusher:signin is malformed"
	}
	if !a.sign.matchesAuth(socketID+"::user::"+signIn.UserData, signIn.Auth) {
		return nil, "auth is not the signature of socket id and user_data"
	}
	f, err := parseFields([]byte(signIn.UserData))
	if err != nil {
		return nil, "user_data " + err.Error()
	}
	id, ok, err := f.text("id")
	if err != nil || !ok || !validName(id, a.hub.cfg.Limits.ChannelName) {
		return nil, "id in user_data must be a string of A–Z a–z 0–9 _ - = @ , . ;"
	}
	var watchlist []string
	if raw, ok := f["watchlist"]; ok && json.Unmarshal(raw, &watchlist) != nil {
		return nil, "watchlist in user_data must be an array of strings"
	}
	return &user{id: id, info: f["user_info"], data: signIn.UserData, watchlist: watchlist}, ""
}

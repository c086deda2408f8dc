package pushertest

import "encoding/json"

// user is who has signed in on a connection.
type user struct {
	id   string
	info json.RawMessage
	// data is user_data as it was signed.
	data string
}

// serveSignIn verifies pusher:signin. Whoever fails is told so and disconnected,
// as soketi does, since a client that retries unchanged fails again.
func (s *Server) serveSignIn(c *connection, data json.RawMessage) {
	u, reason := s.parseSignIn(c.socketID, data)
	s.hub.do(c, func() {
		if reason == "" && c.user != nil && c.user.id != u.id {
			reason = "another user is signed in on this connection"
		}
		if reason != "" {
			c.send(errorFrame(closeUnauthorized, reason))
			s.hub.remove(c)
			c.hangUp(closeUnauthorized, "the sign-in is not authorized")
			return
		}
		c.user = u
		c.send(serverFrame("pusher:signin_success", "", map[string]string{"user_data": u.data}))
	})
}

// parseSignIn returns the user, or what is wrong.
func (s *Server) parseSignIn(socketID string, data json.RawMessage) (*user, string) {
	var signIn struct {
		Auth     string `json:"auth"`
		UserData string `json:"user_data"`
	}
	if json.Unmarshal(data, &signIn) != nil {
		return nil, "the data of pusher:signin is malformed"
	}
	if !s.sign.matchesAuth(socketID+"::user::"+signIn.UserData, signIn.Auth) {
		return nil, "auth is not the signature of socket id and user_data"
	}
	f, err := parseFields([]byte(signIn.UserData))
	if err != nil {
		return nil, "user_data " + err.Error()
	}
	id, ok, err := f.text("id")
	if err != nil || !ok || !validName(id, s.cfg.Limits.ChannelName) {
		return nil, "id in user_data must be a string of A–Z a–z 0–9 _ - = @ , . ;"
	}
	return &user{id: id, info: f["user_info"], data: signIn.UserData}, ""
}

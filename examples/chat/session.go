package main

import (
	"crypto/rand"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

const (
	sessionCookie = "chat_session"
	sessionAge    = 12 * time.Hour
	// maxSessions bounds the memory that strangers can fill.
	maxSessions = 1_000
	// maxLogin bounds the form of a login, in bytes.
	maxLogin = 4 << 10
)

// namePattern holds names that are ids of users on Channels as they are, and that
// "@name" can mention.
var namePattern = regexp.MustCompile(`\A[a-z0-9_-]{1,20}\z`)

const nameRule = "A name has 1 to 20 letters from a to z, digits, - or _."

// sessions are the users who are logged in. The zero value is ready for use. All
// methods are safe for concurrent use.
type sessions struct {
	mu      sync.Mutex
	byToken map[string]session
}

type session struct {
	user    string
	expires time.Time
}

// user returns whose session the request belongs to.
func (s *sessions) user(r *http.Request) (name string, ok bool) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return "", false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byToken[cookie.Value]
	if !ok || time.Now().After(found.expires) {
		return "", false
	}
	return found.user, true
}

// begin returns the token of a new session, or false if there are too many.
func (s *sessions) begin(user string) (token string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(s.byToken, func(_ string, old session) bool { return now.After(old.expires) })
	if len(s.byToken) >= maxSessions {
		return "", false
	}
	if s.byToken == nil {
		s.byToken = map[string]session{}
	}
	token = rand.Text()
	s.byToken[token] = session{user: user, expires: now.Add(sessionAge)}
	return token, true
}

// endAll ends all sessions of a user.
func (s *sessions) endAll(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.byToken, func(_ string, old session) bool { return old.user == user })
}

func (c *chat) serveLogin(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxLogin)
	name := strings.ToLower(strings.TrimSpace(r.PostFormValue("name")))
	if !namePattern.MatchString(name) {
		c.renderLogin(w, http.StatusBadRequest, nameRule)
		return
	}
	token, ok := c.sessions.begin(name)
	if !ok {
		c.renderLogin(w, http.StatusServiceUnavailable, "Too many people are here. Please try again later.")
		return
	}
	setCookie(w, r, token, int(sessionAge.Seconds()))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// serveLogout logs the user out everywhere. A connection to Channels would outlive
// its session: it was authorized when it was made. So it is ended, too.
func (c *chat) serveLogout(w http.ResponseWriter, r *http.Request) {
	if user, ok := c.sessions.user(r); ok {
		c.sessions.endAll(user)
		if err := c.client.TerminateUserConnections(r.Context(), user); err != nil {
			c.logger.LogAttrs(r.Context(), slog.LevelError, "connections outlive a logout", slog.String("error", err.Error()))
		}
	}
	setCookie(w, r, "", -1)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func setCookie(w http.ResponseWriter, r *http.Request, token string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // it is Secure where there is TLS, which loopback has not
		Name: sessionCookie, Value: token, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: r.TLS != nil,
	})
}

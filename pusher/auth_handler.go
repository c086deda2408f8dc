package pusher

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"regexp"
)

// Decision is an app's answer to a client that wants to subscribe or sign in. The
// zero value denies.
type Decision struct {
	allowed bool
	member  *Member
	user    *User
}

// Allow authorizes a private or encrypted channel.
func Allow() Decision { return Decision{allowed: true} }

// AllowMember authorizes a presence channel for a member. On a channel of another
// kind it is the same as [Allow].
func AllowMember(member Member) Decision { return Decision{allowed: true, member: &member} }

// AllowUser signs a user in.
func AllowUser(user User) Decision { return Decision{allowed: true, user: &user} }

// Deny refuses. The client gets 403.
func Deny() Decision { return Decision{} }

// AllowJSONP lets a handler answer GET requests with a callback parameter too, for
// clients that cannot POST across origins. Any site can then read a token with the
// cookies of its visitor, so it is off unless asked for. It has no effect on
// [Client.AuthorizeChannel].
func AllowJSONP() AuthOption {
	return func(o authOptions) authOptions {
		o.jsonp = true
		return o
	}
}

// maxAuthBody bounds the form of an authorization request: 64 KiB.
const maxAuthBody = 64 << 10

// Decide is the app's part of a handler. r is the request with its cookies and
// headers, for finding out who asks; its body has been read into req.
type Decide func(r *http.Request, req AuthRequest) (Decision, error)

// ChannelAuthHandler returns the handler of the endpoint that authorizes
// subscriptions, /pusher/auth by the client libraries' default. It answers
//
//   - 200 with the authorization, as decide allows it ([Allow] or [AllowMember]),
//   - 403 if decide denies,
//   - 400 if the request is malformed, or asks for a public channel; decide is not called,
//   - 405 for methods other than POST,
//   - 413 for a form over 64 KiB,
//   - 500 with an empty body if decide returns an error, or allows what cannot be
//     signed: a presence channel without a member, an encrypted one without a
//     master key. The reason goes to Config.Logger.
//
// It reports nothing to the client but what it sent itself. A nil decide panics.
func (c *Client) ChannelAuthHandler(decide Decide, options ...AuthOption) http.Handler {
	return c.authHandler("channel", decide, options, func(req AuthRequest) error {
		return c.checkAuthChannel(req.Channel)
	}, func(req AuthRequest, d Decision) (any, error) {
		if d.user != nil {
			return nil, errors.New("AllowUser is for UserAuthHandler; return Allow or AllowMember")
		}
		member := d.member
		if !isPresence(req.Channel) {
			member = nil
		}
		return c.AuthorizeChannel(req.SocketID, req.Channel, member, options...)
	})
}

// UserAuthHandler returns the handler of the endpoint that authenticates users,
// /pusher/user-auth by the client libraries' default. It answers like
// [Client.ChannelAuthHandler]; decide allows with [AllowUser].
func (c *Client) UserAuthHandler(decide Decide, options ...AuthOption) http.Handler {
	return c.authHandler("user", decide, options, func(AuthRequest) error {
		return nil
	}, func(req AuthRequest, d Decision) (any, error) {
		if d.user == nil {
			return nil, errors.New("signing in needs a user; return AllowUser")
		}
		return c.AuthenticateUser(req.SocketID, *d.user)
	})
}

func (c *Client) authHandler(what string, decide Decide, options []AuthOption,
	check func(AuthRequest) error, sign func(AuthRequest, Decision) (any, error),
) http.Handler {
	if decide == nil {
		panic("pusher: nil Decide")
	}
	o := newAuthOptions(options)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, callback, status := readAuthRequest(w, r, o.jsonp)
		if status == 0 && check(req) != nil {
			status = http.StatusBadRequest
		}
		if status != 0 {
			http.Error(w, http.StatusText(status), status)
			return
		}
		decision, err := decide(r, req)
		if err != nil {
			c.logError(r, what+" authorization failed", err)
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		if !decision.allowed {
			http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
			return
		}
		answer, err := sign(req, decision)
		if err != nil {
			c.logError(r, what+" authorization cannot be signed", err)
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		writeAuth(w, answer, callback)
	})
}

// readAuthRequest returns the request and, for JSONP, the callback, or a status
// that refuses it.
func readAuthRequest(w http.ResponseWriter, r *http.Request, jsonp bool) (req AuthRequest, callback string, status int) {
	var params url.Values
	switch {
	case r.Method == http.MethodPost:
		if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Header.Get("Content-Type") != "" &&
			(err != nil || mediaType != "application/x-www-form-urlencoded") {
			return req, "", http.StatusBadRequest
		}
		body, status := readBody(w, r, maxAuthBody)
		if status != 0 {
			return req, "", status
		}
		var err error
		if params, err = url.ParseQuery(string(body)); err != nil {
			return req, "", http.StatusBadRequest
		}
	case r.Method == http.MethodGet && jsonp:
		var err error
		if params, err = url.ParseQuery(r.URL.RawQuery); err != nil || len(params["callback"]) != 1 ||
			!isCallback(params.Get("callback")) {
			return req, "", http.StatusBadRequest
		}
		callback = params.Get("callback")
	default:
		allow := http.MethodPost
		if jsonp {
			allow = "GET, POST"
		}
		w.Header().Set("Allow", allow)
		return req, "", http.StatusMethodNotAllowed
	}
	req, err := newAuthRequest(params)
	if err != nil {
		return req, "", http.StatusBadRequest
	}
	return req, callback, 0
}

// readBody reads a request's body of at most limit bytes, or returns the status
// that refuses it.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) (body []byte, status int) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, http.StatusRequestEntityTooLarge
	}
	if err != nil {
		return nil, http.StatusBadRequest
	}
	return body, 0
}

var callbackPattern = regexp.MustCompile(`\A[A-Za-z_$][\w$.]*(\['[0-9]+'\])?\z`)

func isCallback(name string) bool { return len(name) <= 128 && callbackPattern.MatchString(name) }

func writeAuth(w http.ResponseWriter, answer any, callback string) {
	text, err := json.Marshal(answer)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	if callback == "" {
		header.Set("Content-Type", "application/json")
		_, _ = w.Write(text)
		return
	}
	header.Set("Content-Type", "application/javascript")
	_, _ = io.WriteString(w, callback+"("+string(text)+");") //nolint:gosec // isCallback has matched it
}

func (c *Client) logError(r *http.Request, message string, err error) {
	c.logLine(r, slog.LevelError, message, err)
}

func (c *Client) logLine(r *http.Request, level slog.Level, message string, err error) {
	if c.logger != nil {
		c.logger.LogAttrs(r.Context(), level, "pusher: "+message, slog.String("error", err.Error()))
	}
}

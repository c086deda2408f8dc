package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for name, want := range map[string]string{
		"ada": "ada", "  Ada ": "ada", "x": "x", "a-b_9": "a-b_9", strings.Repeat("n", 20): strings.Repeat("n", 20),
		"": "", "a b": "", "zoë": "", "<script>": "", "a\n": "a", "a\nb": "", strings.Repeat("n", 21): "", "#a": "",
	} {
		status, body := s.visit(t).form(t, "/login", url.Values{"name": {name}})
		if want == "" {
			require.Equal(t, http.StatusBadRequest, status, "%q", name)
			require.Contains(t, body, nameRule)
		} else {
			require.Equal(t, http.StatusOK, status, "%q", name)
			require.Contains(t, body, `<strong id="me">`+want+`</strong>`)
		}
	}
	status, _ := s.visit(t).form(t, "/login", url.Values{"name": {strings.Repeat("n", maxLogin)}})
	require.Equal(t, http.StatusBadRequest, status)
}

func TestCookieIsOutOfReachOfScripts(t *testing.T) {
	t.Parallel()
	v := setup(t).visit(t)
	v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.web.URL+"/login", strings.NewReader("name=ada"))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	header, status, _ := v.do(t, r)
	require.Equal(t, http.StatusSeeOther, status)
	require.Equal(t, "/", header.Get("Location"))
	cookie, err := http.ParseSetCookie(header.Get("Set-Cookie"))
	require.NoError(t, err)
	require.True(t, cookie.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	require.Equal(t, "/", cookie.Path)
}

// TestLogoutEndsConnections: those of every browser of the user.
func TestLogoutEndsConnections(t *testing.T) {
	t.Parallel()
	s := setup(t)
	first, second, other := s.enter(t, "ada"), s.enter(t, "ada"), s.enter(t, "grace")
	one, two, kept := first.connect(t), second.connect(t), other.connect(t)
	status, body := first.form(t, "/logout", nil)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `action="/login"`)
	for _, ended := range []subscriber{one, two} {
		var closed *pushertest.ConnectionError
		for closed == nil {
			if _, err := ended.Next(deadline(t)); err != nil {
				require.ErrorAs(t, err, &closed)
			}
		}
		require.Equal(t, 4009, closed.Code)
	}
	require.NoError(t, kept.Ping(deadline(t)))
	_, _, body = second.get(t, "/")
	require.Contains(t, body, `action="/login"`)
	_, _, body = other.get(t, "/")
	require.Contains(t, body, `<strong id="me">grace</strong>`)
}

// TestLogoutWithoutChannels logs out although the connections cannot be ended.
func TestLogoutWithoutChannels(t *testing.T) {
	t.Parallel()
	v := setup(t).enter(t, "ada")
	v.srv.Inject(pushertest.Fault{Status: 500})
	_, body := v.form(t, "/logout", nil)
	require.Contains(t, body, `action="/login"`)
}

func TestSessionsExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s sessions
		token, ok := s.begin("ada")
		require.True(t, ok)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		_, ok = s.user(r)
		require.False(t, ok, "without a cookie")
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: token})
		time.Sleep(sessionAge)
		name, ok := s.user(r)
		require.True(t, ok)
		require.Equal(t, "ada", name)
		time.Sleep(time.Nanosecond)
		_, ok = s.user(r)
		require.False(t, ok)
		_, ok = s.begin("grace")
		require.True(t, ok)
		require.Len(t, s.byToken, 1, "old sessions are forgotten")
	})
}

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	var s sessions
	for i := range maxSessions {
		_, ok := s.begin("user-" + strconv.Itoa(i))
		require.True(t, ok)
	}
	_, ok := s.begin("one-more")
	require.False(t, ok)
	s.endAll("user-7")
	_, ok = s.begin("one-more")
	require.True(t, ok)
}

// TestOtherSitesPostNothing posts with a valid cookie from another origin.
func TestOtherSitesPostNothing(t *testing.T) {
	t.Parallel()
	v := setup(t).enter(t, "ada")
	const form, json = "application/x-www-form-urlencoded", "application/json"
	for _, header := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Sec-Fetch-Site", "", "Origin", "https://evil.example.com"},
		{"Sec-Fetch-Site", "", "Origin", "null"},
	} {
		for path, request := range map[string][2]string{
			"/login":            {form, "name=mallory"},
			"/logout":           {form, ""},
			"/messages":         {json, `{"room":"lobby","text":"hello"}`},
			"/pusher/auth":      {form, "socket_id=1.2&channel_name=private-team"},
			"/pusher/user-auth": {form, "socket_id=1.2"},
		} {
			status, _ := v.post(t, path, request[0], request[1], header...)
			require.Equal(t, http.StatusForbidden, status, "%s with %v", path, header)
		}
	}
	require.Empty(t, v.srv.Requests())
	status, _ := v.post(t, "/messages", json, `{"room":"lobby","text":"hello"}`, "Sec-Fetch-Site", "", "Origin", v.web.URL)
	require.Equal(t, http.StatusOK, status, "an old browser's own")
}

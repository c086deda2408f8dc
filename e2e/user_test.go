package e2e_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	ada, lech := a.connect(t, "ada"), a.connect(t, "lech")
	ada.do(t, "signin", nil)
	n := ada.next(t, "user")
	require.Equal(t, "pusher:signin_success", n.Event)
	var success struct {
		UserData string `json:"user_data"`
	}
	require.NoError(t, json.Unmarshal(n.Data, &success))
	require.JSONEq(t, `{"id":"ada","user_info":{"name":"Ada Lovelace"}}`, success.UserData)
	require.Equal(t, "pusher_internal:subscription_succeeded", ada.next(t, "user").Event)
	lech.signIn(t)

	for _, user := range []string{"lech", "ada"} {
		_, err := a.client.SendToUser(deadline(t), user, "hello", "dzień dobry "+user)
		require.NoError(t, err)
	}
	ada.expect(t, "user", "hello", "dzień dobry ada")
	lech.expect(t, "user", "hello", "dzień dobry lech")
}

func TestSignInNeedsTheEndpointsConsent(t *testing.T) {
	t.Parallel()
	s := newApp(t).connect(t, "")
	s.do(t, "signin", nil)
	n := s.next(t, "user")
	require.Equal(t, "pusher:signin_error", n.Event)
	requireRefusal(t, n, "AuthError", 403)
}

// TestSignInNeedsTheServersConsent authenticates with another app's secret.
func TestSignInNeedsTheServersConsent(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	cfg := a.srv.Config()
	cfg.Secret = "that of another app"
	s := connect(t, a.srv.URL(), newWeb(t, newClient(t, cfg)), "ada")
	s.do(t, "signin", nil)
	requireUnauthorized(t, s)
}

// TestPresenceOfSignedInUser authorizes a presence channel without a member: it is
// the user who has signed in.
func TestPresenceOfSignedInUser(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	ada := a.connect(t, "ada", "member", "none")
	ada.signIn(t)
	requireSame(t, members("ada", "ada"), ada.subscribe(t, "presence-room"))
	lech := a.connect(t, "lech")
	requireSame(t, members("lech", "ada", "lech"), lech.subscribe(t, "presence-room"))
	ada.expect(t, "presence-room", "pusher:member_added", member("lech"))
}

// TestTerminate ends all connections of one user. The others see that user go.
func TestTerminate(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	first, second, lech := a.connect(t, "ada"), a.connect(t, "ada"), a.connect(t, "lech")
	for _, s := range []*subscriber{first, second, lech} {
		s.signIn(t)
		s.subscribe(t, "presence-room")
	}
	require.NoError(t, a.client.TerminateUserConnections(deadline(t), "ada"))
	requireUnauthorized(t, first)
	requireUnauthorized(t, second)
	lech.expect(t, "presence-room", "pusher:member_removed", member("ada"))
	lech.quiet(t, "connection")
}

// requireUnauthorized requires the server to have closed the connection with 4009,
// and the client to have given up.
func requireUnauthorized(t *testing.T, s *subscriber) {
	t.Helper()
	for {
		n := s.next(t, "connection")
		if n.Event == "disconnected" {
			break
		}
		require.Equal(t, "error", n.Event)
		require.Contains(t, string(n.Data), `"code":4009`)
	}
	requireSame(t, false, s.do(t, "retrying", nil))
	s.quiet(t, "connection")
}

// TestWatchlist has ada watch lech, who comes with two connections and goes.
func TestWatchlist(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	first := a.connect(t, "lech")
	first.signIn(t)
	ada := a.connect(t, "ada", "watch", "lech")
	ada.signIn(t)
	ada.expect(t, "watchlist", "online", arguments{"name": "online", "user_ids": []string{"lech"}})
	second := a.connect(t, "lech")
	second.signIn(t)
	first.do(t, "disconnect", nil)
	second.do(t, "disconnect", nil)
	ada.expect(t, "watchlist", "offline", arguments{"name": "offline", "user_ids": []string{"lech"}})
	a.connect(t, "lech").signIn(t)
	ada.expect(t, "watchlist", "online", arguments{"name": "online", "user_ids": []string{"lech"}})
	ada.quiet(t, "watchlist")
}

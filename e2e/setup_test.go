package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func TestMain(m *testing.M) {
	if _, err := os.Stat("node_modules/pusher-js"); err != nil {
		fmt.Fprintln(os.Stderr, "the clients are not installed: run make e2e")
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// patience ends a wait for something that does not come. No test waits for it.
const patience = 30 * time.Second

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// names are the users' own, with which presence channels introduce them.
var names = map[string]string{
	"ada":  "Ada Lovelace",
	"zoë":  "Zoë 🦊",
	"lech": "Lech Wałęsa",
}

// app is an app with its Channels server, and the web server that a pusher-js
// client asks for authorizations.
type app struct {
	srv    *pushertest.Server
	client *pusher.Client
	web    *web
}

func newApp(t *testing.T) *app {
	t.Helper()
	return newAppOf(t, pushertest.ServerConfig{})
}

func newAppOf(t *testing.T, server pushertest.ServerConfig) *app {
	t.Helper()
	srv := pushertest.NewServer(t, server)
	client := newClient(t, srv.Config())
	return &app{srv: srv, client: client, web: newWeb(t, client)}
}

func newClient(t *testing.T, cfg pusher.Config) *pusher.Client {
	t.Helper()
	client, err := pusher.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// web serves the endpoints for authorization, and pages.
type web struct {
	*httptest.Server

	mux *http.ServeMux
}

// newWeb trusts the client's word for who it is: the parameter "user". Whoever
// gives none is refused. With the parameter "member" set to "none", a presence
// channel is authorized without its member, for a user who is signed in.
func newWeb(t *testing.T, client *pusher.Client) *web {
	t.Helper()
	mux := http.NewServeMux()
	channels := func(_ *http.Request, req pusher.AuthRequest) (pusher.Decision, error) {
		user := req.Params.Get("user")
		switch {
		case user == "":
			return pusher.Deny(), nil
		case req.Params.Get("member") == "none":
			return pusher.Allow(), nil
		}
		return pusher.AllowMember(pusher.Member{UserID: user, UserInfo: map[string]string{"name": names[user]}}), nil
	}
	mux.Handle("/pusher/auth", client.ChannelAuthHandler(channels, pusher.AllowSignedIn()))
	mux.Handle("/jsonp/auth", client.ChannelAuthHandler(channels, pusher.AllowJSONP()))
	mux.Handle("/pusher/user-auth", client.UserAuthHandler(
		func(_ *http.Request, req pusher.AuthRequest) (pusher.Decision, error) {
			user := req.Params.Get("user")
			if user == "" {
				return pusher.Deny(), nil
			}
			return pusher.AllowUser(pusher.User{
				ID:        user,
				Info:      map[string]string{"name": names[user]},
				Watchlist: req.Params["watch"],
			}), nil
		}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return &web{Server: server, mux: mux}
}

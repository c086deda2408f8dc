package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testSecret    = "s3cr3t-never-shown"
	testMasterKey = pushertest.EncryptionMasterKeyBase64
)

// result is what a run of the program left behind.
type result struct {
	code           int
	stdout, stderr string
}

// env is a run's environment.
type env map[string]string

func (e env) lookup(name string) (string, bool) {
	value, ok := e[name]
	return value, ok
}

// execute runs the program, and checks that it shows none of the test's secrets.
func execute(t *testing.T, e env, stdin string, args ...string) result {
	t.Helper()
	return executeIn(t.Context(), t, e, stdin, args...)
}

func executeIn(ctx context.Context, t *testing.T, e env, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(ctx, append([]string{"pusher"}, args...), strings.NewReader(stdin), &stdout, &stderr, e.lookup)
	for _, secret := range []string{testSecret, testMasterKey} {
		assert.NotContains(t, stdout.String(), secret)
		assert.NotContains(t, stderr.String(), secret)
	}
	assert.NotContains(t, stderr.String(), "auth_signature=")
	return result{code, stdout.String(), stderr.String()}
}

// succeed runs the program, which must succeed without a word on standard error,
// and returns what it printed.
func succeed(t *testing.T, e env, args ...string) string {
	t.Helper()
	r := execute(t, e, "", args...)
	require.Equal(t, exitOK, r.code, r.stderr)
	require.Empty(t, r.stderr)
	return r.stdout
}

// server is a Channels server with the test's app, and the environment that leads
// to it.
type server struct {
	*pushertest.Server

	env env
}

func newServer(t *testing.T) *server {
	t.Helper()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{AppID: "7", Key: "app-key", Secret: testSecret})
	return &server{srv, env{
		"PUSHER_URL":                          urlOf(t, srv.URL(), "/apps/7"),
		"PUSHER_ENCRYPTION_MASTER_KEY_BASE64": testMasterKey,
	}}
}

// urlOf returns base with the test's credentials, and a path behind it.
func urlOf(t *testing.T, base, path string) string {
	t.Helper()
	u, err := url.Parse(base)
	require.NoError(t, err)
	u.User, u.Path = url.UserPassword("app-key", testSecret), u.Path+path
	return u.String()
}

func (s *server) client(t *testing.T) *pusher.Client {
	t.Helper()
	client, err := pusher.New(s.Config())
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// subscribe returns a subscriber to the channels, as the member where a channel is
// a presence channel.
func (s *server) subscribe(t *testing.T, userID string, channels ...string) *pushertest.Subscriber {
	t.Helper()
	subscriber, err := s.Subscriber(t.Context())
	require.NoError(t, err)
	for _, channel := range channels {
		if !strings.HasPrefix(channel, "private-") && !strings.HasPrefix(channel, "presence-") {
			require.NoError(t, subscriber.Subscribe(t.Context(), channel))
			continue
		}
		var member *pusher.Member
		if strings.HasPrefix(channel, "presence-") {
			member = &pusher.Member{UserID: userID}
		}
		auth, err := s.client(t).AuthorizeChannel(subscriber.SocketID(), channel, member)
		require.NoError(t, err)
		require.NoError(t, subscriber.Subscribe(t.Context(), channel, auth))
	}
	return subscriber
}

// scripted returns the environment of a server that answers as handler does.
func scripted(t *testing.T, handler http.HandlerFunc) env {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return env{"PUSHER_URL": urlOf(t, srv.URL, "/apps/7")}
}

// bounded returns a context for what must not hang.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

package pusher_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

type httpServer struct{ *httptest.Server }

func newHTTPServer(t *testing.T, handle http.HandlerFunc) httpServer {
	t.Helper()
	srv := httptest.NewServer(handle)
	t.Cleanup(srv.Close)
	return httpServer{srv}
}

func (s httpServer) client(t *testing.T, edits ...func(*pusher.Config)) *pusher.Client {
	t.Helper()
	return clientFor(t, s.Listener.Addr(), edits...)
}

func clientFor(t *testing.T, addr net.Addr, edits ...func(*pusher.Config)) *pusher.Client {
	t.Helper()
	host, port, err := net.SplitHostPort(addr.String())
	require.NoError(t, err)
	cfg := vectorConfig()
	cfg.Host, cfg.DisableTLS = host, true
	cfg.Port, err = strconv.Atoi(port)
	require.NoError(t, err)
	for _, edit := range edits {
		edit(&cfg)
	}
	client, err := pusher.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// scripted accepts connections, reads as much of a request as read says, and does
// to the connection what then says.
func scripted(t *testing.T, readRequest bool, then func(net.Conn)) net.Addr {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if readRequest {
				req, err := http.ReadRequest(bufio.NewReader(conn))
				if err == nil {
					_, _ = req.Body.Read(make([]byte, 4096))
				}
			}
			then(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return listener.Addr()
}

func TestNetwork_outcomes(t *testing.T) {
	t.Parallel()
	reset := func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) }
	write := func(text string) func(net.Conn) {
		return func(conn net.Conn) { _, _ = conn.Write([]byte(text)) }
	}
	for name, row := range map[string]struct {
		read    bool
		then    func(net.Conn)
		outcome pusher.Outcome
	}{
		"reset after the request":     {true, reset, pusher.Unknown},
		"closed after the request":    {true, func(net.Conn) {}, pusher.Unknown},
		"truncated success":           {true, write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), pusher.Accepted},
		"truncated refusal":           {true, write("HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\n{"), pusher.Rejected},
		"not HTTP":                    {true, write("SSH-2.0-x\r\n\r\n"), pusher.Unknown},
		"success that is not JSON":    {true, write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), pusher.Accepted},
		"success that is HTML":        {true, write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"), pusher.Accepted},
		"success with truncated JSON": {true, write("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"channels\":"), pusher.Accepted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := clientFor(t, scripted(t, row.read, row.then))
			_, err := client.Trigger(t.Context(), "a", "e", "x")
			require.Error(t, err)
			require.Equal(t, row.outcome, pusher.OutcomeOf(err), "%v", err)
			require.NotContains(t, err.Error(), "auth_")
			var unreadable *pusher.ResponseError
			require.Equal(t, row.outcome == pusher.Accepted, errors.As(err, &unreadable), "%T", err)
		})
	}
}

func TestNetwork_resetBeforeTheRequestIsRead(t *testing.T) {
	t.Parallel()
	client := clientFor(t, scripted(t, false, func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) }))
	_, err := client.Trigger(t.Context(), "a", "e", "x")
	var transport *backend.Error
	require.ErrorAs(t, err, &transport)
	require.Contains(t, []pusher.Outcome{pusher.Unknown, pusher.NotSent}, transport.Outcome)
}

func TestNetwork_refusedIsNotSent(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := listener.Addr()
	require.NoError(t, listener.Close())
	_, err = clientFor(t, addr).Trigger(t.Context(), "a", "e", "x")
	require.Equal(t, pusher.NotSent, pusher.OutcomeOf(err), "%v", err)
}

func TestNetwork_oversizedResponse(t *testing.T) {
	t.Parallel()
	srv := newHTTPServer(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"channels":{"` + strings.Repeat("a", 2000) + `":{}}}`))
	})
	client := srv.client(t, func(c *pusher.Config) { c.Limits.ResponseBytes = 1000 })
	_, err := client.Channels(t.Context(), pusher.ChannelsQuery{})
	require.ErrorIs(t, err, backend.ErrResponseTooLarge)
	var unreadable *pusher.ResponseError
	require.ErrorAs(t, err, &unreadable)

	client = srv.client(t, func(c *pusher.Config) { c.Limits.ResponseBytes = -1 })
	_, err = client.Channels(t.Context(), pusher.ChannelsQuery{})
	require.NoError(t, err)
}

// hanging is a server that never answers. It tells when a request has arrived.
func hanging(t *testing.T) (httpServer, <-chan struct{}) {
	t.Helper()
	arrived := make(chan struct{}, 10)
	release := make(chan struct{})
	srv := newHTTPServer(t, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	})
	t.Cleanup(func() { close(release) })
	return srv, arrived
}

func TestNetwork_timeoutEndsACall(t *testing.T) {
	t.Parallel()
	srv, _ := hanging(t)
	client := srv.client(t, func(c *pusher.Config) { c.Timeout = 20 * time.Millisecond })
	_, err := client.Trigger(context.Background(), "a", "e", "x")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Contains(t, []pusher.Outcome{pusher.Unknown, pusher.NotSent}, pusher.OutcomeOf(err))
}

func TestNetwork_deadlineEndsACall(t *testing.T) {
	t.Parallel()
	srv, _ := hanging(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err := srv.client(t, func(c *pusher.Config) { c.Timeout = -1 }).Trigger(ctx, "a", "e", "x")
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestNetwork_cancelEndsACall(t *testing.T) {
	t.Parallel()
	srv, arrived := hanging(t)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-arrived; cancel() }()
	_, err := srv.client(t).Trigger(ctx, "a", "e", "x")
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, pusher.Unknown, pusher.OutcomeOf(err))
}

func TestNetwork_proxyForTheDefaultBackend(t *testing.T) {
	t.Parallel()
	proxied := make(chan string, 1)
	proxy := newHTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		proxied <- r.URL.Host + r.URL.Path
		_, _ = w.Write([]byte("{}"))
	})
	cfg := vectorConfig()
	cfg.Host, cfg.DisableTLS, cfg.Proxy = "channels.invalid", true, proxy.URL
	client, err := pusher.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	_, err = client.Trigger(t.Context(), "a", "e", "x")
	require.NoError(t, err)
	require.Equal(t, "channels.invalid/apps/1001/events", <-proxied)
}

func TestNetwork_requestOnTheWire(t *testing.T) {
	t.Parallel()
	type seen struct {
		uri    string
		header http.Header
		length int64
	}
	got := make(chan seen, 1)
	srv := newHTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		got <- seen{r.RequestURI, r.Header, r.ContentLength}
		_, _ = w.Write([]byte("{}"))
	})
	client := srv.client(t)
	_, err := client.Channel(t.Context(), "a_-=@,.;B")
	require.NoError(t, err)
	get := <-got
	path, _, _ := strings.Cut(get.uri, "?")
	require.Equal(t, "/apps/1001/channels/a_-=@,.;B", path)
	require.Empty(t, get.header.Get("Content-Type"))
	require.Equal(t, "pusher-go "+pusher.Version, get.header.Get("X-Pusher-Library"))

	_, err = client.Channels(t.Context(), pusher.ChannelsQuery{Prefix: "a b&x#f+%"})
	require.NoError(t, err)
	query, err := url.ParseQuery(strings.SplitN((<-got).uri, "?", 2)[1])
	require.NoError(t, err)
	require.Equal(t, "a b&x#f+%", query.Get("filter_by_prefix"), "mistake 7: query values unescaped on the wire")

	require.NoError(t, client.TerminateUserConnections(t.Context(), "u;1"))
	post := <-got
	require.True(t, strings.HasPrefix(post.uri, "/apps/1001/users/u;1/terminate_connections?"), "mistake 1")
	require.Equal(t, "application/json", post.header.Get("Content-Type"))
	require.EqualValues(t, 2, post.length, "a POST that has nothing to say sends {}")
	require.Contains(t, post.uri, "body_md5=99914b932bd37a50b983c5e7c90ae93b")
}

// A backend that retries tells how often, and what it cannot know.
func TestAttemptsOfTheBackend(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		res     backend.Response
		outcome pusher.Outcome
		text    string
	}{
		"one attempt": {
			backend.Response{StatusCode: 503, Body: []byte("busy")}, pusher.Rejected,
			"trigger: 503 Service Unavailable: busy",
		},
		"several": {
			backend.Response{StatusCode: 503, Body: []byte("busy"), Attempts: 5}, pusher.Rejected,
			"trigger: 503 Service Unavailable: busy (after 5 attempts)",
		},
		"several, the first of which got no answer": {
			backend.Response{StatusCode: 400, Body: []byte("bad"), Attempts: 2, Uncertain: true}, pusher.Unknown,
			"trigger: 400 Bad Request: bad (after 2 attempts, of which an earlier one may have succeeded)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := pusher.New(pusher.Config{
				AppID: "4", Key: docKey, Secret: docSecret,
				Backend: backend.Func(func(context.Context, backend.Request) (backend.Response, error) { return tt.res, nil }),
			})
			require.NoError(t, err)
			_, err = client.Trigger(t.Context(), "my-channel", "my-event", "hello")
			require.EqualError(t, err, tt.text)
			require.Equal(t, tt.outcome, pusher.OutcomeOf(err))
			var refused *pusher.APIError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, tt.res.Attempts, refused.Attempts)
		})
	}
}

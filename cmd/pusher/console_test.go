package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// consoleSetup is a console with its server, served as "pusher serve" does.
type consoleSetup struct {
	*server

	console *console
	web     *httptest.Server
}

// newConsoleSetup starts one.
func newConsoleSetup(t *testing.T, edits ...func(*console, *http.Server)) *consoleSetup {
	t.Helper()
	srv := newServer(t)
	c, err := newConsole(srv.Server, pushertest.ServerConfig{AppID: "7", Key: "app-key", Secret: testSecret}, defaultServeHost)
	require.NoError(t, err)
	web := httptest.NewUnstartedServer(c.handler(srv.Handler()))
	for _, edit := range edits {
		edit(c, web.Config)
	}
	web.Start()
	t.Cleanup(func() {
		c.close()
		web.Close()
	})
	return &consoleSetup{srv, c, web}
}

// answer is what the console said, as a whole.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request, and checks that the answer does not have the secret. header
// has names and values by turns.
func (s *consoleSetup) ask(t *testing.T, method, path, body string, header ...string) answer {
	t.Helper()
	res := s.open(t, method, path, body, header...)
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.NotContains(t, string(content), testSecret)
	return answer{res.StatusCode, res.Header, string(content)}
}

func (s *consoleSetup) open(t *testing.T, method, path, body string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(bounded(t), method, s.web.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	res, err := s.web.Client().Do(req)
	require.NoError(t, err)
	return res
}

func TestConsolePage(t *testing.T) {
	t.Parallel()
	s := newConsoleSetup(t)
	page := s.ask(t, http.MethodGet, "/", "")
	assert.Equal(t, http.StatusOK, page.status)
	assert.Equal(t, "text/html; charset=utf-8", page.header.Get("Content-Type"))
	assert.Equal(t, consolePolicy, page.header.Get("Content-Security-Policy"))
	assert.Equal(t, "nosniff", page.header.Get("X-Content-Type-Options"))
	assert.Equal(t, "DENY", page.header.Get("X-Frame-Options"))
	for path, kind := range map[string]string{
		"/console/console.css": "text/css; charset=utf-8",
		"/console/console.js":  "text/javascript; charset=utf-8",
		"/console/format.js":   "text/javascript; charset=utf-8",
	} {
		file := s.ask(t, http.MethodGet, path, "")
		assert.Equal(t, http.StatusOK, file.status, path)
		assert.Equal(t, kind, file.header.Get("Content-Type"), path)
		assert.Equal(t, consolePolicy, file.header.Get("Content-Security-Policy"), path)
		if path != "/console/format.js" {
			assert.Contains(t, page.body, `"`+path+`"`)
		}
	}
	for _, path := range []string{"/console/", "/console/index.html", "/console/nothing"} {
		assert.Equal(t, http.StatusNotFound, s.ask(t, http.MethodGet, path, "").status, path)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, s.ask(t, http.MethodGet, "/console/trigger", "").status)
	assert.Equal(t, http.StatusNotFound, s.ask(t, http.MethodGet, "/apps/8/channels", "").status, "the server answers")
}

// TestConsoleFiles holds what the policy and the escaping rest on.
func TestConsoleFiles(t *testing.T) {
	t.Parallel()
	require.NoError(t, fstest.TestFS(consoleFiles, "console/index.html", "console/console.css", "console/console.js", "console/format.js"))
	page, err := consoleFiles.ReadFile("console/index.html")
	require.NoError(t, err)
	assert.NotRegexp(t, `<script[^>]*>[^<]`, string(page), "an inline script")
	assert.NotRegexp(t, `<style|\sstyle=|\son[a-z]+=`, string(page), "inline style or handler")
	assert.NotRegexp(t, `(?:src|href)="https?:`, string(page), "from the network")
	for _, name := range []string{"console.js", "format.js"} {
		script, err := consoleFiles.ReadFile("console/" + name)
		require.NoError(t, err)
		assert.NotRegexp(t, `innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function`, string(script), name)
	}
}

func TestConsoleState(t *testing.T) {
	t.Parallel()
	s := newConsoleSetup(t)
	empty := s.ask(t, http.MethodGet, "/console/state", "")
	assert.Contains(t, empty.body, `"connections":[],"channels":[],"connection_count":0,"channel_count":0`)

	first := s.subscribe(t, "ada", "cache-prices", "presence-room")
	second := s.subscribe(t, "ada", "presence-room")
	_, err := s.client(t).Trigger(t.Context(), "cache-prices", "<b>", "x")
	require.NoError(t, err)
	got := s.ask(t, http.MethodGet, "/console/state", "")
	assert.Equal(t, http.StatusOK, got.status)
	assert.Equal(t, "application/json", got.header.Get("Content-Type"))
	var state consoleState
	require.NoError(t, json.Unmarshal([]byte(got.body), &state))
	assert.Equal(t, consoleApp{ID: "7", Key: "app-key", Flavor: "hosted"}, state.App)
	one, two := 1, 2
	assert.Equal(t, []consoleChannel{
		{Name: "cache-prices", SubscriptionCount: 1, Cached: &consoleEvent{Name: "<b>", Data: text{"x", 1}}},
		{Name: "presence-room", SubscriptionCount: two, UserCount: &one, Users: []consoleUser{{ID: "ada"}}},
	}, state.Channels)
	require.Len(t, state.Connections, 2)
	assert.Equal(t, first.SocketID(), state.Connections[0].SocketID)
	assert.Equal(t, []string{"cache-prices", "presence-room"}, state.Connections[0].Channels)
	assert.Equal(t, second.SocketID(), state.Connections[1].SocketID)
	assert.NotContains(t, got.body, "<b>")

	assert.Contains(t, state.Snippets[0].Code, "http://app-key:SECRET@"+strings.TrimPrefix(s.web.URL, "http://")+"/apps/7")
	tunnel := s.ask(t, http.MethodGet, "/console/state", "", "Host", "localhost")
	assert.Contains(t, tunnel.body, `wsHost: \"localhost\", wsPort: 80,`)
}

func TestConsoleStateIsBounded(t *testing.T) {
	t.Parallel()
	s := newConsoleSetup(t)
	subscriber := s.subscribe(t, "")
	for i := range consoleRows + 1 {
		require.NoError(t, subscriber.Subscribe(t.Context(), fmt.Sprintf("channel-%04d", i)))
	}
	var state consoleState
	require.NoError(t, json.Unmarshal([]byte(s.ask(t, http.MethodGet, "/console/state", "").body), &state))
	assert.Equal(t, consoleRows+1, state.ChannelCount)
	assert.Len(t, state.Channels, consoleRows)
	assert.Equal(t, consoleRows+1, state.Connections[0].ChannelCount)
	assert.Len(t, state.Connections[0].Channels, consoleDetails)
}

// page reads a stream.
type page struct {
	res   *http.Response
	lines *bufio.Scanner
}

func (s *consoleSetup) stream(t *testing.T) *page {
	t.Helper()
	res := s.open(t, http.MethodGet, "/console/stream", "")
	t.Cleanup(func() { _ = res.Body.Close() })
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
	return &page{res, bufio.NewScanner(res.Body)}
}

// next returns the next activity, with the line that it came in.
func (p *page) next(t *testing.T) (consoleActivity, string) {
	t.Helper()
	for p.lines.Scan() {
		line, ok := strings.CutPrefix(p.lines.Text(), "data: ")
		if !ok {
			continue
		}
		assert.NotContains(t, line, testSecret)
		assert.NotContains(t, line, "auth_signature")
		var activity consoleActivity
		require.NoError(t, json.Unmarshal([]byte(line), &activity))
		return activity, line
	}
	require.FailNow(t, "the stream ended", "%v", p.lines.Err())
	return consoleActivity{}, ""
}

func TestConsoleStream(t *testing.T) {
	t.Parallel()
	s := newConsoleSetup(t)
	page := s.stream(t)
	subscriber := s.subscribe(t, "", "my-channel")
	connected, _ := page.next(t)
	assert.Equal(t, "connected", connected.Kind)
	assert.Equal(t, subscriber.SocketID(), connected.SocketID)
	subscribed, _ := page.next(t)
	assert.Equal(t, "subscribed", subscribed.Kind)
	assert.Equal(t, "my-channel", subscribed.Channel)

	_, err := s.client(t).Trigger(t.Context(), "my-channel", "<script>alert(1)</script>", "a\n\ndata: b")
	require.NoError(t, err)
	event, line := page.next(t)
	assert.Equal(t, &consoleEvent{Name: "<script>alert(1)</script>", Data: text{"a\n\ndata: b", 10}}, event.Event)
	assert.Equal(t, 1, *event.Recipients)
	assert.NotContains(t, line, "<script>")
	call, _ := page.next(t)
	assert.Equal(t, "request", call.Kind)
	require.NotNil(t, call.Request)
	assert.Equal(t, "/apps/7/events", call.Request.Path)
	assert.Equal(t, http.StatusOK, call.Request.Status)
	assert.True(t, call.Request.Accepted)
	assert.Empty(t, call.Request.Query, "there was the signature only")
	assert.Contains(t, call.Request.Body.Text, "my-channel")
	assert.Greater(t, call.Number, event.Number)
}

func TestConsoleStreamEndsWithTheConsole(t *testing.T) {
	t.Parallel()
	s := newConsoleSetup(t, func(c *console, _ *http.Server) { c.heartbeat = time.Millisecond })
	page := s.stream(t)
	for page.lines.Scan() && page.lines.Text() != ": nothing happened" {
		continue
	}
	s.console.close()
	for page.lines.Scan() {
		continue
	}
	require.NoError(t, page.lines.Err())
}

func TestConsoleStreamOutlivesTimeouts(t *testing.T) {
	t.Parallel()
	s := newConsoleSetup(t, func(c *console, web *http.Server) {
		c.heartbeat, web.ReadTimeout, web.WriteTimeout = 100*time.Millisecond, 250*time.Millisecond, 250*time.Millisecond
	})
	page := s.stream(t)
	for beats := 0; beats < 6; {
		require.True(t, page.lines.Scan(), "the stream ended: %v", page.lines.Err())
		if page.lines.Text() == ": nothing happened" {
			beats++
		}
	}
}

func TestConsoleStreamsAreBounded(t *testing.T) {
	t.Parallel()
	s := newConsoleSetup(t)
	s.console.streams.Store(consoleStreams - 1)
	open := s.stream(t)
	refused := s.ask(t, http.MethodGet, "/console/stream", "")
	assert.Equal(t, http.StatusServiceUnavailable, refused.status)
	subscriber := s.subscribe(t, "")
	connected, _ := open.next(t)
	assert.Equal(t, subscriber.SocketID(), connected.SocketID)
}

// stalled is a page that takes nothing, until it is told to.
type stalled struct {
	header  http.Header
	began   chan struct{}
	release chan struct{}
	got     bytes.Buffer
}

func (s *stalled) Header() http.Header                { return s.header }
func (s *stalled) WriteHeader(int)                    {}
func (s *stalled) Flush()                             {}
func (s *stalled) SetWriteDeadline(_ time.Time) error { return nil }

func (s *stalled) Write(b []byte) (int, error) {
	if s.began != nil {
		close(s.began)
		s.began = nil
		<-s.release
	}
	return s.got.Write(b)
}

func TestConsoleStreamSlowsNobody(t *testing.T) {
	t.Parallel()
	s := newConsoleSetup(t)
	slow := &stalled{header: http.Header{}, began: make(chan struct{}), release: make(chan struct{})}
	began, done := slow.began, make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer close(done)
		s.console.serveStream(slow, httptest.NewRequestWithContext(ctx, http.MethodGet, "/console/stream", nil))
	}()
	<-began
	client := s.client(t)
	for range consoleBacklog {
		_, err := client.Trigger(bounded(t), "my-channel", "my-event", "x") // two activities each
		require.NoError(t, err)
	}
	s.Close() // ends the stream behind what it has left
	close(slow.release)
	<-done
	assert.Equal(t, consoleBacklog, strings.Count(slow.got.String(), "data: "))
}

package pushertest_test

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func TestMain(m *testing.M) {
	// fasthttp's janitors sleep for some seconds before they see that their client
	// is no longer used.
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*Client).mCleaner"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*TCPDialer).tcpAddrsClean"),
	)
}

// patience ends a wait for something that does not come. No test waits for it.
const patience = 30 * time.Second

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Unix(1_700_000_000, 0)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// request is one request to a server under test, signed by the tests' own code.
type request struct {
	method string
	path   string // below the server's URL
	params url.Values
	body   string
	header http.Header
	// Before and after signing.
	edit, spoil func(url.Values)
}

type reply struct {
	status int
	body   string
	header http.Header
}

func sum(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, text)
	return hex.EncodeToString(mac.Sum(nil))
}

func (r request) url(srv *pushertest.Server) string {
	cfg := srv.Config()
	query := url.Values{
		"auth_key":       {cfg.Key},
		"auth_timestamp": {strconv.FormatInt(cfg.Now().Unix(), 10)},
		"auth_version":   {"1.0"},
	}
	if r.body != "" {
		digest := md5.Sum([]byte(r.body))
		query.Set("body_md5", hex.EncodeToString(digest[:]))
	}
	maps.Copy(query, r.params)
	if r.edit != nil {
		r.edit(query)
	}
	signed := make(map[string]string, len(query))
	for name := range query {
		signed[strings.ToLower(name)] = query.Get(name)
	}
	pairs := make([]string, 0, len(signed))
	for _, name := range slices.Sorted(maps.Keys(signed)) {
		pairs = append(pairs, name+"="+signed[name])
	}
	query.Set("auth_signature", sum(cfg.Secret, r.method+"\n"+r.path+"\n"+strings.Join(pairs, "&")))
	if r.spoil != nil {
		r.spoil(query)
	}
	return srv.URL() + r.path + "?" + query.Encode()
}

func (r request) send(t *testing.T, srv *pushertest.Server) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(deadline(t), r.method, r.url(srv), strings.NewReader(r.body))
	require.NoError(t, err)
	maps.Copy(req.Header, r.header)
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return reply{res.StatusCode, strings.TrimSpace(string(body)), res.Header}
}

func post(path, body string) request {
	return request{method: "POST", path: "/apps/1001" + path, body: body}
}

func get(path string, params ...string) request {
	r := request{method: "GET", path: "/apps/1001" + path, params: url.Values{}}
	for i := 0; i < len(params); i += 2 {
		r.params.Set(params[i], params[i+1])
	}
	return r
}

func trigger(t *testing.T, srv *pushertest.Server, channel, name, data string) {
	t.Helper()
	res := post("/events", object("name", name, "channel", channel, "data", data)).send(t, srv)
	require.Equal(t, 200, res.status, res.body)
}

// object returns a JSON object of names and values.
func object(pairs ...any) string {
	o := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		o[pairs[i].(string)] = pairs[i+1]
	}
	text, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// channelAuth authorizes as an app would, with the tests' own code.
func channelAuth(srv *pushertest.Server, socketID, channel, channelData string) pusher.ChannelAuth {
	cfg := srv.Config()
	text := socketID + ":" + channel
	if channelData != "" {
		text += ":" + channelData
	}
	return pusher.ChannelAuth{Auth: cfg.Key + ":" + sum(cfg.Secret, text), ChannelData: channelData}
}

func userAuth(srv *pushertest.Server, socketID, userData string) pusher.UserAuth {
	cfg := srv.Config()
	return pusher.UserAuth{Auth: cfg.Key + ":" + sum(cfg.Secret, socketID+"::user::"+userData), UserData: userData}
}

func connect(t *testing.T, srv *pushertest.Server) *pushertest.Subscriber {
	t.Helper()
	sub, err := srv.Subscriber(deadline(t))
	require.NoError(t, err)
	t.Cleanup(sub.Close)
	return sub
}

// subscribed connects and subscribes, authorized where the channel needs it.
func subscribed(t *testing.T, srv *pushertest.Server, channel, channelData string) *pushertest.Subscriber {
	t.Helper()
	sub := connect(t, srv)
	require.NoError(t, sub.Subscribe(deadline(t), channel, channelAuth(srv, sub.SocketID(), channel, channelData)))
	return sub
}

func next(t *testing.T, sub *pushertest.Subscriber) pushertest.Message {
	t.Helper()
	message, err := sub.Next(deadline(t))
	require.NoError(t, err)
	return message
}

// nothingMore fails if anything has arrived that was not taken: after a ping,
// whatever the server sent before is there.
func nothingMore(t *testing.T, sub *pushertest.Subscriber) {
	t.Helper()
	require.NoError(t, sub.Ping(deadline(t)))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	message, err := sub.Next(ended)
	require.ErrorIs(t, err, context.Canceled, "unexpected: %+v", message)
}

func newClient(t *testing.T, srv *pushertest.Server) *pusher.Client {
	t.Helper()
	client, err := pusher.New(srv.Config())
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// clientOf returns an HTTP client that reaches a server without a port.
func clientOf(srv *pushertest.Server) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: srv.DialContext, DisableKeepAlives: true}}
}

// dialInMemory is dialRaw to a server without a port.
func dialInMemory(t *testing.T, srv *pushertest.Server) *websocket.Conn {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), srv.WebSocketURL(), &websocket.DialOptions{HTTPClient: clientOf(srv)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = ws.CloseNow() })
	return ws
}

// contextUntil returns a context that ends when a channel is closed.
func contextUntil(ctx context.Context, closed <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

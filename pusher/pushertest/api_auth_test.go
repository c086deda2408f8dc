package pushertest_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

const event = `{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}`

func TestServerVerifiesRequests(t *testing.T) {
	t.Parallel()
	clock := newClock()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Now: clock.Now})
	set := func(name, value string) func(url.Values) {
		return func(q url.Values) { q.Set(name, value) }
	}
	del := func(name string) func(url.Values) {
		return func(q url.Values) { q.Del(name) }
	}
	at := func(d time.Duration) func(url.Values) {
		return set("auth_timestamp", strconv.FormatInt(clock.Now().Add(d).Unix(), 10))
	}
	trigger := post("/events", event)
	list := get("/channels")
	for name, test := range map[string]struct {
		request     request
		edit, spoil func(url.Values)
		status      int
		reason      string
	}{
		"trigger":                 {request: trigger, status: 200},
		"list":                    {request: list, status: 200},
		"600 s late":              {request: list, edit: at(-600 * time.Second), status: 200},
		"600 s early":             {request: list, edit: at(600 * time.Second), status: 200},
		"601 s late":              {request: list, edit: at(-601 * time.Second), status: 401, reason: "auth_timestamp"},
		"601 s early":             {request: list, edit: at(601 * time.Second), status: 401, reason: "auth_timestamp"},
		"negative timestamp":      {request: list, edit: set("auth_timestamp", "-9223372036854775808"), status: 401, reason: "auth_timestamp"},
		"huge timestamp":          {request: list, edit: set("auth_timestamp", "9223372036854775807"), status: 401, reason: "auth_timestamp"},
		"timestamp with a plus":   {request: list, edit: set("auth_timestamp", "+1700000000"), status: 401, reason: "auth_timestamp"},
		"timestamp in words":      {request: list, edit: set("auth_timestamp", "now"), status: 401, reason: "auth_timestamp"},
		"no timestamp":            {request: list, edit: del("auth_timestamp"), status: 401, reason: "auth_timestamp is missing"},
		"unknown key":             {request: list, edit: set("auth_key", "other"), status: 401, reason: "auth_key"},
		"no key":                  {request: list, edit: del("auth_key"), status: 401, reason: "auth_key is missing"},
		"other version":           {request: list, edit: set("auth_version", "2.0"), status: 401, reason: "auth_version"},
		"no version":              {request: list, edit: del("auth_version"), status: 401, reason: "auth_version is missing"},
		"no signature":            {request: list, spoil: del("auth_signature"), status: 401, reason: "auth_signature is missing"},
		"wrong signature":         {request: list, spoil: set("auth_signature", strings.Repeat("0", 64)), status: 401, reason: "auth_signature is wrong"},
		"signature in upper case": {request: list, spoil: upper("auth_signature"), status: 401, reason: "auth_signature is wrong"},
		"parameter not signed":    {request: list, spoil: set("filter_by_prefix", "x"), status: 401, reason: "auth_signature is wrong"},
		"parameter signed":        {request: list, edit: set("filter_by_prefix", "a b&x#f+é=%"), status: 200},
		"parameter in upper case": {request: list, edit: set("FILTER_BY_PREFIX", "x"), status: 200},
		"parameter twice":         {request: list, spoil: func(q url.Values) { q.Add("auth_key", q.Get("auth_key")) }, status: 400, reason: "twice"},
		"parameter in two cases":  {request: list, spoil: func(q url.Values) { q.Set("AUTH_KEY", q.Get("auth_key")) }, status: 400, reason: "twice"},
		"no MD5 of a body":        {request: trigger, edit: del("body_md5"), status: 401, reason: "body_md5 is missing"},
		"MD5 of another body":     {request: trigger, edit: set("body_md5", "d41d8cd98f00b204e9800998ecf8427e"), status: 401, reason: "body_md5"},
		"MD5 in upper case":       {request: trigger, edit: upper("body_md5"), status: 401, reason: "body_md5"},
		"MD5 of no body":          {request: list, edit: set("body_md5", "d41d8cd98f00b204e9800998ecf8427e"), status: 200},
		"other MD5 of no body":    {request: list, edit: set("body_md5", "99914b932bd37a50b983c5e7c90ae93b"), status: 401, reason: "body_md5"},
		"empty MD5 of no body":    {request: list, edit: set("body_md5", ""), status: 401, reason: "body_md5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.request.edit, test.request.spoil = test.edit, test.spoil
			res := test.request.send(t, srv)
			assert.Equal(t, test.status, res.status, res.body)
			assert.Contains(t, res.body, test.reason)
			assert.Equal(t, clock.Now().UTC().Format(http.TimeFormat), res.header.Get("Date"))
			assert.NotContains(t, res.body, srv.Config().Secret)
		})
	}
}

func upper(name string) func(url.Values) {
	return func(q url.Values) { q.Set(name, strings.ToUpper(q.Get(name))) }
}

// The worked example of the public documentation, byte for byte.
func TestServerAcceptsTheDocumentedRequest(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{
		AppID: "3", Key: "278d425bdf160c739803", Secret: "7ad3773142a6692b25b8",
		Now: func() time.Time { return time.Unix(1353088179, 0) },
	})
	documented := request{method: "POST", path: "/apps/3/events", body: event, spoil: func(q url.Values) {
		q.Set("body_md5", "ec365a775a4cd0599faeb73354201b6f")
		q.Set("auth_signature", "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c")
	}}
	res := documented.send(t, srv)
	assert.Equal(t, 200, res.status, res.body)
	assert.Equal(t, []pushertest.Event{{Channel: "project-3", Name: "foo", Data: `{"some":"data"}`}}, srv.Events())
}

func TestServerPaths(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	for name, test := range map[string]struct {
		request request
		status  int
	}{
		"unknown app":            {request{method: "GET", path: "/apps/other/channels"}, 404},
		"no app":                 {request{method: "GET", path: "/apps/1001"}, 404},
		"nothing":                {request{method: "GET", path: "/"}, 404},
		"unknown":                {get("/webhooks"), 404},
		"below events":           {post("/events/x", "{}"), 404},
		"trailing slash":         {get("/channels/"), 400},
		"dots":                   {get("/channels/../channels"), 404},
		"terminate without apps": {request{method: "POST", path: "/users/1/terminate_connections", body: "{}"}, 404},
		"trigger by GET":         {get("/events"), 405},
		"channels by POST":       {post("/channels", "{}"), 405},
		"terminate by GET":       {get("/users/1/terminate_connections"), 405},
		"legal characters":       {get("/channels/a-Z_0=@,.;"), 200},
		"escaped, signed so":     {get("/channels/a%3Db"), 200},
		"escaped slash":          {get("/channels/a%2Fb"), 400},
		"WebSocket without one":  {request{method: "GET", path: "/app/pushertest-key"}, 426},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := test.request.send(t, srv)
			assert.Equal(t, test.status, res.status, res.body)
			if res.status == http.StatusMethodNotAllowed {
				assert.NotEmpty(t, res.header.Get("Allow"))
			}
		})
	}
}

func TestServerSignsThePathAsSent(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	rewritten := get("/channels/a=b")
	target := strings.Replace(rewritten.url(srv), "/a=b", "/a%3Db", 1)
	req, err := http.NewRequestWithContext(deadline(t), http.MethodGet, target, nil)
	require.NoError(t, err)
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if assert.NoError(t, err) {
		defer res.Body.Close()
		assert.Equal(t, 401, res.StatusCode)
	}
}

// exchange sends bytes that no HTTP library would, and returns the answer's
// status line.
func exchange(t *testing.T, srv *pushertest.Server, sent string) string {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(deadline(t), "tcp", net.JoinHostPort(srv.Config().Host, strconv.Itoa(srv.Config().Port)))
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, sent)
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(line)
}

func TestServerMalformedRequests(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t)
	prefixed := pushertest.NewServer(t, pushertest.ServerConfig{PathPrefix: "/realtime"})
	absolute := get("/channels").url(srv)
	const bad, none = "HTTP/1.1 400 Bad Request", "HTTP/1.1 404 Not Found"
	assert.Equal(t, "HTTP/1.1 200 OK", exchange(t, srv, "GET "+absolute+" HTTP/1.1\r\nHost: x\r\n\r\n"), "absolute form")
	assert.Equal(t, bad, exchange(t, srv, "GET /apps/1001/channels?a=%zz HTTP/1.1\r\nHost: x\r\n\r\n"), "bad escape in query")
	assert.Equal(t, bad, exchange(t, srv, "GET /apps/1001/channels?a;b HTTP/1.1\r\nHost: x\r\n\r\n"), "semicolon in query")
	assert.Equal(t, bad, exchange(t, srv, "GET /apps/1001/channels/%zz HTTP/1.1\r\nHost: x\r\n\r\n"), "bad escape in path")
	assert.Equal(t, bad, exchange(t, srv, "POST /apps/1001/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{"), "short body")
	assert.Equal(t, "HTTP/1.1 431 Request Header Fields Too Large",
		exchange(t, srv, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 1<<17)+"\r\n\r\n"), "long header")
	assert.Equal(t, none, exchange(t, prefixed, "GET /apps/1001/channels HTTP/1.1\r\nHost: x\r\n\r\n"), "no prefix")
}

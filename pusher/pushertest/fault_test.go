package pushertest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// transports are ways to send the same request to a server, at its port or mounted
// in another one.
var transports = map[string]func(t *testing.T, srv *pushertest.Server) func(request) (reply, error){
	"net/http": func(_ *testing.T, srv *pushertest.Server) func(request) (reply, error) {
		return func(r request) (reply, error) { return sendHTTP(http.DefaultClient, r, r.url(srv)) }
	},
	"TLS":    func(t *testing.T, srv *pushertest.Server) func(request) (reply, error) { return mounted(t, srv, false) },
	"HTTP/2": func(t *testing.T, srv *pushertest.Server) func(request) (reply, error) { return mounted(t, srv, true) },
	"fasthttp": func(t *testing.T, srv *pushertest.Server) func(request) (reply, error) {
		client := &fasthttp.Client{MaxIdemponentCallAttempts: 1}
		t.Cleanup(client.CloseIdleConnections)
		return func(r request) (reply, error) { return sendFast(client, r, r.url(srv)) }
	},
}

func mounted(t *testing.T, srv *pushertest.Server, http2 bool) func(request) (reply, error) {
	t.Helper()
	outer := httptest.NewUnstartedServer(srv.Handler())
	outer.EnableHTTP2 = http2
	outer.StartTLS()
	t.Cleanup(outer.Close)
	return func(r request) (reply, error) {
		return sendHTTP(outer.Client(), r, strings.Replace(r.url(srv), srv.URL(), outer.URL, 1))
	}
}

func sendHTTP(client *http.Client, r request, url string) (reply, error) {
	req, err := http.NewRequest(r.method, url, strings.NewReader(r.body))
	if err != nil {
		return reply{}, err
	}
	req.Close = true
	res, err := roundTrip(client, req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, string(body), res.Header}, err
}

// roundTrip follows no redirect.
func roundTrip(client *http.Client, req *http.Request) (*http.Response, error) {
	plain := *client
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return plain.Do(req)
}

func sendFast(client *fasthttp.Client, r request, url string) (reply, error) {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.Header.SetMethod(r.method)
	req.SetRequestURI(url)
	req.SetBodyString(r.body)
	if err := client.DoTimeout(req, res, patience); err != nil {
		return reply{}, err
	}
	header := http.Header{}
	for key, value := range res.Header.All() {
		header.Add(string(key), string(value))
	}
	return reply{res.StatusCode(), string(res.Body()), header}, nil
}

func TestFaults(t *testing.T) {
	t.Parallel()
	now := newClock().Now()
	for name, test := range map[string]struct {
		fault    pushertest.Fault
		accepted bool
		// An error, without a status.
		status int
		body   string
		header map[string]string
	}{
		"none":                {pushertest.Fault{Latency: 1}, true, 200, "{}", map[string]string{"Date": date(now)}},
		"status":              {pushertest.Fault{Status: 503, RetryAfter: 2 * time.Second}, false, 503, "", map[string]string{"Retry-After": "2"}},
		"fraction":            {pushertest.Fault{Status: 429, RetryAfter: 50 * time.Millisecond}, false, 429, "", map[string]string{"Retry-After": "0.05"}},
		"text":                {pushertest.Fault{Status: 500, Body: "oh no"}, false, 500, "oh no", map[string]string{"Content-Type": "text/plain; charset=utf-8"}},
		"error in a 200":      {pushertest.Fault{Status: 200, Body: `{"error":"no","code":401}`}, false, 200, `{"error":"no","code":401}`, map[string]string{"Content-Type": "application/json"}},
		"header":              {pushertest.Fault{Status: 302, Header: http.Header{"Location": {"/x"}, "Date": {"today"}}}, false, 302, "", map[string]string{"Location": "/x", "Date": "today"}},
		"type":                {pushertest.Fault{Status: 404, Body: "x", Header: http.Header{"Content-Type": {"text/x"}}}, false, 404, "x", map[string]string{"Content-Type": "text/x"}},
		"no content":          {pushertest.Fault{Status: 204}, false, 204, "", nil},
		"status after":        {pushertest.Fault{Status: 500, AfterAccepting: true}, true, 500, "", nil},
		"reset":               {pushertest.Fault{Reset: true}, false, 0, "", nil},
		"reset after":         {pushertest.Fault{Reset: true, AfterAccepting: true}, true, 0, "", nil},
		"truncated":           {pushertest.Fault{Truncate: true}, true, 0, "", nil},
		"truncated status":    {pushertest.Fault{Truncate: true, Status: 500, Body: "half of it"}, false, 0, "", nil},
		"truncated no body":   {pushertest.Fault{Truncate: true, Status: 500}, false, 0, "", nil},
		"malformed":           {pushertest.Fault{Malformed: true}, true, 200, "<!doctype html><title>This is no JSON</title>", map[string]string{"Content-Type": "text/html; charset=utf-8"}},
		"clock a bit fast":    {pushertest.Fault{ClockSkew: 9 * time.Minute}, true, 200, "{}", map[string]string{"Date": date(now.Add(9 * time.Minute))}},
		"clock fast":          {pushertest.Fault{ClockSkew: 11 * time.Minute}, false, 401, "auth_timestamp is more than 600 seconds from the server's time, which is 1700000660\n", map[string]string{"Date": date(now.Add(11 * time.Minute))}},
		"clock slow":          {pushertest.Fault{ClockSkew: -11 * time.Minute}, false, 401, "auth_timestamp is more than 600 seconds from the server's time, which is 1699999340\n", nil},
		"held after":          {pushertest.Fault{Latency: 1, AfterAccepting: true}, true, 200, "{}", nil},
		"never at all":        {pushertest.Fault{Status: 500, When: func(pushertest.Request) bool { return false }}, true, 200, "{}", nil},
		"slow and then reset": {pushertest.Fault{Latency: 1, Reset: true, AfterAccepting: true}, true, 0, "", nil},
	} {
		for transport, open := range transports {
			t.Run(name+"/"+transport, func(t *testing.T) {
				t.Parallel()
				srv := pushertest.NewServer(t, pushertest.ServerConfig{Now: newClock().Now, Faults: []pushertest.Fault{test.fault}})
				got, err := open(t, srv)(post("/events", event))
				if test.status == 0 {
					require.Error(t, err)
				} else {
					require.NoError(t, err)
					assert.Equal(t, test.status, got.status)
					assert.Equal(t, test.body, got.body)
				}
				for key, value := range test.header {
					assert.Equal(t, value, got.header.Get(key))
				}
				requests := srv.Requests()
				require.Len(t, requests, 1)
				assert.Equal(t, test.accepted, requests[0].Accepted)
				if test.accepted {
					assert.Len(t, srv.Events(), 1)
				} else {
					assert.Empty(t, srv.Events())
				}
			})
		}
	}
}

func date(at time.Time) string { return at.UTC().Format(http.TimeFormat) }

// A reset is one of TCP, and half an answer has a status and some of its body.
func TestFaultsOnTheWire(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Faults: []pushertest.Fault{
		{Reset: true, Times: 2},
		{Truncate: true, Times: 1},
		{Truncate: true, Status: 502, Body: "half of it"},
	}})
	secured := httptest.NewTLSServer(srv.Handler())
	defer secured.Close()
	r := post("/events", event)
	_, err := sendHTTP(http.DefaultClient, r, r.url(srv))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	_, err = sendHTTP(secured.Client(), r, strings.Replace(r.url(srv), srv.URL(), secured.URL, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	for _, want := range []reply{{status: 200, body: "{"}, {status: 502, body: "half "}} {
		got, err := sendHTTP(http.DefaultClient, r, r.url(srv))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Equal(t, want.status, got.status)
		assert.Equal(t, want.body, got.body)
	}
	statuses := []int{}
	for _, r := range srv.Requests() {
		statuses = append(statuses, r.Status)
	}
	assert.Equal(t, []int{0, 0, 200, 502}, statuses)
}

// What the server refuses, it refuses: a fault after accepting has nothing to say.
func TestFaultAfterARefusal(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]pushertest.Fault{
		"status":    {Status: 500, AfterAccepting: true},
		"reset":     {Reset: true, AfterAccepting: true},
		"truncate":  {Truncate: true},
		"malformed": {Malformed: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := pushertest.NewServer(t)
			srv.Inject(fault)
			assert.Equal(t, 400, post("/events", "{}").send(t, srv).status)
			assert.Equal(t, 404, get("/nowhere").send(t, srv).status)
			for _, r := range srv.Requests() {
				assert.False(t, r.Accepted)
				assert.Len(t, r.Faults, 1)
			}
		})
	}
}

// What a program sees of each fault.
func TestFaultsThroughTheClient(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault pushertest.Fault
		want  pusher.Outcome
	}{
		"status":      {pushertest.Fault{Status: 500}, pusher.Rejected},
		"reset":       {pushertest.Fault{Reset: true}, pusher.Unknown},
		"reset after": {pushertest.Fault{Reset: true, AfterAccepting: true}, pusher.Unknown},
		"truncated":   {pushertest.Fault{Truncate: true}, pusher.Accepted},
		"malformed":   {pushertest.Fault{Malformed: true}, pusher.Accepted},
		"skewed":      {pushertest.Fault{ClockSkew: time.Hour}, pusher.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := pushertest.NewServer(t)
			client := newClient(t, srv)
			srv.Inject(test.fault)
			_, err := client.Trigger(deadline(t), "c", "e", "d")
			require.Error(t, err)
			assert.Equal(t, test.want, pusher.OutcomeOf(err), "%v", err)

			srv.ClearFaults()
			_, err = client.Trigger(deadline(t), "c", "e", "d")
			require.NoError(t, err)
		})
	}
}

package resty_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	libresty "github.com/go-resty/resty/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/backend/internal/wire"
	"github.com/seed-588517f9/pusher-go/backend/nethttp"
	"github.com/seed-588517f9/pusher-go/backend/resty"
)

// tuned returns a client as the package's documentation has it.
func tuned() *libresty.Client {
	return libresty.NewWithClient(&http.Client{Transport: nethttp.NewTransport()})
}

// diary keeps what it is told, as a resty.Logger too.
type diary struct {
	mu   sync.Mutex
	text strings.Builder
}

func (d *diary) notef(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, _ = fmt.Fprintf(&d.text, format+"\n", args...)
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.String()
}

func (d *diary) Errorf(format string, args ...any) { d.notef("ERROR "+format, args...) }
func (d *diary) Warnf(format string, args ...any)  { d.notef("WARN "+format, args...) }
func (d *diary) Debugf(format string, args ...any) { d.notef("DEBUG "+format, args...) }

// Whatever resty and its hooks print, they were not shown the signature.
func TestRestySeesNoSignature(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Contains(t, r.RequestURI, "&auth_signature=0000", "yet it is sent")
		_, _ = io.WriteString(w, "{}")
	})
	var log diary
	client := tuned().SetLogger(&log).SetDebug(true).EnableGenerateCurlOnDebug().EnableTrace().SetBasicAuth("user", "password").
		OnBeforeRequest(func(_ *libresty.Client, r *libresty.Request) error { log.notef("before %s", r.URL); return nil }).
		SetPreRequestHook(func(_ *libresty.Client, r *http.Request) error { log.notef("pre %s", r.URL); return nil }).
		OnAfterResponse(func(_ *libresty.Client, r *libresty.Response) error {
			log.notef("after %s %s %+v %s", r.Request.URL, r.RawResponse.Request.URL, r.Request.TraceInfo(), r.Request.GenerateCurlCommand())
			return nil
		}).
		OnSuccess(func(_ *libresty.Client, r *libresty.Response) { log.notef("success %s %s", r.Request.URL, r.Status()) }).
		OnError(func(r *libresty.Request, err error) { log.notef("failure %s %v", r.URL, err) })
	b := setup(t, client)

	_, err := b.Send(t.Context(), post(srv.URL, "/apps/4/events"))
	require.NoError(t, err)
	failure(t, b, post("http://127.0.0.1:0", "/apps/4/refused"))
	text := log.String()
	for _, part := range []string{
		"WARN Using Basic Auth", "DEBUG", "curl -X POST", "POST  /apps/4/events  HTTP/1.1", "before http", "pre http",
		"after " + srv.URL + "/apps/4/events", "success " + srv.URL, "200 OK", "failure http://127.0.0.1:0/apps/4/refused",
	} {
		assert.Contains(t, text, part)
	}
	assertNoQuery(t, text)
}

func TestClientSettingsDoNotChangeWhatIsSigned(t *testing.T) {
	t.Parallel()
	received := make(chan string, 1)
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		received <- fmt.Sprintf("%s %s %s", r.Method, r.RequestURI, body)
		_, _ = io.WriteString(w, "answer")
	})
	for name, client := range map[string]*libresty.Client{
		"query":                  tuned().SetQueryParam("a", "b"),
		"unescaped query":        tuned().SetUnescapeQueryParams(true),
		"path":                   tuned().SetPathParam("id", "9").SetRawPathParam("raw", "a/b"),
		"base":                   tuned().SetBaseURL("http://127.0.0.1:0/base").SetScheme("https"),
		"form":                   tuned().SetFormData(map[string]string{"a": "b"}),
		"Content-Length":         tuned().SetContentLength(true),
		"GET with a body":        tuned().SetAllowGetMethodPayload(true),
		"retries":                tuned().SetRetryCount(3),
		"answers are not parsed": tuned().SetDoNotParseResponse(true),
	} {
		b := setup(t, client)
		for _, path := range []string{"/apps/4/events", "/a,b;c=d@e/%3D%2c%7Bid%7D/../x//y/"} {
			for _, req := range []backend.Request{get(srv.URL, path), post(srv.URL, path)} {
				res, err := b.Send(t.Context(), req)
				require.NoError(t, err, name)
				assert.Equal(t, "answer", string(res.Body), name)
				want := fmt.Sprintf("%s %s?filter_by_prefix=query-secret&auth_key=278d425bdf160c739803&auth_timestamp=1353088179"+
					"&auth_version=1.0&auth_signature=%064x %s", req.Method(), path, 1, req.Body())
				assert.Equal(t, want, <-received, name)
			}
		}
	}
}

func TestClientSettingsThatAreKept(t *testing.T) {
	t.Parallel()
	received := make(chan http.Header, 1)
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		received <- r.Header
		http.SetCookie(w, &http.Cookie{Name: "fresh", Value: "1"})
	})
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	b := setup(t, tuned().SetHeader("X-Region", "eu").SetHeader("Content-Type", "text/plain").SetAuthToken("token").
		SetCookie(&http.Cookie{Name: "session", Value: "0"}).SetCookieJar(jar))
	req := post(srv.URL, "/")
	for _, cookies := range []string{"session=0", "session=0; fresh=1", "session=0; fresh=1"} {
		_, err = b.Send(t.Context(), req)
		require.NoError(t, err)
		header := <-received
		assert.Equal(t, "eu", header.Get("X-Region"))
		assert.Equal(t, "application/json", header.Get("Content-Type"), "the request's own wins")
		assert.Equal(t, "Bearer token", header.Get("Authorization"))
		assert.Equal(t, cookies, header.Get("Cookie"))
	}
	assert.Equal(t, http.Header{"Content-Type": {"application/json"}}, req.Header(), "shared, hence not written to")
}

func TestRestyDoesNotRetry(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	client := tuned().SetRetryCount(5).SetRetryWaitTime(1).
		AddRetryCondition(func(r *libresty.Response, _ error) bool { return r.StatusCode() >= 500 })
	res, err := setup(t, client).Send(t.Context(), get(srv.URL, "/"))
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	assert.Zero(t, res.Attempts)
	assert.EqualValues(t, 1, requests.Load())

	address := wire.Serve(t, func(_ int, w *wire.Conn) {
		w.Request()
		requests.Add(1)
	})
	failed := failure(t, setup(t, tuned().SetRetryCount(5).SetRetryWaitTime(1)), post(address, "/"))
	assert.Equal(t, backend.Unknown, failed.Outcome)
	assert.EqualValues(t, 2, requests.Load())
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, location := range []string{"/target", "http://[::1/x"} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			var requests, seen atomic.Int64
			address := wire.Serve(t, func(_ int, w *wire.Conn) {
				for {
					if _, ok := w.Request(); !ok {
						return
					}
					requests.Add(1)
					w.Answer(fmt.Sprintf("HTTP/1.1 %d X\r\nLocation: %s\r\nContent-Length: 5\r\n\r\nmoved", status, location))
				}
			})
			client := tuned().SetRedirectPolicy(libresty.FlexibleRedirectPolicy(5)).
				OnAfterResponse(func(*libresty.Client, *libresty.Response) error { seen.Add(1); return nil })
			res, err := setup(t, client).Send(t.Context(), post(address, "/"))
			require.NoError(t, err)
			assert.Equal(t, status, res.StatusCode)
			assert.Equal(t, location, res.Header.Get("Location"))
			assert.Equal(t, "moved", string(res.Body))
			assert.EqualValues(t, 1, requests.Load())
			assert.EqualValues(t, 1, seen.Load(), "hooks run")
		}
	}
}

// resty gives net/http what it takes to replay a POST by itself, with the old
// signature, where an idempotency key invites it to.
func TestPostIsNotReplayedOnADeadConnection(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"X-Idempotency-Key", "Idempotency-Key", "X-Other"} {
		for name, client := range map[string]*libresty.Client{"": nil, "SetContentLength": tuned().SetContentLength(true)} {
			var accepted atomic.Int64
			address := wire.Serve(t, func(n int, w *wire.Conn) {
				for answers := 0; ; answers++ {
					raw, ok := w.Request()
					if !ok {
						return
					}
					if strings.Contains(raw, " /second?") {
						accepted.Add(1)
					}
					if n == 1 && answers == 1 {
						return
					}
					w.Answer(wire.OK)
				}
			})
			b := setup(t, client)
			_, err := b.Send(t.Context(), post(address, "/first"))
			require.NoError(t, err)
			failed := failure(t, b, post(address, "/second").WithHeader(key, "1"))
			assert.Equal(t, backend.Unknown, failed.Outcome, "%s %s", key, name)
			assert.EqualValues(t, 1, accepted.Load())
		}
	}
}

func TestHooksOfTheClient(t *testing.T) {
	t.Parallel()
	var received atomic.Int64
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		received.Add(1)
		if r.URL.Path == "/500" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, `{"from":"server"}`)
	})
	broken := errors.New("the hook says no")

	b := setup(t, tuned().OnBeforeRequest(func(*libresty.Client, *libresty.Request) error { return broken }))
	failed := failure(t, b, post(srv.URL, "/"))
	require.ErrorIs(t, failed, broken)
	assert.Equal(t, backend.NotSent, failed.Outcome)
	b = setup(t, tuned().SetRateLimiter(full{}))
	failed = failure(t, b, post(srv.URL, "/"))
	require.ErrorIs(t, failed, libresty.ErrRateLimitExceeded)
	assert.Equal(t, backend.NotSent, failed.Outcome)
	assert.Zero(t, received.Load())

	b = setup(t, tuned().OnAfterResponse(func(*libresty.Client, *libresty.Response) error { return broken }))
	for path, outcome := range map[string]backend.Outcome{"/": backend.Accepted, "/500": backend.Rejected} {
		failed = failure(t, b, post(srv.URL, path))
		require.ErrorIs(t, failed, broken)
		assert.Equal(t, outcome, failed.Outcome)
		assert.NotZero(t, failed.StatusCode)
	}

	b = setup(t, tuned().OnAfterResponse(func(_ *libresty.Client, r *libresty.Response) error {
		r.SetBody(bytes.ToUpper(r.Body()))
		return nil
	}))
	res, err := b.Send(t.Context(), post(srv.URL, "/"))
	require.NoError(t, err)
	assert.Equal(t, `{"FROM":"SERVER"}`, string(res.Body))
}

// full is a resty.RateLimiter.
type full struct{}

func (full) Allow() bool { return false }

// A user who asks for gzip by himself takes the decoding from net/http, and resty
// takes it over.
func TestGzipThatTheUserAskedFor(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", r.Header.Get("Accept-Encoding"))
		zip := gzip.NewWriter(w)
		_, _ = zip.Write(make([]byte, size))
		_ = zip.Close()
	})
	for name, client := range map[string]*libresty.Client{"": nil, "asked for": tuned().SetHeader("Accept-Encoding", "gzip")} {
		b := setup(t, client)
		res, err := b.Send(t.Context(), get(srv.URL, "/"))
		require.NoError(t, err, name)
		assert.Equal(t, make([]byte, size), res.Body, "decoded")
		assert.Empty(t, res.Header.Get("Content-Encoding"), "as the header says")

		failed := failure(t, b, get(srv.URL, "/").WithMaxResponseBytes(size-1))
		require.ErrorIs(t, failed, backend.ErrResponseTooLarge, "the limit counts what comes out")
		assert.Equal(t, backend.Accepted, failed.Outcome)
		assert.Equal(t, http.StatusOK, failed.StatusCode)
	}
}

func TestGzipOfNothing(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", r.Header.Get("Accept-Encoding"))
		_ = gzip.NewWriter(w).Close()
	})
	for name, client := range map[string]*libresty.Client{"": nil, "asked for": tuned().SetHeader("Accept-Encoding", "gzip")} {
		res, err := setup(t, client).Send(t.Context(), get(srv.URL, "/"))
		require.NoError(t, err, name)
		assert.Empty(t, res.Body, name)
		assert.Empty(t, res.Header.Get("Content-Encoding"), name)
	}
}

// Of the client's limit and the request's the smaller one counts.
func TestBodyLimitOfTheClient(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1_000)) })
	for name, tt := range map[string]struct {
		client  int
		request int64
		fits    bool
	}{
		"none":                     {0, -1, true},
		"the client's":             {999, -1, false},
		"the client's is smaller":  {999, 1_000, false},
		"the request's is smaller": {1_000, 999, false},
		"both as large":            {1_000, 1_000, true},
	} {
		b := setup(t, tuned().SetResponseBodyLimit(tt.client))
		_, err := b.Send(t.Context(), get(srv.URL, "/").WithMaxResponseBytes(tt.request))
		if tt.fits {
			require.NoError(t, err, name)
		} else {
			require.ErrorIs(t, err, backend.ErrResponseTooLarge, name)
		}
	}
}

func TestOneClientForTwoBackends(t *testing.T) {
	t.Parallel()
	received := make(chan string, 1)
	srv := serve(t, func(_ http.ResponseWriter, r *http.Request) { received <- r.RequestURI })
	client := tuned()
	first, second := setup(t, client), setup(t, client)
	for _, b := range []*resty.Backend{first, second} {
		_, err := b.Send(t.Context(), post(srv.URL, "/"))
		require.NoError(t, err)
		assert.Equal(t, 1, strings.Count(<-received, "auth_signature="))
	}
	res, err := client.R().SetQueryParam("a", "b").Get(srv.URL)
	require.NoError(t, err, "not meant, but no catastrophe")
	assert.Equal(t, http.StatusOK, res.StatusCode())
	assert.Equal(t, "/?a=b", <-received)
}

// Without the wrapper nothing would be signed. The server's 401 would send the
// user looking for a wrong secret.
func TestTransportReplacedAfterNew(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	client := tuned()
	b := setup(t, client)
	late := nethttp.NewTransport()
	defer late.CloseIdleConnections()
	client.SetTransport(late)
	failed := failure(t, b, post(srv.URL, "/"))
	require.ErrorContains(t, failed, "replaced after New")
	assert.Equal(t, backend.Unknown, failed.Outcome, "it was sent, if not by us")
}

// What a client says of bodies in general is not true of those that are signed.
func TestContentTypeIsTheRequests(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Header.Get("Content-Type")+" "+string(body))
	})
	for _, client := range []*libresty.Client{
		libresty.New().SetFormData(map[string]string{"a": "b"}),
		libresty.New().SetHeader("Content-Type", "text/plain"),
		libresty.New().OnBeforeRequest(func(_ *libresty.Client, r *libresty.Request) error {
			r.SetHeader("Content-Type", "text/plain")
			return nil
		}),
	} {
		req := post(srv.URL, "/")
		res, err := setup(t, client).Send(t.Context(), req)
		require.NoError(t, err)
		assert.Equal(t, "application/json "+string(req.Body()), string(res.Body))
	}
}

func TestAnswersThatAHookHasWrittenElsewhere(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	for name, hook := range map[string]func(r *libresty.Request){
		"not parsed": func(r *libresty.Request) { r.SetDoNotParseResponse(true) },
		"to a file":  func(r *libresty.Request) { r.SetOutput(filepath.Join(t.TempDir(), "answer")) },
	} {
		client := libresty.New().OnBeforeRequest(func(_ *libresty.Client, r *libresty.Request) error {
			hook(r)
			return nil
		})
		res, err := setup(t, client).Send(t.Context(), get(srv.URL, "/"))
		require.NoError(t, err, name)
		assert.Equal(t, "{}", string(res.Body), name)
	}
}

func TestConcurrentCallersShareRequestAndClient(t *testing.T) {
	t.Parallel()
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
	})
	client := libresty.New().SetHeader("X-Region", "eu").EnableTrace().
		OnBeforeRequest(func(_ *libresty.Client, r *libresty.Request) error { r.Header.Add("Content-Type", "x"); return nil })
	b := setup(t, client)
	req := post(srv.URL, "/")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				res, err := b.Send(t.Context(), req)
				if assert.NoError(t, err) {
					assert.Equal(t, req.Body(), res.Body)
				}
			}
		})
	}
	wg.Wait()
	assert.Equal(t, http.Header{"Content-Type": {"application/json"}}, req.Header())
}

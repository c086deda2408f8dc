package backend_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
)

// counting is a Signer that signs each time with the next number and shows what
// it was given.
type counting struct{ n atomic.Int64 }

func (c *counting) SignedURL(call backend.Call, sum backend.BodyMD5) string {
	signed := "https://api.test" + call.Path + "?auth_timestamp=" + strconv.FormatInt(c.n.Add(1), 10)
	if len(call.Body) > 0 {
		signed += "&body_md5=" + string(sum[:])
	}
	return signed
}

const (
	querySecret = "query-secret"
	bodySecret  = "body-secret"
)

func triggerCall() backend.Call {
	return backend.Call{
		Op:     "trigger",
		Method: "POST",
		Path:   "/apps/4/events",
		Query:  map[string]string{"info": querySecret},
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   []byte(`{"name":"` + bodySecret + `"}`),
	}
}

func TestRequestAccessors(t *testing.T) {
	t.Parallel()
	call := triggerCall()
	req := backend.NewRequest(call, &counting{})
	assert.Equal(t, call, req.Call())
	assert.Equal(t, "trigger", req.Op())
	assert.Equal(t, "POST", req.Method())
	assert.Equal(t, "/apps/4/events", req.Path())
	assert.Equal(t, call.Header, req.Header())
	assert.Equal(t, call.Body, req.Body())
	assert.False(t, req.Idempotent())
	assert.Zero(t, req.Timeout())
	assert.EqualValues(t, 8<<20, req.MaxResponseBytes())
	assert.EqualValues(t, backend.DefaultMaxResponseBytes, req.MaxResponseBytes())
	assert.False(t, req.RetryDisabled())

	get := backend.NewRequest(backend.Call{Method: "GET", Idempotent: true}, &counting{})
	assert.True(t, get.Idempotent())
	assert.Nil(t, get.Body())
	assert.Nil(t, get.Header())
}

func TestRequestURLSignsAnew(t *testing.T) {
	t.Parallel()
	req := backend.NewRequest(backend.Call{Path: "/p"}, &counting{})
	assert.Equal(t, "https://api.test/p?auth_timestamp=1", req.URL())
	assert.Equal(t, "https://api.test/p?auth_timestamp=2", req.URL())
	assert.Equal(t, "https://api.test/p?auth_timestamp=3", req.WithHeader("A", "b").WithoutRetry().URL())
}

func TestRequestBodyMD5(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"{}": "99914b932bd37a50b983c5e7c90ae93b",
		`{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}`: "ec365a775a4cd0599faeb73354201b6f",
	} {
		req := backend.NewRequest(backend.Call{Body: []byte(body)}, &counting{})
		for n := range 2 {
			assert.Equal(t, "https://api.test?auth_timestamp="+strconv.Itoa(n+1)+"&body_md5="+want, req.URL())
		}
	}
	for name, body := range map[string][]byte{"nil": nil, "empty": {}} {
		req := backend.NewRequest(backend.Call{Body: body}, &counting{})
		assert.Equal(t, "https://api.test?auth_timestamp=1", req.URL(), name)
	}
}

type signerFunc func(call backend.Call, sum backend.BodyMD5) string

func (f signerFunc) SignedURL(call backend.Call, sum backend.BodyMD5) string { return f(call, sum) }

func TestRequestGivesTheSignerItsCall(t *testing.T) {
	t.Parallel()
	var got backend.Call
	call := triggerCall()
	req := backend.NewRequest(call, signerFunc(func(c backend.Call, _ backend.BodyMD5) string {
		got = c
		return "signed"
	}))
	assert.Equal(t, "signed", req.URL())
	assert.Equal(t, call, got)
	changed := req.WithHeader("A", "b")
	changed.URL()
	assert.Equal(t, changed.Call(), got)
}

func TestRequestWithHeaderCopies(t *testing.T) {
	t.Parallel()
	call := triggerCall()
	req := backend.NewRequest(call, &counting{})
	changed := req.WithHeader("x-request-id", "1").WithHeader("Content-Type", "text/plain")
	assert.Equal(t, http.Header{"Content-Type": {"text/plain"}, "X-Request-Id": {"1"}}, changed.Header())
	assert.Equal(t, http.Header{"Content-Type": {"application/json"}}, req.Header(), "the original stays")
	assert.Equal(t, http.Header{"Content-Type": {"application/json"}}, call.Header, "the call too")
	assert.Equal(t, req.Body(), changed.Body())

	bare := backend.NewRequest(backend.Call{}, &counting{})
	assert.Equal(t, http.Header{"A": {"b"}}, bare.WithHeader("A", "b").Header())
	assert.Nil(t, bare.Header())
}

func TestRequestSettingsLeaveTheOriginal(t *testing.T) {
	t.Parallel()
	req := backend.NewRequest(triggerCall(), &counting{})
	assert.Equal(t, time.Second, req.WithTimeout(time.Second).Timeout())
	assert.Zero(t, req.WithTimeout(time.Second).WithTimeout(-1).Timeout())
	assert.EqualValues(t, 100, req.WithMaxResponseBytes(100).MaxResponseBytes())
	assert.Zero(t, req.WithMaxResponseBytes(0).MaxResponseBytes())
	assert.Zero(t, req.WithMaxResponseBytes(-1).MaxResponseBytes())
	assert.True(t, req.WithoutRetry().RetryDisabled())
	assert.True(t, req.WithoutRetry().WithHeader("A", "b").WithTimeout(1).RetryDisabled())

	assert.Zero(t, req.Timeout())
	assert.EqualValues(t, backend.DefaultMaxResponseBytes, req.MaxResponseBytes())
	assert.False(t, req.RetryDisabled())
}

func TestRequestAttemptContext(t *testing.T) {
	t.Parallel()
	req := backend.NewRequest(triggerCall(), &counting{})

	t.Run("without a timeout it is the caller's", func(t *testing.T) {
		t.Parallel()
		parent := t.Context()
		ctx, cancel := req.AttemptContext(parent)
		cancel()
		assert.Equal(t, parent, ctx)
		assert.NoError(t, ctx.Err())
	})
	t.Run("a timeout sets a deadline and keeps the values", func(t *testing.T) {
		t.Parallel()
		type key struct{}
		before := time.Now()
		ctx, cancel := req.WithTimeout(time.Hour).AttemptContext(context.WithValue(t.Context(), key{}, 1))
		deadline, ok := ctx.Deadline()
		require.True(t, ok)
		assert.False(t, deadline.Before(before.Add(time.Hour)))
		assert.Equal(t, 1, ctx.Value(key{}))
		cancel()
		assert.ErrorIs(t, ctx.Err(), context.Canceled)
	})
	t.Run("an earlier deadline of the caller stays", func(t *testing.T) {
		t.Parallel()
		parent, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		ctx, cancel := req.WithTimeout(time.Hour).AttemptContext(parent)
		defer cancel()
		want, _ := parent.Deadline()
		got, _ := ctx.Deadline()
		assert.Equal(t, want, got)
	})
	t.Run("it ends with the caller's", func(t *testing.T) {
		t.Parallel()
		parent, stop := context.WithCancel(t.Context())
		ctx, cancel := req.WithTimeout(time.Hour).AttemptContext(parent)
		defer cancel()
		stop()
		assert.ErrorIs(t, ctx.Err(), context.Canceled)
	})
	t.Run("it expires", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := req.WithTimeout(time.Nanosecond).AttemptContext(t.Context())
		defer cancel()
		<-ctx.Done()
		assert.ErrorIs(t, ctx.Err(), context.DeadlineExceeded)
	})
}

func TestRequestIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	req := backend.NewRequest(triggerCall(), &counting{})
	var urls sync.Map
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for range 50 {
				_, seen := urls.LoadOrStore(req.URL(), true)
				assert.False(t, seen, "each attempt has its own signature")
				own := req.WithHeader("X-Caller", strconv.Itoa(g))
				assert.Equal(t, strconv.Itoa(g), own.Header().Get("X-Caller"))
				assert.Empty(t, req.Header().Get("X-Caller"))
				assert.Equal(t, "trigger POST /apps/4/events (22 bytes)", req.String())
			}
		})
	}
	wg.Wait()
}

func TestCallJSONRoundTrip(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]backend.Call{
		"trigger": triggerCall(),
		"query":   {Op: "channels", Method: "GET", Path: "/apps/4/channels", Query: map[string]string{"a b": "ü&"}, Idempotent: true},
		"binary":  {Op: "post", Method: "POST", Path: "/x", Body: []byte{0, 0xff, '"'}},
		"minimal": {Op: "ping", Method: "GET", Path: "/"},
		"zero":    {},
	} {
		encoded, err := json.Marshal(call)
		require.NoError(t, err, name)
		var decoded backend.Call
		require.NoError(t, json.Unmarshal(encoded, &decoded), name)
		assert.Equal(t, call, decoded, name)
	}
	encoded, err := json.Marshal(backend.Call{Op: "ping", Method: "GET", Path: "/"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"op":"ping","method":"GET","path":"/"}`, string(encoded))

	req := backend.NewRequest(triggerCall(), &counting{})
	stored, err := json.Marshal(req.WithTimeout(time.Second).Call())
	require.NoError(t, err)
	var restored backend.Call
	require.NoError(t, json.Unmarshal(stored, &restored))
	assert.Equal(t, req.URL(), backend.NewRequest(restored, &counting{}).URL())
}

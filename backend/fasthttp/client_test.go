package fasthttp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend"
	pusherfasthttp "github.com/seed-588517f9/pusher-go/backend/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend/internal/wire"
)

// Every setting of a Client reaches what sends, or is one that the doc of the
// package names. A new version of fasthttp may bring more: this finds them.
func TestEverySettingHolds(t *testing.T) {
	t.Parallel()
	set := map[string]any{ // by the backend, whatever the client says
		"MaxIdemponentCallAttempts":     1,
		"DisablePathNormalizing":        true,
		"DisableHeaderNamesNormalizing": false,
		"StreamResponseBody":            false,
	}
	renamed := map[string]string{"MaxConnsPerHost": "MaxConns"}

	client := &fasthttp.Client{}
	settings := reflect.ValueOf(client).Elem()
	for field, value := range settings.Fields() {
		if field.IsExported() && field.Name != "ConfigureClient" {
			value.Set(something(t, field.Type))
		}
	}
	client.TLSConfig = &tls.Config{ServerName: "mine", MinVersion: tls.VersionTLS13}
	client.ConnPoolStrategy = fasthttp.LIFO
	var hc *fasthttp.HostClient
	client.ConfigureClient = func(c *fasthttp.HostClient) error {
		hc = c
		return nil
	}
	_ = failure(t, setup(t, client), post("https://api.test", "/"))
	require.NotNil(t, hc)
	assert.Equal(t, "api.test:443", hc.Addr)
	assert.True(t, hc.IsTLS)
	held := reflect.ValueOf(hc).Elem()
	for field, value := range settings.Fields() {
		if !field.IsExported() || field.Name == "ConfigureClient" {
			continue
		}
		name := field.Name
		if other, ok := renamed[name]; ok {
			name = other
		}
		got := held.FieldByName(name)
		if !assert.True(t, got.IsValid(), "what becomes of %s?", field.Name) {
			continue
		}
		want, ours := set[field.Name]
		switch {
		case ours:
			assert.Equal(t, want, got.Interface(), field.Name)
		case value.Kind() == reflect.Func:
			assert.Equal(t, value.Pointer(), got.Pointer(), field.Name)
		default:
			assert.Equal(t, value.Interface(), got.Interface(), field.Name)
		}
	}
}

// failing is a Transport, and whatever else a setting can be, that fails.
type failing struct{}

var errFailing = errors.New("failing")

func (failing) RoundTrip(*fasthttp.HostClient, *fasthttp.Request, *fasthttp.Response) (bool, error) {
	return true, errFailing
}

// something returns a value of that type which is not its zero value.
func something(t *testing.T, of reflect.Type) reflect.Value {
	t.Helper()
	v := reflect.New(of).Elem()
	switch of.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(time.Minute))
	case reflect.String:
		v.SetString("something")
	case reflect.Pointer:
		v.Set(reflect.New(of.Elem()))
	case reflect.Interface:
		v.Set(reflect.ValueOf(failing{}))
	case reflect.Func:
		v.Set(reflect.MakeFunc(of, func([]reflect.Value) []reflect.Value {
			results := make([]reflect.Value, of.NumOut())
			for i := range results {
				results[i] = reflect.Zero(of.Out(i))
			}
			return results
		}))
	default:
		t.Fatalf("no value for a %s", of)
	}
	return v
}

func TestConfigureClient(t *testing.T) {
	t.Parallel()
	address := wire.Serve(t, func(_ int, w *wire.Conn) { answerAll(w, wire.OK) })
	var configured atomic.Int64
	var dialled sync.Map
	client := &fasthttp.Client{ConfigureClient: func(hc *fasthttp.HostClient) error {
		configured.Add(1)
		hc.Dial = func(asked string) (net.Conn, error) {
			dialled.Store(asked, true)
			return net.Dial("tcp", strings.TrimPrefix(address, "http://"))
		}
		return nil
	}}
	b := setup(t, client)
	for range 3 {
		for _, host := range []string{"http://a.test", "http://b.test:81"} {
			_, err := b.Send(t.Context(), post(host, "/"))
			require.NoError(t, err)
		}
	}
	assert.EqualValues(t, 2, configured.Load(), "once a host")
	for _, host := range []string{"a.test:80", "b.test:81"} {
		_, ok := dialled.Load(host)
		assert.True(t, ok, host)
	}

	refused := errors.New("not this one")
	client = &fasthttp.Client{ConfigureClient: func(*fasthttp.HostClient) error { return refused }}
	failed := failure(t, setup(t, client), post(address, "/"))
	require.ErrorIs(t, failed, refused)
	assert.Equal(t, backend.NotSent, failed.Outcome)
}

func TestNewClient(t *testing.T) {
	t.Parallel()
	client := pusherfasthttp.NewClient()
	assert.EqualValues(t, tls.VersionTLS12, client.TLSConfig.MinVersion)
	assert.False(t, client.TLSConfig.InsecureSkipVerify)
	assert.True(t, client.DialDualStack)
	assert.Equal(t, 512, client.MaxConnsPerHost)
	assert.Equal(t, 30*time.Second, client.MaxIdleConnDuration)
	assert.Equal(t, 30*time.Second, client.MaxConnWaitTimeout)
	assert.Equal(t, fasthttp.LIFO, client.ConnPoolStrategy)
	assert.Equal(t, 64<<10, client.ReadBufferSize)
	assert.Equal(t, 16<<10, client.WriteBufferSize)
	other := pusherfasthttp.NewClient()
	assert.NotSame(t, client, other)
	assert.NotSame(t, client.TLSConfig, other.TLSConfig)
}

// tunnel is a proxy that answers instead of the host that it is asked for.
func tunnel(t *testing.T) (address string, asked <-chan string) {
	t.Helper()
	lines := make(chan string, 10)
	return wire.Serve(t, func(_ int, w *wire.Conn) {
		raw, _ := w.Request()
		lines <- strings.SplitN(raw, "\r\n", 2)[0]
		w.Answer("HTTP/1.1 200 Connection established\r\n\r\n")
		answerAll(w, wire.OK)
	}), lines
}

func TestProxyFromTheEnvironment(t *testing.T) {
	proxy, asked := tunnel(t)
	other, _ := tunnel(t)
	direct := wire.Serve(t, func(_ int, w *wire.Conn) { answerAll(w, wire.OK) })
	t.Setenv("HTTP_PROXY", proxy)
	t.Setenv("HTTPS_PROXY", other)
	t.Setenv("NO_PROXY", "excluded.test")

	b := setup(t, nil)
	for _, address := range []string{"http://api.invalid", "http://api.invalid:443"} {
		res, err := b.Send(t.Context(), post(address, "/"))
		require.NoError(t, err)
		assert.Equal(t, "{}", string(res.Body))
	}
	assert.Equal(t, "CONNECT api.invalid:80 HTTP/1.1", <-asked, "the proxy sees no signature")
	assert.Equal(t, "CONNECT api.invalid:443 HTTP/1.1", <-asked, "the scheme decides, not the port")
	_, err := b.Send(t.Context(), post(direct, "/"))
	require.NoError(t, err)

	client := pusherfasthttp.NewClient()
	client.Dial = func(string) (net.Conn, error) { return net.Dial("tcp", strings.TrimPrefix(direct, "http://")) }
	_, err = setup(t, client).Send(t.Context(), post("http://api.invalid", "/"))
	require.NoError(t, err, "a dialler of the user's comes first")
	assert.Empty(t, asked)
}

func TestProxyThatRefuses(t *testing.T) {
	proxy := wire.Serve(t, func(_ int, w *wire.Conn) {
		w.Request()
		w.Answer("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
	})
	t.Setenv("HTTP_PROXY", strings.Replace(proxy, "http://", "http://user:proxy-secret@", 1))
	failed := failure(t, setup(t, nil), post("http://api.invalid", "/"))
	assert.Equal(t, backend.NotSent, failed.Outcome)
	assert.Contains(t, failed.Error(), "407")
	assert.NotContains(t, failed.Error(), "proxy-secret")

	t.Setenv("HTTP_PROXY", "ftp://user:proxy-secret@127.0.0.1")
	failed = failure(t, setup(t, nil), post("http://api.invalid", "/"))
	assert.Equal(t, backend.NotSent, failed.Outcome)
	assert.NotContains(t, failed.Error(), "proxy-secret")
}

func TestTransportIsUsed(t *testing.T) {
	t.Parallel()
	b := setup(t, &fasthttp.Client{Transport: failing{}})
	for n, req := range []backend.Request{get(site, "/"), post(site, "/")} {
		failed := failure(t, b, req)
		require.ErrorIs(t, failed, errFailing, n)
		assert.Equal(t, backend.Unknown, failed.Outcome, "it may have sent something")
	}
}

// recording counts attempts and asks for more.
type recording struct {
	attempts atomic.Int64
	began    chan struct{}
	bodies   chan []byte
	release  chan struct{}
}

func (r *recording) RoundTrip(_ *fasthttp.HostClient, req *fasthttp.Request, _ *fasthttp.Response) (bool, error) {
	if r.attempts.Add(1) == 1 {
		close(r.began)
	}
	<-r.release
	r.bodies <- append([]byte(nil), req.Body()...)
	return true, errFailing
}

// A Transport goes on after the call has ended. What it still reads is its own.
func TestTransportOwnsWhatItSends(t *testing.T) {
	t.Parallel()
	r := &recording{began: make(chan struct{}), bodies: make(chan []byte, 1), release: make(chan struct{})}
	b := setup(t, &fasthttp.Client{
		Transport:                 r,
		MaxIdemponentCallAttempts: 5,
		RetryIfErr:                func(*fasthttp.Request, int, error) (bool, bool) { return true, true },
	})
	body := []byte(`{"name":"my-event"}`)
	header := http.Header{"X-A": {"1"}}
	req := backend.NewRequest(backend.Call{Op: "trigger", Method: "GET", Path: "/", Body: body, Header: header}, base(site))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-r.began
		cancel()
	}()
	res, err := b.Send(ctx, req)
	require.ErrorIs(t, asFailure(t, req, res, err), context.Canceled)
	clear(body)
	header.Set("X-A", "2")
	close(r.release)
	assert.Equal(t, `{"name":"my-event"}`, string(<-r.bodies))
	assert.EqualValues(t, 1, r.attempts.Load())
}

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

// TestMain is also the program, for tests that run it as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		main()
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func TestRun_load(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-addr", "127.0.0.1:0", "-load", "200ms"}, "", &out), "%s", &out)
	assert.Contains(t, out.String(), "sent − accepted by the server = 0\n")
	got := parseReport(t, out.String())
	assert.Positive(t, got.accepted)
	assert.Equal(t, got.accepted, got.delivered)
}

func TestRun_refuses(t *testing.T) {
	t.Parallel()
	const url = "http://key:secret@127.0.0.1:1/apps/4"
	for want, test := range map[string]struct {
		args []string
		url  string
	}{
		"unset PUSHER_URL":         {[]string{"-load", "1s"}, url},
		"invalid URL":              {nil, "http://127.0.0.1/apps/4"},
		"invalid value":            {[]string{"-drain", "soon"}, url},
		"listen tcp: lookup":       {[]string{"-addr", "127.0.0.1:no-such-port"}, url},
		"address 70000: invalid p": {[]string{"-addr", "127.0.0.1:70000"}, ""},
	} {
		require.ErrorContains(t, run(t.Context(), test.args, test.url, io.Discard), want)
	}
}

func TestMessage(t *testing.T) {
	t.Parallel()
	srv := pushertest.NewServer(t, pushertest.ServerConfig{Faults: []pushertest.Fault{{Latency: time.Minute}}})
	client, err := pusher.New(srv.Config())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	publisher, err := client.Publisher(pusher.PublisherConfig{MaxEvents: 1})
	require.NoError(t, err)
	s := &service{publisher: publisher}

	post := func(room, body string) int {
		w := httptest.NewRecorder()
		s.routes().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/rooms/"+room, strings.NewReader(body)))
		return w.Code
	}
	assert.Equal(t, http.StatusBadRequest, post("a%20b", "hello"), "no channel has such a name")
	assert.Equal(t, http.StatusBadRequest, post("1", strings.Repeat("a", 10<<10+1)))
	assert.Equal(t, http.StatusBadRequest, post("1", "\xff"))
	assert.Equal(t, http.StatusAccepted, post("1", "hello"))
	assert.Equal(t, http.StatusServiceUnavailable, post("1", "hello"), "there is room for one")

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	var drain *pusher.DrainError
	require.ErrorAs(t, publisher.Close(ended), &drain)
	assert.EqualValues(t, 1, drain.Failed.Total())
	assert.Equal(t, http.StatusServiceUnavailable, post("1", "hello"), "it is closed")
}

// reported is what a report says.
type reported struct {
	accepted, delivered                               int
	failed, notSent, rejected, acceptedAfter, unknown int
}

func parseReport(t *testing.T, text string) reported {
	t.Helper()
	var r reported
	_, rest, found := strings.Cut(text, "accepted    ")
	require.True(t, found, "no report in %q", text)
	_, err := fmt.Sscanf(rest, "%d events\ndelivered   %d\nfailed      %d: %d not sent, %d rejected, %d accepted without a readable answer, %d unknown\n",
		&r.accepted, &r.delivered, &r.failed, &r.notSent, &r.rejected, &r.acceptedAfter, &r.unknown)
	require.NoError(t, err, "%s", text)
	return r
}

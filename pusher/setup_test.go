package pusher_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	docKey    = "278d425bdf160c739803"
	docSecret = "7ad3773142a6692b25b8"
	masterKey = "yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc="
)

// wire is a backend that keeps what it was asked to send, and answers with a
// status and a body.
type wire struct {
	status int
	body   string
	header http.Header
	err    error

	mu   sync.Mutex
	sent []sent
}

type sent struct {
	call backend.Call
	url  string
}

func (w *wire) Send(_ context.Context, req backend.Request) (backend.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, sent{call: req.Call(), url: req.URL()})
	if w.err != nil {
		return backend.Response{}, w.err
	}
	return backend.Response{StatusCode: max(w.status, 200), Header: w.header, Body: []byte(w.body)}, nil
}

func (w *wire) last(t *testing.T) sent {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	require.NotEmpty(t, w.sent, "nothing was sent")
	return w.sent[len(w.sent)-1]
}

func (w *wire) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sent)
}

// query returns the raw query of a sent URL.
func (s sent) query() string {
	_, query, _ := strings.Cut(s.url, "?")
	return query
}

func vectorConfig() pusher.Config {
	return pusher.Config{
		AppID: "1001", Key: docKey, Secret: docSecret, EncryptionMasterKeyBase64: masterKey,
		Now: func() time.Time { return time.Unix(1_700_000_000, 0) },
	}
}

// setup returns a client with the vectors' app over a recording backend.
func setup(t *testing.T, edits ...func(*pusher.Config)) (*pusher.Client, *wire) {
	t.Helper()
	w := &wire{body: "{}"}
	cfg := vectorConfig()
	cfg.Backend = w
	for _, edit := range edits {
		edit(&cfg)
	}
	client, err := pusher.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client, w
}

// requireInvalid requires a ValidationError of a field.
func requireInvalid(t *testing.T, err error, field string) {
	t.Helper()
	var invalid *pusher.ValidationError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, field, invalid.Field, invalid.Reason)
	require.NotEmpty(t, invalid.Reason)
	require.Equal(t, pusher.NotSent, pusher.OutcomeOf(err))
}

package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-588517f9/pusher-go/pusher"
	"github.com/seed-588517f9/pusher-go/pusher/pushertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience ends a wait for something that does not come. No test waits for it.
const patience = 30 * time.Second

// site is the chat on a web server, with its Channels server.
type site struct {
	srv *pushertest.Server
	web *httptest.Server
}

// setup returns the chat. edits change how it reaches the Channels server.
func setup(t *testing.T, edits ...func(*pusher.Config)) *site {
	t.Helper()
	srv := pushertest.NewServer(t)
	cfg := srv.Config()
	for _, edit := range edits {
		edit(&cfg)
	}
	client, err := pusher.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	from, err := findScript("https://cdn.example.com/pusher.js")
	require.NoError(t, err)
	web := httptest.NewServer(newChat(&channels{cfg: cfg, client: client}, from, slog.New(slog.DiscardHandler)))
	t.Cleanup(web.Close)
	return &site{srv: srv, web: web}
}

// visitor is a browser with cookies.
type visitor struct {
	*site

	http *http.Client
}

func (s *site) visit(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := s.web.Client()
	return &visitor{site: s, http: &http.Client{Transport: client.Transport, Jar: jar}}
}

// enter returns a visitor who is logged in.
func (s *site) enter(t *testing.T, name string) *visitor {
	t.Helper()
	v := s.visit(t)
	status, body := v.form(t, "/login", url.Values{"name": {name}})
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, `<strong id="me">`+name+`</strong>`)
	return v
}

func (v *visitor) form(t *testing.T, path string, form url.Values) (status int, body string) {
	t.Helper()
	return v.post(t, path, "application/x-www-form-urlencoded", form.Encode())
}

// post posts as a page of the site does; header holds further fields, in pairs.
func (v *visitor) post(t *testing.T, path, contentType, text string, header ...string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.web.URL+path, strings.NewReader(text))
	require.NoError(t, err)
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	_, status, body = v.do(t, r)
	return status, body
}

func (v *visitor) get(t *testing.T, path string) (header http.Header, status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.web.URL+path, http.NoBody)
	require.NoError(t, err)
	return v.do(t, r)
}

func (v *visitor) do(t *testing.T, r *http.Request) (header http.Header, status int, body string) {
	t.Helper()
	answer, err := v.http.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.Header, answer.StatusCode, string(text)
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

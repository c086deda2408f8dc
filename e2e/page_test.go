package e2e_test

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// openSubscriber opens the page of a subscriber in Chromium.
func (a *app) openSubscriber(t *testing.T, user, endpoint, transport string, channels ...string) *page {
	t.Helper()
	return a.openSubscriberOf(t, a.srv.Config(), user, endpoint, transport, channels...)
}

// openSubscriberOf does so for an app on another server.
func (a *app) openSubscriberOf(t *testing.T, cfg pusher.Config, user, endpoint, transport string, channels ...string) *page {
	t.Helper()
	a.web.mux.Handle("/pusher-js/", http.StripPrefix("/pusher-js", http.FileServer(http.Dir("node_modules/pusher-js/dist/web"))))
	a.web.mux.Handle("/pages/", http.FileServer(http.Dir(".")))
	query := url.Values{
		"key": {cfg.Key}, "host": {cfg.Host}, "port": {strconv.Itoa(cfg.Port)},
		"user": {user}, "endpoint": {endpoint}, "transport": {transport}, "channel": channels,
	}
	return openPage(t, a.web.URL+"/pages/subscriber.html?"+query.Encode())
}

func TestPage(t *testing.T) {
	t.Parallel()
	for transport, endpoint := range map[string]string{"ajax": "/pusher/auth", "jsonp": "/jsonp/auth"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			own := []string{"my-channel", "private-encrypted-room", "cache-room", "presence-room"}
			p := a.openSubscriber(t, "zoë", endpoint, transport, own...)
			p.waitFor(t, "#state", "connected")
			for _, channel := range own {
				p.waitFor(t, "#seen li", channel+" pusher:subscription_succeeded")
			}
			p.waitFor(t, "#seen li", "cache-room pusher:cache_miss")
			_, err := a.client.Broadcast(deadline(t), own, "news", "żółw 🐢 <b>&")
			require.NoError(t, err)
			for _, channel := range own {
				p.waitFor(t, "#seen li", channel+` news "żółw 🐢 <b>&"`)
			}

			ada := a.connect(t, "ada")
			requireSame(t, members("ada", "ada", "zoë"), ada.subscribe(t, "presence-room", "client-typing"))
			p.waitFor(t, "#seen li", `presence-room pusher:member_added {"id":"ada"`)
			for _, text := range []string{"dzień dobry", "dobranoc 🌙"} {
				p.fill(t, "#typing input", text)
				p.click(t, "#typing button")
				ada.expect(t, "presence-room", "client-typing", text)
			}
			ada.do(t, "disconnect", nil)
			p.waitFor(t, "#seen li", `presence-room pusher:member_removed {"id":"ada"`)
		})
	}
}

// TestPageErrorsAreSeen makes sure that the other tests would fail.
func TestPageErrorsAreSeen(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.web.mux.HandleFunc("/faulty", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<!doctype html><link rel="icon" href="data:,">
			<script>console.error("a complaint", 1)</script>
			<script>throw new Error("an exception")</script>
			<script>Promise.reject(new Error("a rejection"))</script>
			<img src="/missing.png" alt="">
			<p id="done">done</p>`)
	})
	p := newPage(t)
	p.open(t, a.web.URL+"/faulty")
	p.waitFor(t, "#done", "done")
	require.Len(t, p.consoleErrors(), 4)
	all := strings.Join(p.consoleErrors(), "\n")
	for _, part := range []string{"a complaint", "an exception", "a rejection", "/missing.png"} {
		require.Contains(t, all, part)
	}
}

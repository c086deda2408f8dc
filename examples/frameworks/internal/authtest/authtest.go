// Package authtest holds the one set of requests that the endpoint of every
// framework has to answer alike.
package authtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-588517f9/pusher-go/crypto"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// The app of the public documentation's examples.
// (https://pusher.com/docs/channels/library_auth_reference/auth-signatures/)
const (
	key    = "278d425bdf160c739803"
	secret = "7ad3773142a6692b25b8" //nolint:gosec // published as an example, opens nothing
)

// UserHeader is where the tests put who asks, in place of a session.
const UserHeader = "X-User"

// Client returns a client for the tests' app.
func Client(t *testing.T) *pusher.Client {
	t.Helper()
	client, err := pusher.New(pusher.Config{AppID: "3", Key: key, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// Allow is the rule of the tests' app: who is known may subscribe to everything
// but channels whose name ends in "-closed".
func Allow(user, channel string) (pusher.Member, bool) {
	if user == "" || strings.HasSuffix(channel, "-closed") {
		return pusher.Member{}, false
	}
	return pusher.Member{UserID: user}, true
}

// Run sends the requests. serve lets a framework answer one in its test mode.
func Run(t *testing.T, serve func(*http.Request) (*http.Response, error)) {
	t.Helper()
	tests := []struct {
		name, user, form string
		status           int
		data             string // expected channel_data, for a 200
		signed           string // what the signature must cover, for a 200
	}{
		{
			name: "private", user: "ann", form: "socket_id=1234.1234&channel_name=private-foobar",
			status: http.StatusOK, signed: "1234.1234:private-foobar",
		},
		{
			name: "presence", user: "ann", form: "socket_id=1234.1234&channel_name=presence-foobar",
			status: http.StatusOK, data: `{"user_id":"ann"}`, signed: `1234.1234:presence-foobar:{"user_id":"ann"}`,
		},
		{name: "denied channel", user: "ann", form: "socket_id=1234.1234&channel_name=private-closed", status: http.StatusForbidden},
		{name: "unknown user", form: "socket_id=1234.1234&channel_name=private-foobar", status: http.StatusForbidden},
		{name: "public channel", user: "ann", form: "socket_id=1234.1234&channel_name=foobar", status: http.StatusBadRequest},
		{name: "no channel", user: "ann", form: "socket_id=1234.1234", status: http.StatusBadRequest},
		{name: "forged socket id", user: "ann", form: "socket_id=1.1:private-x&channel_name=private-foobar", status: http.StatusBadRequest},
		{name: "not a form", user: "ann", form: "%zz", status: http.StatusBadRequest},
		{name: "empty", user: "ann", status: http.StatusBadRequest},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/pusher/auth", strings.NewReader(test.form))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if test.user != "" {
				r.Header.Set(UserHeader, test.user)
			}
			res, err := serve(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != test.status {
				t.Fatalf("status %d, want %d: %s", res.StatusCode, test.status, body)
			}
			if test.status != http.StatusOK {
				if strings.Contains(string(body), key+":") {
					t.Fatalf("a refusal must not carry a token: %s", body)
				}
				return
			}
			checkToken(t, body, test.data, test.signed)
		})
	}
}

// checkToken checks an authorization against the app's secret.
func checkToken(t *testing.T, body []byte, data, signed string) {
	t.Helper()
	var auth pusher.ChannelAuth
	if err := json.Unmarshal(body, &auth); err != nil {
		t.Fatal(err)
	}
	if auth.ChannelData != data {
		t.Errorf("channel_data %q, want %q", auth.ChannelData, data)
	}
	signature, ok := strings.CutPrefix(auth.Auth, key+":")
	if !ok || !crypto.NewSigner(key, secret).Verify([]byte(signed), signature) {
		t.Errorf("auth does not sign %q", signed)
	}
}

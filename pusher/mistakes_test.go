package pusher_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/crypto"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// One test for each mistake seen in existing SDKs, by its number in the project's
// list. Those of one package alone are tested beside it.

func TestMistake01_terminateNamesTheApp(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	require.NoError(t, client.TerminateUserConnections(t.Context(), "u-1"))
	got := w.last(t).call
	require.Equal(t, "/apps/1001/users/u-1/terminate_connections", got.Path)
	require.Equal(t, "{}", string(got.Body))
	require.True(t, got.Idempotent)
}

func TestMistake02_sizeIsThatOfTheBytesSent(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	_, err := client.Trigger(t.Context(), "a", "e", strings.Repeat("é", 5_121))
	requireInvalid(t, err, "data")
	_, err = client.Trigger(t.Context(), "private-encrypted-a", "e", strings.Repeat("x", 7_620))
	requireInvalid(t, err, "data")
	require.ErrorContains(t, err, "10244")
}

func TestMistake03_batchesEncryptWhatIsEncoded(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	for _, data := range []any{"plaintext", []byte("plaintext"), json.RawMessage(`"plaintext"`), map[string]string{"x": "plaintext"}} {
		_, err := client.TriggerBatch(t.Context(), []pusher.Event{{Channel: "a", Name: "e"}, {Channel: "private-encrypted-a", Name: "e", Data: data}})
		require.NoError(t, err)
		require.NotContains(t, string(w.last(t).call.Body), "plaintext")
		require.Contains(t, string(w.last(t).call.Body), "ciphertext")
	}
}

func TestMistake04_callersBatchIsNotMutated(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	events := []pusher.Event{{Channel: "private-encrypted-a", Name: "e", Data: map[string]any{"x": 1}}, {Channel: "b", Name: "e", Data: []byte("y")}}
	want := []pusher.Event{{Channel: "private-encrypted-a", Name: "e", Data: map[string]any{"x": 1}}, {Channel: "b", Name: "e", Data: []byte("y")}}
	_, err := client.TriggerBatch(t.Context(), events, pusher.ExcludeSocket("1.1"), pusher.WithInfo(pusher.UserCount))
	require.NoError(t, err)
	require.Equal(t, want, events)
}

func TestMistake05_sharedSecretIsAString(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	auth, err := client.AuthorizeChannel("1.1", "private-encrypted-vault", nil)
	require.NoError(t, err)
	text, err := json.Marshal(auth)
	require.NoError(t, err)
	require.Contains(t, string(text), `"shared_secret":"2h7bO182qfvzNE3HBhjw2D5yXI6DKEzfV2cOxaYH7WY="`)
}

func TestMistake06_urlsWithPortAndAnyAppID(t *testing.T) {
	t.Parallel()
	cfg, err := pusher.ConfigFromURL("http://key:secret@localhost:6001/apps/app-id_x")
	require.NoError(t, err)
	require.Equal(t, 6001, cfg.Port)
	require.Equal(t, "localhost", cfg.Host)
	require.Equal(t, "app-id_x", cfg.AppID)
}

func TestMistake07_queryIsEscapedOnTheWire(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	_, err := client.Channels(t.Context(), pusher.ChannelsQuery{Prefix: "a b&x#f"})
	require.NoError(t, err)
	require.Contains(t, w.last(t).url, "&filter_by_prefix=a%20b%26x%23f&")
	u, err := url.Parse(w.last(t).url)
	require.NoError(t, err)
	require.Equal(t, "a b&x#f", u.Query().Get("filter_by_prefix"))
	requireSigned(t, w.last(t), u.Query())
}

func TestMistake08_namesCannotLeaveThePath(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	const attack = "../../../apps/2/events?"
	_, err := client.Channel(t.Context(), attack)
	requireInvalid(t, err, "channel")
	_, err = client.ChannelUsers(t.Context(), "presence-/"+attack)
	requireInvalid(t, err, "channel")
	requireInvalid(t, client.TerminateUserConnections(t.Context(), attack), "user_id")
	require.Zero(t, w.count())
}

func TestMistake09_pathIsSentByteForByte(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	srv := newHTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		got <- r.RequestURI
		_, _ = w.Write([]byte("{}"))
	})
	_, err := srv.client(t).Channel(t.Context(), "a=b@c,d.;e..f")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(<-got, "/apps/1001/channels/a=b@c,d.;e..f?"))
}

func TestMistake10_errorsShowNoSignedURL(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	w.err = &url.Error{Op: "Post", URL: "http://h/apps/1/events?auth_key=k&auth_signature=" + strings.Repeat("ab", 32), Err: http.ErrHandlerTimeout}
	err := one(t, client)
	require.ErrorIs(t, err, http.ErrHandlerTimeout)
	require.NotContains(t, err.Error(), "auth_")
	require.NotContains(t, err.Error(), "abab")
	var leaking *url.Error
	require.False(t, asURLError(err, &leaking), "the cause does not hand it out either")

	w.err, w.status = nil, 401
	w.body = "Invalid signature: you should have sent HmacSHA256Hex(\"POST\n/apps/1/events\nauth_key=k&auth_timestamp=1&auth_version=1.0&body_md5=x\", your_secret_key), but you sent \"" + strings.Repeat("cd", 32) + "\""
	err = one(t, client)
	require.ErrorIs(t, err, pusher.ErrUnauthorized)
	require.NotContains(t, err.Error(), "auth_")
	require.NotContains(t, err.Error(), "cdcd")
	require.Contains(t, err.Error(), "Invalid signature")
}

func asURLError(err error, target **url.Error) bool {
	for err != nil {
		if e, ok := err.(*url.Error); ok { //nolint:errorlint // looks at each layer itself
			*target = e
			return true
		}
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return false
		}
		err = u.Unwrap()
	}
	return false
}

func TestMistake11_webhookErrorsShowNoExpectedSignature(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	body := []byte(`{"time_ms":1,"events":[]}`)
	_, err := client.ValidateWebhook(docKey, strings.Repeat("0", 64), body)
	require.ErrorIs(t, err, pusher.ErrWebhookSignature)
	require.NotContains(t, err.Error(), crypto.NewSigner(docKey, docSecret).Sign(string(body)))
}

func TestMistake12_noChannelsAndBadURLsDoNotPanic(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	require.NotPanics(t, func() {
		_, err := client.TriggerMulti(t.Context(), nil, "e", "x")
		require.Error(t, err)
		_, err = pusher.ConfigFromURL("://")
		require.Error(t, err)
		_, err = pusher.ConfigFromURL("http://%")
		require.Error(t, err)
	})
}

func TestMistake13_concurrentUseOfAFreshClient(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			_, err := client.Trigger(t.Context(), "private-encrypted-a", "e", map[string]int{"x": 1})
			assertNoError(t, err)
			_, err = client.AuthorizeChannel("1.1", "private-encrypted-a", nil)
			assertNoError(t, err)
		})
	}
	wait.Wait()
	require.Equal(t, 16, w.count())
}

func assertNoError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// Mistake 14, a retry with the old signature, is about backends: Request.URL signs
// whenever it is asked (see TestConfig_clockGoesIntoEverySignature).

func TestMistake15_oneBadWebhookEventLosesNoOther(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	body := `{"time_ms":1700000000000,"events":[{"name":"client_event","channel":"private-encrypted-a","event":"client-e","data":{"not":"a string"}},
		{"name":"client_event","channel":"private-a","event":"client-e","data":{"not":"a string"}},{"name":"member_added","channel":"presence-a","user_id":7}]}`
	hook, err := client.ValidateWebhook(docKey, crypto.NewSigner(docKey, docSecret).Sign(body), []byte(body))
	require.NoError(t, err)
	require.Len(t, hook.Events, 3)
	require.Error(t, hook.Events[0].Err)
	require.NoError(t, hook.Events[1].Err)
	require.JSONEq(t, `{"not":"a string"}`, hook.Events[1].Data)
	require.Equal(t, "7", hook.Events[2].UserID)
}

func TestMistake16_contentTypeWithCharset(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	const body = `{"time_ms":1700000000000,"events":[]}`
	_, err := client.Webhook(http.Header{
		"Content-Type": {"application/json; charset=utf-8"}, "X-Pusher-Key": {docKey},
		"X-Pusher-Signature": {crypto.NewSigner(docKey, docSecret).Sign(body)},
	}, []byte(body))
	require.NoError(t, err)
}

func TestMistake17_redirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		followed := false
		srv := newHTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				followed = true
			}
			http.Redirect(w, r, "/elsewhere", status)
		})
		_, err := srv.client(t).Trigger(t.Context(), "a", "e", "x")
		var api *pusher.APIError
		require.ErrorAs(t, err, &api)
		require.Equal(t, status, api.StatusCode)
		require.Contains(t, err.Error(), "redirects are not followed")
		require.False(t, followed)
	}
}

func TestMistake18_responsesAreBounded(t *testing.T) {
	t.Parallel()
	srv := newHTTPServer(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := []byte(strings.Repeat(" ", 64<<10))
		for range 1 << 14 { // 1 GiB, if someone reads it
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	_, err := srv.client(t).Channels(t.Context(), pusher.ChannelsQuery{})
	require.ErrorIs(t, err, backend.ErrResponseTooLarge)
}

func TestMistake19_trailingNewlines(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	_, err := client.Trigger(t.Context(), "a\n", "e", "x")
	requireInvalid(t, err, "channel")
	_, err = client.Trigger(t.Context(), "a", "e", "x", pusher.ExcludeSocket("1.1\n"))
	requireInvalid(t, err, "socket_id")
	_, err = client.AuthorizeChannel("1.1\n", "private-a", nil)
	requireInvalid(t, err, "socket_id")
	_, err = client.AuthenticateUser("1.1", pusher.User{ID: "u\n"})
	requireInvalid(t, err, "user.id")
}

func TestMistake20_userInfoIsAnyJSON(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	auth, err := client.AuthorizeChannel("1.1", "presence-a", &pusher.Member{UserID: "1", UserInfo: map[string]any{"age": 7, "tags": []string{"x"}}})
	require.NoError(t, err)
	require.JSONEq(t, `{"user_id":"1","user_info":{"age":7,"tags":["x"]}}`, auth.ChannelData)
}

func TestMistake21_postsWithAnIdempotencyKeyAreNotReplayed(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	requests := 0
	srv := newHTTPServer(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		requests++
		first := requests == 1
		mu.Unlock()
		if first {
			_, _ = w.Write([]byte("{}")) // leaves a connection to keep alive
			return
		}
		panic(http.ErrAbortHandler) // closes it in the middle of the second request
	})
	client := srv.client(t)
	events := []pusher.Event{{Channel: "a", Name: "e", Data: "x"}}
	_, err := client.TriggerBatch(t.Context(), events, pusher.WithIdempotencyKey("k1"))
	require.NoError(t, err)
	_, err = client.TriggerBatch(t.Context(), events, pusher.WithIdempotencyKey("k2"))
	require.Equal(t, pusher.Unknown, pusher.OutcomeOf(err))
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, 2, requests)
}

// Mistake 22, an authorization callback that fails open, is tested with the
// handlers.

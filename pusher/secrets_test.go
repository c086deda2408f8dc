package pusher_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

const (
	tokenSecret   = "webhook-token-secret"
	proxyPassword = "proxy-password"
	queryValue    = "query-value"
	payload       = "payload-of-an-event"
)

// secretConfig has a secret in every field that takes one.
func secretConfig() pusher.Config {
	return pusher.Config{
		AppID: "4", Key: docKey, Secret: docSecret, EncryptionMasterKeyBase64: masterKey,
		PreviousEncryptionMasterKeysBase64: []string{previousMasterKey},
		WebhookTokens:                      []pusher.Token{{Key: "second", Secret: tokenSecret}},
		Now:                                func() time.Time { return time.Unix(1_700_000_000, 0) },
	}
}

// needles is what nothing that is printed may contain.
var needles = sync.OnceValue(func() []string {
	list := []string{queryValue, payload, "auth_signature=", "auth_timestamp=", "auth_key=", "body_md5="}
	for _, secret := range []string{docSecret, tokenSecret, proxyPassword} {
		list = append(list, encodings([]byte(secret))...)
	}
	for _, key := range []string{masterKey, previousMasterKey} {
		raw, err := base64.StdEncoding.DecodeString(key)
		if err != nil {
			panic(err)
		}
		shared := sha256.Sum256(append([]byte("private-encrypted-a"), raw...))
		list = append(list, encodings(raw)...)
		list = append(list, encodings(shared[:])...)
	}
	return list
})

// encodings returns the forms in which fmt and encoding/json show bytes. Where they
// are text, it is one of them.
func encodings(b []byte) []string {
	return []string{
		string(b), hex.EncodeToString(b), base64.RawStdEncoding.EncodeToString(b[:len(b)/3*3]),
		strings.Trim(fmt.Sprint(b), "[]"),
		strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", b), "[]byte{"), "}"),
	}
}

var signaturePattern = regexp.MustCompile(`[0-9a-fA-F]{64}`)

func requireClean(t *testing.T, how, text string) {
	t.Helper()
	requireNoNeedle(t, how, text)
	require.NotRegexp(t, signaturePattern, text, how)
}

func requireNoNeedle(t *testing.T, how, text string, more ...string) {
	t.Helper()
	for _, needle := range append(more, needles()...) {
		require.NotContains(t, text, needle, how)
	}
}

// requireSilent prints v in every way there is. credential is for what exists to be
// marshalled.
func requireSilent(t *testing.T, name string, v any, credential bool) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		requireClean(t, name+" by "+verb, fmt.Sprintf(verb, v))
		requireClean(t, name+" in a slice by "+verb, fmt.Sprintf(verb, []any{v}))
	}
	for _, verb := range []string{"%x", "%d", "%t"} { // any text is hex by %x
		requireNoNeedle(t, name+" by "+verb, fmt.Sprintf(verb, v))
	}
	requireClean(t, name+" by Sprint", fmt.Sprint(v))
	if err, ok := v.(error); ok {
		requireClean(t, name+" wrapped", fmt.Sprintf("%+v", fmt.Errorf("app: %w", err)))
		requireClean(t, name+" joined", errors.Join(err, err).Error())
		var api *pusher.APIError
		if errors.As(err, &api) && len(api.Body) > 60 {
			body := encodings(api.Body[30:60])[2:] // the message may show it as text
			for _, verb := range []string{"%v", "%+v", "%#v"} {
				requireNoNeedle(t, name+"'s body by "+verb, fmt.Sprintf(verb, v), body...)
			}
			requireNoNeedle(t, name+"'s body by json", marshalled(t, v), body...)
		}
		for cause := err; cause != nil; cause = errors.Unwrap(cause) {
			requireClean(t, name+"'s cause", fmt.Sprintf("%v %+v %#v %s %q", cause, cause, cause, cause, cause))
		}
	}
	var log bytes.Buffer
	options := &slog.HandlerOptions{Level: slog.LevelDebug}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, options), slog.NewJSONHandler(&log, options)} {
		if _, ok := handler.(*slog.JSONHandler); ok && credential && !isLogValuer(v) {
			continue
		}
		slog.New(handler).Debug("value", "v", v, slog.Group("g", "v", v))
	}
	requireClean(t, name+" by slog", log.String())
	if !credential {
		text, err := json.Marshal(v)
		if err == nil {
			requireClean(t, name+" by json", string(text))
		}
	}
}

func isLogValuer(v any) bool {
	_, ok := v.(slog.LogValuer)
	return ok
}

func TestSecrets_values(t *testing.T) {
	t.Parallel()
	cfg := secretConfig()
	cfg.Proxy = "http://user:" + proxyPassword + "@proxy.example:3128"
	raw := secretConfig()
	raw.EncryptionMasterKeyBase64, raw.EncryptionMasterKey = "", "0123456789abcdef0123456789abcdef"[:24]+proxyPassword[:8]
	client, err := pusher.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	over, err := pusher.New(secretConfig())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, over.Close()) })
	call := backend.Call{
		Op: "channels", Method: http.MethodGet, Path: "/apps/4/channels",
		Query: map[string]string{"filter_by_prefix": queryValue}, Body: []byte(payload),
	}
	channelAuth, err := client.AuthorizeChannel("1.1", "private-encrypted-a", nil)
	require.NoError(t, err)
	userAuth, err := client.AuthenticateUser("1.1", pusher.User{ID: "u"})
	require.NoError(t, err)
	request := client.Request(call)

	for name, v := range map[string]any{
		"Config":            cfg,
		"*Config":           &cfg,
		"Token":             cfg.WebhookTokens[0],
		"*Token":            &cfg.WebhookTokens[0],
		"[]Token":           cfg.WebhookTokens,
		"Config in a field": struct{ Config pusher.Config }{cfg},
		"Config in a map":   map[string]pusher.Config{"a": cfg},
		"Token in a field":  struct{ Token *pusher.Token }{&cfg.WebhookTokens[0]},
		"Client":            client,
		"copy of Client":    *client,
		"Client in a field": struct{ Client *pusher.Client }{client},
		"Client by value":   struct{ Client pusher.Client }{*over},
		"Client, unexported field": struct {
			client *pusher.Client
			copied pusher.Client
		}{client, *over},
		"Request":             request,
		"*Request":            &request,
		"Request in a field":  struct{ Request backend.Request }{request},
		"Request, unexported": struct{ header backend.Request }{client.Request(backend.Call{Op: "a", Path: "/apps/4/channels"})},
		"Decision":            pusher.AllowMember(pusher.Member{UserID: "u"}),
	} {
		requireSilent(t, name, v, false)
	}
	for name, v := range map[string]any{
		"ChannelAuth":            channelAuth,
		"*ChannelAuth":           &channelAuth,
		"ChannelAuth in a field": struct{ Auth pusher.ChannelAuth }{channelAuth},
		"UserAuth":               userAuth,
		"*UserAuth":              &userAuth,
		"UserAuth in a field":    struct{ Auth *pusher.UserAuth }{&userAuth},
	} {
		requireSilent(t, name, v, true)
	}
	// What is not secret is there to be seen.
	require.Contains(t, fmt.Sprintf("%v", cfg), docKey)
	require.Contains(t, fmt.Sprintf("%+v", request), "/apps/4/channels")

	// The raw form of the master key, whatever its bytes are.
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		require.NotContains(t, fmt.Sprintf(verb, raw), raw.EncryptionMasterKey)
	}
	require.NotContains(t, marshalled(t, raw), raw.EncryptionMasterKey)
}

// repeating answers with a status and a body made of the request's own signature,
// as servers do that say what they expected.
func repeating(status int, body func(stringToSign, signature, signed string) string) backend.Func {
	return func(_ context.Context, req backend.Request) (backend.Response, error) {
		signed := req.URL()
		u, err := url.Parse(signed)
		if err != nil {
			return backend.Response{}, err
		}
		query := u.Query()
		signature := query.Get("auth_signature")
		query.Del("auth_signature")
		toSign := req.Method() + "\n" + req.Path() + "\n" + query.Encode()
		return backend.Response{StatusCode: status, Header: http.Header{}, Body: []byte(body(toSign, signature, signed))}, nil
	}
}

func failing(wrap func(error) error) backend.Func {
	return func(_ context.Context, req backend.Request) (backend.Response, error) {
		return backend.Response{}, wrap(&url.Error{Op: "Post", URL: req.URL(), Err: errors.New("connection refused")})
	}
}

// leakyBackends fail in every way in which a signature comes back.
func leakyBackends() map[string]backend.Backend {
	const sentence = "Invalid signature: you should have sent HmacSHA256Hex(%q, your_secret_key), but you sent %q"
	object := func(s string) string {
		text, _ := json.Marshal(map[string]any{"error": s, "code": 401})
		return string(text)
	}
	return map[string]backend.Backend{
		"401 text":       repeating(401, func(s, sig, _ string) string { return fmt.Sprintf(sentence, s, sig) }),
		"401 plain text": repeating(401, func(s, sig, _ string) string { return "expected " + s + " " + strings.ToUpper(sig) }),
		"401 JSON":       repeating(401, func(s, sig, _ string) string { return object(fmt.Sprintf(sentence, s, sig)) }),
		"401 URL":        repeating(401, func(_, _, u string) string { return "bad request " + u }),
		"200 with error": repeating(200, func(s, sig, _ string) string { return object(s + " " + sig) }),
		"422 field map":  repeating(422, func(s, sig, u string) string { return marshalText(map[string][]string{"auth": {s, sig, u}}) }),
		"500 HTML":       repeating(500, func(_, _, u string) string { return "<html>" + u + "</html>" }),
		"302":            redirecting,
		"200 truncated":  repeating(200, func(_, _, u string) string { return `{"channels":{"` + u }),
		"200 wrong type": repeating(200, func(_, sig, _ string) string { return `{"channels":"` + sig + `","batch":"` + sig + `"}` }),
		"url.Error":      failing(func(err error) error { return err }),
		"wrapped":        failing(func(err error) error { return fmt.Errorf("library: %w", err) }),
		"not sent":       failing(func(err error) error { return backend.NewError("op", backend.NotSent, err) }),
		"broken answer":  failing(func(err error) error { return backend.NewStatusError("op", 200, err) }),
		"broken refusal": failing(func(err error) error { return backend.NewStatusError("op", 500, err) }),
		"joined":         failing(func(err error) error { return errors.Join(errors.New("a"), err) }),
	}
}

func marshalText(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

var redirecting = backend.Func(func(_ context.Context, req backend.Request) (backend.Response, error) {
	return backend.Response{StatusCode: 302, Header: http.Header{"Location": {req.URL()}}}, nil
})

func TestSecrets_errorsAndLogsOfCalls(t *testing.T) {
	t.Parallel()
	for name, leaky := range leakyBackends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, json := range []bool{false, true} {
				var log bytes.Buffer
				client, err := pusher.New(withLog(secretConfig(), leaky, &log, json))
				require.NoError(t, err)
				for call, err := range allCalls(t.Context(), client) {
					if err != nil {
						requireSilent(t, call, err, false)
					}
				}
				_, err = client.Channels(t.Context(), pusher.ChannelsQuery{Prefix: queryValue})
				require.Error(t, err)
				requireSilent(t, "channels", err, false)
				require.Positive(t, log.Len())
				requireClean(t, "log", log.String())
			}
		})
	}
}

func withLog(cfg pusher.Config, b backend.Backend, log *bytes.Buffer, json bool) pusher.Config {
	options := &slog.HandlerOptions{Level: slog.LevelDebug}
	cfg.Backend, cfg.Logger = b, slog.New(slog.NewTextHandler(log, options))
	if json {
		cfg.Logger = slog.New(slog.NewJSONHandler(log, options))
	}
	return cfg
}

func allCalls(ctx context.Context, c *pusher.Client) map[string]error {
	errs := map[string]error{"ping": c.Ping(ctx), "terminate": c.TerminateUserConnections(ctx, "u")}
	_, errs["trigger"] = c.Trigger(ctx, "private-encrypted-a", "e", payload)
	_, errs["multi"] = c.TriggerMulti(ctx, []string{"a", "b"}, "e", payload, pusher.WithInfo(pusher.UserCount))
	_, errs["batch"] = c.TriggerBatch(ctx, []pusher.Event{{Channel: "a", Name: "e", Data: payload}})
	_, errs["broadcast"] = c.Broadcast(ctx, []string{"a", "private-encrypted-a"}, "e", payload)
	_, errs["user"] = c.SendToUser(ctx, "u", "e", payload)
	_, errs["channel"] = c.Channel(ctx, "presence-a", pusher.UserCount)
	_, errs["users"] = c.ChannelUsers(ctx, "presence-a")
	_, errs["get"] = c.Get(ctx, "/channels", map[string]string{"info": queryValue})
	_, errs["post"] = c.Post(ctx, "/events", map[string]string{"x": queryValue}, payload)
	return errs
}

func TestSecrets_errorsOfConfig(t *testing.T) {
	t.Parallel()
	for _, edit := range []func(*pusher.Config){
		func(c *pusher.Config) { c.Secret = docSecret + "\n" },
		func(c *pusher.Config) { c.EncryptionMasterKeyBase64 = masterKey + masterKey[:3] },
		func(c *pusher.Config) { c.EncryptionMasterKeyBase64 = masterKey[:40] },
		func(c *pusher.Config) { c.EncryptionMasterKey = docSecret },
		func(c *pusher.Config) { c.EncryptionMasterKeyBase64, c.EncryptionMasterKey = "", docSecret },
		func(c *pusher.Config) { c.PreviousEncryptionMasterKeysBase64 = []string{docSecret} },
		func(c *pusher.Config) { c.WebhookTokens = []pusher.Token{{Secret: tokenSecret}} },
		func(c *pusher.Config) { c.Proxy = "http://u:" + proxyPassword + "@\x7f" },
		func(c *pusher.Config) { c.Proxy = "u:" + proxyPassword + "@proxy:3128" },
		func(c *pusher.Config) { c.Proxy = "ftp://u:" + proxyPassword + "@proxy:3128" },
		func(c *pusher.Config) { c.Proxy, c.Backend = "http://u:"+proxyPassword+"@proxy", &wire{} },
		func(c *pusher.Config) { c.Host = "https://" + docKey + ":" + docSecret + "@host" },
		func(c *pusher.Config) { c.Key = docSecret + " " + docSecret },
	} {
		cfg := secretConfig()
		edit(&cfg)
		_, err := pusher.New(cfg)
		require.Error(t, err)
		requireSilent(t, "config error", err, false)
	}
	for _, rawURL := range []string{
		"", "ftp://k:" + docSecret + "@h/apps/1", "https://k:" + docSecret + "@h", "https://" + docSecret + "@h/apps/1",
		"https://k:" + docSecret + "%zz@h/apps/1", "https://k:" + docSecret + "@h:port/apps/1", "https://k:" + docSecret + "@h:0/apps/1",
		"https://k:" + docSecret + "@/apps/1", "https://k:" + docSecret + "@h/apps/a b", "https://k:" + docSecret + "/x@h/apps/1",
		"https://k:" + docSecret + "@h/apps/1?auth_signature=" + docSecret, "https://k k:" + docSecret + "@h/apps/1",
		"https://k:" + docSecret + "@h/../apps/1", "https://k:" + docSecret + "@h_!/apps/1", "k:" + docSecret + "@h/apps/1",
	} {
		_, err := pusher.FromURL(rawURL)
		require.Error(t, err, rawURL)
		requireSilent(t, "URL error", err, false)
	}
}

func TestSecrets_errorsAndLogsOfWebhooksAndHandlers(t *testing.T) {
	t.Parallel()
	for _, json := range []bool{false, true} {
		var log bytes.Buffer
		cfg := withLog(secretConfig(), &wire{}, &log, json)
		cfg.WebhookMaxAge = time.Minute
		client, err := pusher.New(cfg)
		require.NoError(t, err)
		const stale, broken = `{"time_ms":1}`, "not JSON"
		for _, tt := range []struct{ key, signature, body string }{
			{"", "", stale},
			{docKey, hmacHex("guess", stale), stale},
			{docKey, hmacHex(docSecret, broken), broken},
			{docKey, hmacHex(docSecret, stale), stale},
			{"second", hmacHex(tokenSecret, stale), stale},
		} {
			_, err := client.ValidateWebhook(tt.key, tt.signature, []byte(tt.body))
			require.Error(t, err)
			requireSilent(t, "webhook error", err, false)
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body))
			r.Header.Set("X-Pusher-Key", tt.key)
			r.Header.Set("X-Pusher-Signature", tt.signature)
			w := httptest.NewRecorder()
			client.WebhookHandler(func(context.Context, pusher.Webhook) error { return nil }).ServeHTTP(w, r)
			require.NotEqual(t, http.StatusOK, w.Code)
			requireClean(t, "answer", w.Body.String())
		}
		decide, _ := decides(pusher.Allow(), nil)
		w := post(client.ChannelAuthHandler(decide), "socket_id=1.1&channel_name=presence-a&token="+queryValue)
		require.Equal(t, http.StatusInternalServerError, w.Code)

		data := sealedUnder(t, "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=", "private-encrypted-a", payload)
		body := `{"time_ms":1700000000000,"events":[{"name":"client_event","channel":"private-encrypted-a","data":` + marshalText(data) + `}]}`
		hook, err := client.ValidateWebhook(docKey, hmacHex(docSecret, body), []byte(body))
		require.NoError(t, err)
		require.Error(t, hook.Events[0].Err)
		requireSilent(t, "event error", hook.Events[0].Err, false)

		require.Equal(t, 6, strings.Count(log.String(), "\n"))
		requireClean(t, "log", log.String())
	}
}

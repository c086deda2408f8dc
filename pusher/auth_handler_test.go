package pusher_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
)

const formType = "application/x-www-form-urlencoded"

// serve answers one request by a handler. An empty content type sends none.
func serve(handler http.Handler, method, target, contentType string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, body)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

func post(handler http.Handler, form string) *httptest.ResponseRecorder {
	return serve(handler, http.MethodPost, "/pusher/auth", formType, strings.NewReader(form))
}

// decides returns a callback with a fixed answer that counts its calls.
func decides(d pusher.Decision, err error) (decide pusher.Decide, calls *int) {
	calls = new(int)
	return func(*http.Request, pusher.AuthRequest) (pusher.Decision, error) {
		*calls++
		return d, err
	}, calls
}

// logged returns an edit that collects the log, from debug level.
func logged(log *bytes.Buffer) func(*pusher.Config) {
	return func(c *pusher.Config) {
		c.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
}

func TestAuthHandlers_decisions(t *testing.T) {
	t.Parallel()
	var (
		member  = pusher.Member{UserID: "u"}
		user    = pusher.User{ID: "u"}
		errApp  = errors.New("session store is down")
		channel = (*pusher.Client).ChannelAuthHandler
		signIn  = (*pusher.Client).UserAuthHandler
		keyless = func(c *pusher.Config) { c.EncryptionMasterKeyBase64 = "" }
	)
	for name, tt := range map[string]struct {
		handler  func(*pusher.Client, pusher.Decide, ...pusher.AuthOption) http.Handler
		channel  string
		decision pusher.Decision
		err      error
		options  []pusher.AuthOption
		edits    []func(*pusher.Config)
		status   int
		log      string // of a 500
	}{
		"zero Decision denies":              {channel, "private-a", pusher.Decision{}, nil, nil, nil, 403, ""},
		"Deny":                              {channel, "private-a", pusher.Deny(), nil, nil, nil, 403, ""},
		"Deny on presence":                  {channel, "presence-a", pusher.Deny(), nil, nil, nil, 403, ""},
		"zero Decision for a user":          {signIn, "", pusher.Decision{}, nil, nil, nil, 403, ""},
		"Deny of a user":                    {signIn, "", pusher.Deny(), nil, nil, nil, 403, ""},
		"error":                             {channel, "private-a", pusher.Deny(), errApp, nil, nil, 500, errApp.Error()},
		"error plus Allow":                  {channel, "private-a", pusher.Allow(), errApp, nil, nil, 500, errApp.Error()},
		"error plus AllowMember":            {channel, "presence-a", pusher.AllowMember(member), errApp, nil, nil, 500, errApp.Error()},
		"error plus AllowUser":              {signIn, "", pusher.AllowUser(user), errApp, nil, nil, 500, errApp.Error()},
		"AllowUser on a channel":            {channel, "private-a", pusher.AllowUser(user), nil, nil, nil, 500, "AllowUser is for UserAuthHandler"},
		"AllowUser on presence":             {channel, "presence-a", pusher.AllowUser(user), nil, nil, nil, 500, "AllowUser is for UserAuthHandler"},
		"Allow of a user":                   {signIn, "", pusher.Allow(), nil, nil, nil, 500, "return AllowUser"},
		"AllowMember of a user":             {signIn, "", pusher.AllowMember(member), nil, nil, nil, 500, "return AllowUser"},
		"Allow on presence":                 {channel, "presence-a", pusher.Allow(), nil, nil, nil, 500, "give a Member"},
		"a member that cannot be signed":    {channel, "presence-a", pusher.AllowMember(pusher.Member{}), nil, nil, nil, 500, "member.user_id"},
		"a member's info that is no JSON":   {channel, "presence-a", pusher.AllowMember(pusher.Member{UserID: "u", UserInfo: math.NaN()}), nil, nil, nil, 500, "member.user_info"},
		"a user that cannot be signed":      {signIn, "", pusher.AllowUser(pusher.User{ID: "a/b"}), nil, nil, nil, 500, "user.id"},
		"encrypted without a master key":    {channel, "private-encrypted-a", pusher.Allow(), nil, nil, []func(*pusher.Config){keyless}, 500, "EncryptionMasterKeyBase64"},
		"Allow":                             {channel, "private-a", pusher.Allow(), nil, nil, nil, 200, ""},
		"Allow on encrypted":                {channel, "private-encrypted-a", pusher.Allow(), nil, nil, nil, 200, ""},
		"AllowMember on presence":           {channel, "presence-a", pusher.AllowMember(member), nil, nil, nil, 200, ""},
		"AllowMember on private":            {channel, "private-a", pusher.AllowMember(member), nil, nil, nil, 200, ""},
		"AllowMember on encrypted":          {channel, "private-encrypted-a", pusher.AllowMember(member), nil, nil, nil, 200, ""},
		"Allow with AllowSignedIn":          {channel, "presence-a", pusher.Allow(), nil, []pusher.AuthOption{pusher.AllowSignedIn()}, nil, 200, ""},
		"Deny with AllowSignedIn":           {channel, "presence-a", pusher.Deny(), nil, []pusher.AuthOption{pusher.AllowSignedIn()}, nil, 403, ""},
		"AllowUser":                         {signIn, "", pusher.AllowUser(user), nil, nil, nil, 200, ""},
		"AllowUser, with a channel's name":  {signIn, "private-a", pusher.AllowUser(user), nil, nil, nil, 200, ""},
		"sign-in does not become a channel": {signIn, "private-a", pusher.Allow(), nil, nil, nil, 500, "return AllowUser"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			client, _ := setup(t, append(tt.edits, logged(&log))...)
			decide, calls := decides(tt.decision, tt.err)
			form := "socket_id=12.34"
			if tt.channel != "" {
				form += "&channel_name=" + tt.channel
			}
			w := post(tt.handler(client, decide, tt.options...), form)
			require.Equal(t, tt.status, w.Code)
			require.Equal(t, 1, *calls)
			if tt.status == http.StatusOK {
				require.Contains(t, w.Body.String(), `"auth":"`+docKey+":")
			} else {
				require.NotContains(t, w.Body.String(), docKey)
				require.NotContains(t, w.Body.String(), "auth")
			}
			if tt.status == http.StatusInternalServerError {
				require.Empty(t, w.Body.String())
				require.Contains(t, log.String(), "level=ERROR")
				require.Contains(t, log.String(), tt.log)
				require.Equal(t, 1, strings.Count(log.String(), "\n"), "one line")
			} else {
				require.Empty(t, log.String())
			}
			for _, secret := range []string{docSecret, masterKey} {
				require.NotContains(t, log.String(), secret)
			}
		})
	}
}

func TestAuthHandlers_exactAnswers(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	member, _ := decides(pusher.AllowMember(pusher.Member{UserID: "u", UserInfo: map[string]string{"name": "Zoë"}}), nil)
	user, _ := decides(pusher.AllowUser(pusher.User{ID: "12345"}), nil)
	const data = `{"user_id":"u","user_info":{"name":"Zoë"}}`
	for _, tt := range []struct {
		handler http.Handler
		form    string
		want    map[string]string
	}{
		{
			client.ChannelAuthHandler(member), "socket_id=1234.1234&channel_name=private-foobar",
			map[string]string{"auth": docKey + ":58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"},
		},
		{
			client.ChannelAuthHandler(member), "socket_id=12.34&channel_name=presence-a",
			map[string]string{"auth": docKey + ":" + hmacHex(docSecret, "12.34:presence-a:"+data), "channel_data": data},
		},
		{
			client.ChannelAuthHandler(member), "socket_id=12.34&channel_name=private-encrypted-a",
			map[string]string{
				"auth":          docKey + ":" + hmacHex(docSecret, "12.34:private-encrypted-a"),
				"shared_secret": sharedSecret(t, "private-encrypted-a"),
			},
		},
		{
			client.UserAuthHandler(user), "socket_id=1234.1234",
			map[string]string{
				"auth":      docKey + ":4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba",
				"user_data": `{"id":"12345"}`,
			},
		},
	} {
		w := post(tt.handler, tt.form)
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		var got map[string]string
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
		require.Equal(t, tt.want, got)
	}
}

func TestAuthHandlers_nilCallbackPanics(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	require.Panics(t, func() { client.ChannelAuthHandler(nil) })
	require.Panics(t, func() { client.UserAuthHandler(nil) })
	require.Panics(t, func() { client.WebhookHandler(nil) })
}

func TestAuthHandlers_panicIsLeftToNetHTTP(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	explode := func(*http.Request, pusher.AuthRequest) (pusher.Decision, error) { panic(http.ErrAbortHandler) }
	for _, handler := range []http.Handler{client.ChannelAuthHandler(explode), client.UserAuthHandler(explode)} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("socket_id=1.1&channel_name=private-a"))
		r.Header.Set("Content-Type", formType)
		require.PanicsWithValue(t, http.ErrAbortHandler, func() { handler.ServeHTTP(w, r) })
		require.Empty(t, w.Body.String())
	}
}

func TestAuthHandlers_malformed(t *testing.T) {
	t.Parallel()
	const good = "socket_id=1.1&channel_name=private-a"
	// fit returns a form of n bytes.
	fit := func(n int) string { return good + "&pad=" + strings.Repeat("x", n-len(good)-len("&pad=")) }
	for name, tt := range map[string]struct {
		method, contentType, body string
		channel, user             int // statuses of the two handlers
	}{
		"good":                      {"POST", formType, good, 200, 200},
		"charset":                   {"POST", formType + "; charset=UTF-8", good, 200, 200},
		"upper case content type":   {"POST", "Application/X-WWW-Form-Urlencoded;Charset=utf-8", good, 200, 200},
		"no content type":           {"POST", "", good, 200, 200},
		"64 KiB":                    {"POST", formType, fit(64 << 10), 200, 200},
		"over 64 KiB":               {"POST", formType, fit(64<<10 + 1), 413, 413},
		"empty":                     {"POST", formType, "", 400, 400},
		"JSON":                      {"POST", "application/json", `{"socket_id":"1.1","channel_name":"private-a"}`, 400, 400},
		"form said to be JSON":      {"POST", "application/json; charset=utf-8", good, 400, 400},
		"multipart":                 {"POST", "multipart/form-data; boundary=x", good, 400, 400},
		"bad content type":          {"POST", formType + "; charset", good, 400, 400},
		"bad escape":                {"POST", formType, good + "&x=%zz", 400, 400},
		"semicolons":                {"POST", formType, "socket_id=1.1;channel_name=private-a", 400, 400},
		"no socket id":              {"POST", formType, "channel_name=private-a", 400, 400},
		"bad socket id":             {"POST", formType, "socket_id=1.1%0A&channel_name=private-a", 400, 400},
		"socket id with a channel":  {"POST", formType, "socket_id=1.1%3Aprivate-x&channel_name=private-a", 400, 400},
		"socket id twice":           {"POST", formType, good + "&socket_id=2.2", 400, 400},
		"channel twice":             {"POST", formType, good + "&channel_name=private-b", 400, 400},
		"no channel":                {"POST", formType, "socket_id=1.1", 400, 200},
		"public channel":            {"POST", formType, "socket_id=1.1&channel_name=public", 400, 200},
		"user channel":              {"POST", formType, "socket_id=1.1&channel_name=%23server-to-user-1", 400, 400},
		"channel with a newline":    {"POST", formType, "socket_id=1.1&channel_name=private-a%0A", 400, 400},
		"channel of 201 characters": {"POST", formType, "socket_id=1.1&channel_name=private-" + strings.Repeat("a", 193), 400, 200},
		"GET":                       {"GET", "", "", 405, 405},
		"HEAD":                      {"HEAD", "", "", 405, 405},
		"PUT":                       {"PUT", formType, good, 405, 405},
		"OPTIONS":                   {"OPTIONS", "", "", 405, 405},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := setup(t)
			allow, channelCalls := decides(pusher.Allow(), nil)
			signIn, userCalls := decides(pusher.AllowUser(pusher.User{ID: "u"}), nil)
			for _, side := range []struct {
				handler http.Handler
				calls   *int
				status  int
			}{
				{client.ChannelAuthHandler(allow), channelCalls, tt.channel},
				{client.UserAuthHandler(signIn), userCalls, tt.user},
			} {
				// Parameters in the URL are not those of the form.
				w := serve(side.handler, tt.method, "/auth?"+good+"&callback=cb", tt.contentType, strings.NewReader(tt.body))
				require.Equal(t, side.status, w.Code, w.Body.String())
				if side.status == http.StatusOK {
					require.Equal(t, 1, *side.calls)
					continue
				}
				require.Zero(t, *side.calls, "the callback runs for a malformed request")
				require.NotContains(t, w.Body.String(), docKey)
				if side.status == http.StatusMethodNotAllowed {
					require.Equal(t, "POST", w.Header().Get("Allow"))
				}
			}
		})
	}
}

func TestAuthHandlers_bodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	decide, calls := decides(pusher.Allow(), nil)
	body := io.MultiReader(strings.NewReader("socket_id=1.1&channel_name=private-a"), iotest.ErrReader(io.ErrUnexpectedEOF))
	w := serve(client.ChannelAuthHandler(decide), http.MethodPost, "/", formType, body)
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Zero(t, *calls)
}

func TestAuthHandlers_callbackSeesRequestAndParams(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	var (
		req    pusher.AuthRequest
		cookie string
	)
	handler := client.ChannelAuthHandler(func(r *http.Request, a pusher.AuthRequest) (pusher.Decision, error) {
		c, err := r.Cookie("session")
		if err != nil {
			return pusher.Deny(), err
		}
		req, cookie = a, c.Value
		return pusher.Allow(), nil
	})
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("socket_id=1.1&channel_name=private-a&room=7&room=8&token=a%2Bb"))
	r.Header.Set("Content-Type", formType)
	r.AddCookie(&http.Cookie{Name: "session", Value: "abc"})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "abc", cookie)
	require.Equal(t, pusher.AuthRequest{
		SocketID: "1.1", Channel: "private-a",
		Params: url.Values{"socket_id": {"1.1"}, "channel_name": {"private-a"}, "room": {"7", "8"}, "token": {"a+b"}},
	}, req)
}

func TestAuthHandlers_workWithoutALogger(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	decide, _ := decides(pusher.Allow(), errors.New("down"))
	w := post(client.ChannelAuthHandler(decide), "socket_id=1.1&channel_name=private-a")
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.Empty(t, w.Body.String())
}

func jsonpQuery(callback string) string {
	return "/auth?" + url.Values{"socket_id": {"12.34"}, "channel_name": {"private-a"}, "callback": {callback}}.Encode()
}

func TestAuthHandlers_jsonp(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	token := `{"auth":"` + docKey + ":" + hmacHex(docSecret, "12.34:private-a") + `"}`
	for _, callback := range []string{"cb", "$x", "_", "a.b", "a1$_.b2", "Pusher.auth_callbacks['1']", "Pusher.auth_callbacks['123']", strings.Repeat("a", 128)} {
		decide, _ := decides(pusher.Allow(), nil)
		w := serve(client.ChannelAuthHandler(decide, pusher.AllowJSONP()), http.MethodGet, jsonpQuery(callback), "", nil)
		require.Equal(t, http.StatusOK, w.Code, callback)
		require.Equal(t, callback+"("+token+");", w.Body.String())
		require.Equal(t, "application/javascript", w.Header().Get("Content-Type"))
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	}
	for _, callback := range []string{
		"alert(1)", "a-b", "", "x['a']", "cb\n", "\ncb", "<script>", "1a", ".a", "a b", "a;b", "a['1']['2']", "a['1'].b", `a["1"]`,
		"a['']", "a['1'", "a[1]", "é", "aé", "a/**/", "a['1']\n", "a\u2028", strings.Repeat("a", 129),
	} {
		decide, calls := decides(pusher.Allow(), nil)
		w := serve(client.ChannelAuthHandler(decide, pusher.AllowJSONP()), http.MethodGet, jsonpQuery(callback), "", nil)
		require.Equal(t, http.StatusBadRequest, w.Code, "%q", callback)
		require.Zero(t, *calls)
		require.NotContains(t, w.Body.String(), docKey)
		require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	}
}

func TestAuthHandlers_jsonpRefuses(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	for target, status := range map[string]int{
		"/?socket_id=1.1&channel_name=private-a":                          400, // no callback
		"/?socket_id=1.1&channel_name=private-a&callback=a&callback=b":    400,
		"/?socket_id=1.1&channel_name=public&callback=cb":                 400,
		"/?socket_id=1.1%0A&channel_name=private-a&callback=cb":           400,
		"/?socket_id=1.1&socket_id=1.2&channel_name=private-a&callback=c": 400,
		"/?socket_id=1.1&channel_name=private-a&callback=cb&x=%zz":        400,
	} {
		decide, calls := decides(pusher.Allow(), nil)
		w := serve(client.ChannelAuthHandler(decide, pusher.AllowJSONP()), http.MethodGet, target, "", nil)
		require.Equal(t, status, w.Code, target)
		require.Zero(t, *calls)
	}

	deny, _ := decides(pusher.Deny(), nil)
	w := serve(client.ChannelAuthHandler(deny, pusher.AllowJSONP()), http.MethodGet, jsonpQuery("cb"), "", nil)
	require.Equal(t, http.StatusForbidden, w.Code)
	require.NotContains(t, w.Body.String(), "cb(")

	allow, _ := decides(pusher.Allow(), nil)
	w = serve(client.ChannelAuthHandler(allow, pusher.AllowJSONP()), http.MethodPut, jsonpQuery("cb"), "", nil)
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	require.Equal(t, "GET, POST", w.Header().Get("Allow"))

	// POST answers JSON, also where JSONP is allowed.
	w = post(client.ChannelAuthHandler(allow, pusher.AllowJSONP()), "socket_id=1.1&channel_name=private-a&callback=cb")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
}

func TestAuthHandlers_jsonpForUsers(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	decide, _ := decides(pusher.AllowUser(pusher.User{ID: "u", Info: "</script>\u2028"}), nil)
	w := serve(client.UserAuthHandler(decide, pusher.AllowJSONP()), http.MethodGet, "/?socket_id=1.1&callback=cb", "", nil)
	require.Equal(t, http.StatusOK, w.Code)
	require.NotContains(t, w.Body.String(), "</script>")
	require.NotContains(t, w.Body.String(), "\u2028")
	text, found := strings.CutPrefix(w.Body.String(), "cb(")
	require.True(t, found)
	var auth pusher.UserAuth
	require.NoError(t, json.Unmarshal([]byte(strings.TrimSuffix(text, ");")), &auth))
	require.Equal(t, `{"id":"u","user_info":"</script>\u2028"}`, auth.UserData)
}

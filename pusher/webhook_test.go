package pusher_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/crypto"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// receive validates a body under the signature that it should have.
func receive(t *testing.T, client *pusher.Client, body string) (pusher.Webhook, error) {
	t.Helper()
	return client.ValidateWebhook(docKey, hmacHex(docSecret, body), []byte(body))
}

func received(t *testing.T, client *pusher.Client, body string) pusher.Webhook {
	t.Helper()
	hook, err := receive(t, client, body)
	require.NoError(t, err, body)
	return hook
}

// sealedUnder encrypts text for a channel under a master key in base64.
func sealedUnder(t *testing.T, master, channel, text string) string {
	t.Helper()
	key, err := crypto.ParseMasterKeyBase64(master)
	require.NoError(t, err)
	secret := crypto.SharedSecret(channel, key)
	sealed, err := crypto.AppendSealed(nil, rand.Reader, []byte(text), &secret)
	require.NoError(t, err)
	return string(sealed)
}

func TestWebhook_kinds(t *testing.T) {
	t.Parallel()
	client, w := setup(t)
	for raw, want := range map[string]pusher.WebhookEvent{
		`{"name":"channel_occupied","channel":"a"}`:                       {Name: pusher.WebhookChannelOccupied, Channel: "a"},
		`{"name":"channel_vacated","channel":"a"}`:                        {Name: pusher.WebhookChannelVacated, Channel: "a"},
		`{"name":"cache_miss","channel":"cache-a"}`:                       {Name: pusher.WebhookCacheMiss, Channel: "cache-a"},
		`{"name":"member_added","channel":"presence-a","user_id":"u"}`:    {Name: pusher.WebhookMemberAdded, Channel: "presence-a", UserID: "u"},
		`{"name":"member_removed","channel":"presence-a","user_id":"zë"}`: {Name: pusher.WebhookMemberRemoved, Channel: "presence-a", UserID: "zë"},
		`{"name":"client_event","channel":"presence-a","event":"client-x","data":"{\"a\":\"\\n<\"}","socket_id":"1.2","user_id":"u"}`: {
			Name: pusher.WebhookClientEvent, Channel: "presence-a", Event: "client-x", Data: `{"a":"\n<"}`, SocketID: "1.2", UserID: "u",
		},
		`{"name":"subscription_count","channel":"a","subscription_count":12}`: {Name: pusher.WebhookSubscriptionCount, Channel: "a", SubscriptionCount: 12},
		`{"name":"of_tomorrow","channel":"a","colour":{"of":["sky",1]}}`:      {Name: "of_tomorrow", Channel: "a"},
		`{"name":"x","raw":1,"Raw":"r","err":{"a":1},"Err":"e"}`:              {Name: "x"},
		`{}`:   {},
		`null`: {},
	} {
		want.Raw = json.RawMessage(raw)
		hook := received(t, client, `{"time_ms":1700000000123,"events":[`+raw+`]}`)
		require.Equal(t, pusher.Webhook{Time: time.UnixMilli(1_700_000_000_123), Events: []pusher.WebhookEvent{want}}, hook)
	}
	require.Zero(t, w.count())
}

func TestWebhook_header(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	const body = `{"time_ms":1700000000000,"events":[{"name":"channel_occupied","channel":"a"}]}`
	for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "text/plain", ""} {
		header := http.Header{}
		header.Set("X-Pusher-Key", docKey)
		header.Set("X-Pusher-Signature", hmacHex(docSecret, body))
		header.Set("Content-Type", contentType)
		hook, err := client.Webhook(header, []byte(body))
		require.NoError(t, err)
		require.Len(t, hook.Events, 1)
	}
	_, err := client.Webhook(nil, []byte(body))
	require.ErrorIs(t, err, pusher.ErrWebhookKey)
	_, err = client.Webhook(http.Header{"X-Pusher-Key": {docKey}}, []byte(body))
	require.ErrorIs(t, err, pusher.ErrWebhookSignature)
}

func TestWebhook_refuses(t *testing.T) {
	t.Parallel()
	const body = `{"time_ms":1700000000000,"events":[{"name":"channel_occupied","channel":"a"}]}`
	good := hmacHex(docSecret, body)
	signed := func(body string) string { return hmacHex(docSecret, body) }
	for name, tt := range map[string]struct {
		key, signature, body string
		want                 error // nil: accepted
	}{
		"good":                   {docKey, good, body, nil},
		"upper-case hex":         {docKey, strings.ToUpper(good), body, nil},
		"no key":                 {"", good, body, pusher.ErrWebhookKey},
		"unknown key":            {"other", hmacHex("other", body), body, pusher.ErrWebhookKey},
		"key in another case":    {strings.ToUpper(docKey), good, body, pusher.ErrWebhookKey},
		"key with a space":       {docKey + " ", good, body, pusher.ErrWebhookKey},
		"no signature":           {docKey, "", body, pusher.ErrWebhookSignature},
		"wrong signature":        {docKey, hmacHex("other", body), body, pusher.ErrWebhookSignature},
		"short signature":        {docKey, good[:62], body, pusher.ErrWebhookSignature},
		"long signature":         {docKey, good + "00", body, pusher.ErrWebhookSignature},
		"signature not hex":      {docKey, strings.Repeat("z", 64), body, pusher.ErrWebhookSignature},
		"signature with newline": {docKey, good + "\n", body, pusher.ErrWebhookSignature},
		"tampered body":          {docKey, good, strings.Replace(body, `"a"`, `"b"`, 1), pusher.ErrWebhookSignature},
		"one byte more":          {docKey, good, body + " ", pusher.ErrWebhookSignature},
		"empty body unsigned":    {docKey, good, "", pusher.ErrWebhookSignature},
		"empty body":             {docKey, signed(""), "", pusher.ErrWebhookBody},
		"white space":            {docKey, signed(" \n"), " \n", pusher.ErrWebhookBody},
		"null":                   {docKey, signed("null"), "null", pusher.ErrWebhookBody},
		"array":                  {docKey, signed("[]"), "[]", pusher.ErrWebhookBody},
		"string":                 {docKey, signed(`"events"`), `"events"`, pusher.ErrWebhookBody},
		"number":                 {docKey, signed("1"), "1", pusher.ErrWebhookBody},
		"not JSON":               {docKey, signed("hello"), "hello", pusher.ErrWebhookBody},
		"truncated":              {docKey, signed(body[:40]), body[:40], pusher.ErrWebhookBody},
		"two documents":          {docKey, signed(body + body), body + body, pusher.ErrWebhookBody},
		"events an object":       {docKey, signed(`{"events":{}}`), `{"events":{}}`, pusher.ErrWebhookBody},
		"events a string":        {docKey, signed(`{"events":"x"}`), `{"events":"x"}`, pusher.ErrWebhookBody},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := setup(t)
			hook, err := client.ValidateWebhook(tt.key, tt.signature, []byte(tt.body))
			if tt.want == nil {
				require.NoError(t, err)
				require.Len(t, hook.Events, 1)
				return
			}
			require.Zero(t, hook)
			require.ErrorIs(t, err, tt.want)
			var hookErr *pusher.WebhookError
			require.ErrorAs(t, err, &hookErr)
			for _, kind := range []error{pusher.ErrWebhookKey, pusher.ErrWebhookSignature, pusher.ErrWebhookStale, pusher.ErrWebhookBody} {
				require.Equal(t, errors.Is(tt.want, kind), errors.Is(hookErr, kind))
			}
			// Mistake 11 of other SDKs: the error prints what would have been right.
			require.NotContains(t, strings.ToLower(err.Error()), hmacHex(docSecret, tt.body))
			require.NotContains(t, err.Error(), docSecret)
		})
	}
}

func TestWebhook_withoutEvents(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	for _, body := range []string{`{}`, `{"time_ms":1700000000000}`, `{"events":[]}`, `{"events":null}`, ` { "events" : [ ] } `} {
		require.Empty(t, received(t, client, body).Events, body)
	}
}

// Mistake 15 of other SDKs: one bad event fails a whole webhook.
func TestWebhook_oddFieldsDoNotLoseTheOthers(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	const good = `{"name":"channel_occupied","channel":"a"}`
	for raw, want := range map[string]pusher.WebhookEvent{
		`{"name":"client_event","channel":"private-a","data":{"k":[1, 2]},"event":"client-x"}`: {
			Name: "client_event", Channel: "private-a", Data: `{"k":[1, 2]}`, Event: "client-x",
		},
		`{"name":"client_event","data":17.50}`:                     {Name: "client_event", Data: "17.50"},
		`{"name":"client_event","data":null}`:                      {Name: "client_event"},
		`{"name":"client_event","data":true,"event":null}`:         {Name: "client_event", Data: "true"},
		`{"name":"member_added","channel":"p","user_id":12345678}`: {Name: "member_added", Channel: "p", UserID: "12345678"},
		`{"name":"subscription_count","subscription_count":"12"}`:  {Name: "subscription_count", SubscriptionCount: 12},
		`{"name":"subscription_count","subscription_count":"x"}`:   {Name: "subscription_count"},
		`{"name":"subscription_count","subscription_count":1.5}`:   {Name: "subscription_count"},
		`{"name":["odd"],"channel":"a","note":"\u0041"}`:           {Name: `["odd"]`, Channel: "a"},
		`"a string"`:  {},
		`[1,{"a":2}]`: {},
		`7`:           {},
	} {
		want.Raw = json.RawMessage(raw)
		hook := received(t, client, `{"time_ms":1700000000000,"events":[`+good+`,`+raw+`,`+good+`]}`)
		occupied := pusher.WebhookEvent{Name: "channel_occupied", Channel: "a", Raw: json.RawMessage(good)}
		require.Equal(t, []pusher.WebhookEvent{occupied, want, occupied}, hook.Events)
		require.Equal(t, time.UnixMilli(1_700_000_000_000), hook.Time)
	}
}

func TestWebhook_time(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	for field, want := range map[string]time.Time{
		`"time_ms":1327078148132`:       time.UnixMilli(1_327_078_148_132),
		`"time_ms":1327078148`:          time.Unix(1_327_078_148, 0), // ipê and pusher-fake
		`"time_ms":"1327078148132"`:     time.UnixMilli(1_327_078_148_132),
		`"time_ms":"1327078148"`:        time.Unix(1_327_078_148, 0),
		`"time_ms":1327078148.5`:        time.UnixMilli(1_327_078_148_500),
		`"time_ms":1.327078148132e12`:   time.UnixMilli(1_327_078_148_132),
		`"time_ms":100000000000`:        time.UnixMilli(100_000_000_000),
		`"time_ms":99999999999`:         time.Unix(99_999_999_999, 0),
		`"time_ms":0`:                   {},
		`"time_ms":-5`:                  {},
		`"time_ms":null`:                {},
		`"time_ms":"NaN"`:               {},
		`"time_ms":1e300`:               {},
		`"time_ms":9223372036854775807`: {},
		`"time_ms":"soon"`:              {},
		`"time_ms":{}`:                  {},
		`"other":1`:                     {},
	} {
		hook := received(t, client, `{`+field+`,"events":[{"name":"x"}]}`)
		require.True(t, want.Equal(hook.Time), "%s: %s", field, hook.Time)
		require.Len(t, hook.Events, 1)
	}
}

func TestWebhook_maxAge(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		age   time.Duration
		field string
		stale bool
	}{
		"now":                {300 * time.Second, `"time_ms":1700000000000`, false},
		"oldest":             {300 * time.Second, `"time_ms":1699999700000`, false},
		"too old":            {300 * time.Second, `"time_ms":1699999699999`, true},
		"farthest ahead":     {300 * time.Second, `"time_ms":1700000300000`, false},
		"too far ahead":      {300 * time.Second, `"time_ms":1700000300001`, true},
		"in seconds":         {300 * time.Second, `"time_ms":1699999800`, false},
		"too old in seconds": {300 * time.Second, `"time_ms":1699999699`, true},
		"as a string":        {300 * time.Second, `"time_ms":"1700000000000"`, false},
		"missing":            {300 * time.Second, `"x":1`, true},
		"unreadable":         {300 * time.Second, `"time_ms":"soon"`, true},
		"off by default":     {0, `"time_ms":1`, false},
		"off, and missing":   {0, `"x":1`, false},
		"negative is off":    {-1, `"time_ms":1`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := setup(t, func(c *pusher.Config) { c.WebhookMaxAge = tt.age })
			hook, err := receive(t, client, `{`+tt.field+`,"events":[{"name":"x"}]}`)
			if tt.stale {
				require.ErrorIs(t, err, pusher.ErrWebhookStale)
				require.Zero(t, hook)
				return
			}
			require.NoError(t, err)
			require.Len(t, hook.Events, 1)
		})
	}
}

func TestWebhook_tokens(t *testing.T) {
	t.Parallel()
	client, _ := setup(t, func(c *pusher.Config) {
		c.WebhookTokens = []pusher.Token{{Key: "second", Secret: "s2"}, {Key: docKey, Secret: "rotated"}, {Key: "second", Secret: "s3"}}
	})
	const body = `{"events":[{"name":"x"}]}`
	for _, tt := range []struct {
		key, secret string
		want        error
	}{
		{docKey, docSecret, nil},
		{docKey, "rotated", nil},
		{"second", "s2", nil},
		{"second", "s3", nil},
		{docKey, "s2", pusher.ErrWebhookSignature},
		{"second", docSecret, pusher.ErrWebhookSignature},
		{"second", "rotated", pusher.ErrWebhookSignature},
		{"third", "s2", pusher.ErrWebhookKey},
	} {
		_, err := client.ValidateWebhook(tt.key, hmacHex(tt.secret, body), []byte(body))
		require.ErrorIs(t, err, tt.want, "%s with %s", tt.key, tt.secret)
	}
}

const previousMasterKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

func TestWebhook_encryptedClientEvents(t *testing.T) {
	t.Parallel()
	const (
		channel = "private-encrypted-a"
		text    = `{"message":"Zoë"}`
		unknown = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
	)
	client, _ := setup(t, func(c *pusher.Config) { c.PreviousEncryptionMasterKeysBase64 = []string{previousMasterKey} })
	event := func(channel, data string) string {
		return `{"name":"client_event","channel":"` + channel + `","event":"client-x","data":` + data + `}`
	}
	quote := func(s string) string { return marshalled(t, s) }
	current := sealedUnder(t, masterKey, channel, text)
	previous := sealedUnder(t, previousMasterKey, channel, text)
	foreign := sealedUnder(t, unknown, channel, text)
	elsewhere := sealedUnder(t, masterKey, "private-encrypted-b", text)
	cache := sealedUnder(t, masterKey, "private-encrypted-cache-a", text)

	raws := []string{
		event(channel, quote(current)), event(channel, quote(previous)), event(channel, quote(foreign)),
		event(channel, quote(elsewhere)), event(channel, `"plain"`), event("private-encrypted-cache-a", quote(cache)),
		event("private-a", quote(current)), `{"name":"channel_occupied","channel":"` + channel + `"}`,
	}
	hook := received(t, client, `{"time_ms":1700000000000,"events":[`+strings.Join(raws, ",")+`]}`)
	require.Len(t, hook.Events, len(raws))
	for i, want := range []struct {
		data string
		err  error
	}{
		{text, nil}, {text, nil}, {foreign, crypto.ErrSealedKey}, {elsewhere, crypto.ErrSealedKey}, {"plain", crypto.ErrSealedFormat},
		{text, nil}, {current, nil}, {"", nil},
	} {
		e := hook.Events[i]
		require.Equal(t, want.data, e.Data, i)
		require.ErrorIs(t, e.Err, want.err, i)
		require.Equal(t, want.err == nil, e.Err == nil, i)
		require.Equal(t, raws[i], string(e.Raw), "Raw is what came")
	}

	hook = received(t, client, `{"events":[`+event(channel, current)+`]}`)
	require.NoError(t, hook.Events[0].Err)
	require.Equal(t, text, hook.Events[0].Data)

	keyless, _ := setup(t, func(c *pusher.Config) { c.EncryptionMasterKeyBase64 = "" })
	hook = received(t, keyless, `{"events":[`+raws[0]+`,`+raws[7]+`]}`)
	requireInvalid(t, hook.Events[0].Err, "channel")
	require.Equal(t, current, hook.Events[0].Data)

	previousOnly, _ := setup(t, func(c *pusher.Config) {
		c.EncryptionMasterKeyBase64 = ""
		c.PreviousEncryptionMasterKeysBase64 = []string{unknown, previousMasterKey}
	})
	hook = received(t, previousOnly, `{"events":[`+raws[1]+`]}`)
	require.NoError(t, hook.Events[0].Err)
	require.Equal(t, text, hook.Events[0].Data)
}

// Raw is each event as it came, and belongs to the event it stands beside, however
// the document is written.
func TestWebhook_raw(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	const a, b = `{"name":"a","s":"]},{\"\\"}`, `{"name":"b","n":{"m":[[],{}]}}`
	for body, want := range map[string][]string{
		`{"events":[` + a + `,` + b + `],"time_ms":1}`:                                           {a, b},
		`{"before":[{"events":[1]}],"x":"events","events":[` + a + `],"y":{"events":[2]}}`:       {a},
		"\r\n\t {\n \"time_ms\" : 5 ,\t\"events\"\n:\r[ \n " + a + "\n , \t" + b + " \n]\n } \n": {a, b},
		`{"\u0065vents":[` + a + `,` + b + `]}`:                                                  {a, b},
		`{"Events":[` + a + `]}`:                                                                 {a},
		// The last of several is what counts, in encoding/json too.
		`{"events":[` + a + `],"events":[` + b + `]}`:           {b},
		`{"events":[` + a + `,` + a + `],"events":[` + b + `]}`: {b},
		`{"events":[` + a + `],"\u0065vents":[` + b + `]}`:      {b},
		`{"\u0065vents":[` + a + `],"events":[` + b + `]}`:      {b},
		`{"events":[` + a + `],"EVENTS":[` + b + `]}`:           {b},
		`{"event\u0073":[],"events":[` + a + `,` + b + `]}`:     {a, b},
	} {
		hook := received(t, client, body)
		require.Len(t, hook.Events, len(want), body)
		for i, raw := range want {
			require.Equal(t, raw, string(hook.Events[i].Raw), body)
			require.Equal(t, raw[len(`{"name":"`):len(`{"name":"`)+1], hook.Events[i].Name, body)
		}
	}

	spaced := "{ \"name\" :\n\t\"a\" , \"big\": 12345678901234567890.0, \"e\": \"\\u00e9\" }"
	hook := received(t, client, `{"events":[ `+spaced+` ]}`)
	require.Equal(t, spaced, string(hook.Events[0].Raw), "numbers and spaces survive")
}

func TestWebhook_rawDoesNotAlias(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	for name, body := range map[string]string{
		"as documented":     `{"events":[{"name":"a"},{"name":"b"}]}`,
		"event by event":    `{"events":[{"name":"a"},{"name":"b"}],"time_ms":"1"}`,
		"with escaped keys": `{"\u0065vents":[{"name":"a"},{"name":"b"}]}`,
	} {
		text := []byte(body)
		hook, err := client.ValidateWebhook(docKey, hmacHex(docSecret, body), text)
		require.NoError(t, err)
		require.Equal(t, body, string(text), "the body is not changed")
		copy(text, bytes.Repeat([]byte("x"), len(text)))
		require.JSONEq(t, `{"name":"a"}`, string(hook.Events[0].Raw), name)
		// Appending to one event's Raw leaves the next alone.
		_ = append(hook.Events[0].Raw, "an overwriting append"...)
		require.JSONEq(t, `{"name":"b"}`, string(hook.Events[1].Raw), name)
	}
}

func TestWebhook_customUnmarshal(t *testing.T) {
	t.Parallel()
	client, _ := setup(t, func(c *pusher.Config) {
		c.JSONUnmarshal = func(data []byte, v any) error {
			return json.Unmarshal(bytes.ReplaceAll(data, []byte("came"), []byte("read")), v)
		}
	})
	event := received(t, client, `{"events":[{"name":"came"}]}`).Events[0]
	require.Equal(t, pusher.WebhookEvent{Name: "read", Raw: json.RawMessage(`{"name":"came"}`)}, event)

	// A codec that lets broken JSON pass does not hang or panic the parser.
	lax, _ := setup(t, func(c *pusher.Config) { c.JSONUnmarshal = func([]byte, any) error { return nil } })
	for _, body := range []string{"", "{", `{"`, `{"events`, `{"events":`, `{"events":[`, `{"events":[{`, `{"events":["\`, `{"a":}`, `{"a"`, `{"events":[,]}`, `{,}`} {
		_, err := receive(t, lax, body)
		require.ErrorIs(t, err, pusher.ErrWebhookBody, body)
	}
}

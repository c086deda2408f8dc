package pusher_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// hmacHex signs without the SDK.
func hmacHex(secret, message string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(message))
	return hex.EncodeToString(mac.Sum(nil))
}

// sharedSecret derives a channel's secret without the SDK.
func sharedSecret(t *testing.T, channel string) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(masterKey)
	require.NoError(t, err)
	sum := sha256.Sum256(append([]byte(channel), key...))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func marshalled(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

func TestAuthorizeChannel_documentedVectors(t *testing.T) {
	t.Parallel()
	client, w := setup(t)

	auth, err := client.AuthorizeChannel("1234.1234", "private-foobar", nil)
	require.NoError(t, err)
	require.Equal(t, `{"auth":"278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"}`, marshalled(t, auth))

	// The documented members have a number for an id, which this SDK does not write.
	for info, signature := range map[string]string{
		`{"name":"Mr. Channels"}`: "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80",
		`{"name":"Mr. Pusher"}`:   "afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c",
	} {
		require.Equal(t, signature, hmacHex(docSecret, `1234.1234:presence-foobar:{"user_id":10,"user_info":`+info+`}`))
		auth, err := client.AuthorizeChannel("1234.1234", "presence-foobar", &pusher.Member{UserID: "10", UserInfo: json.RawMessage(info)})
		require.NoError(t, err)
		data := `{"user_id":"10","user_info":` + info + `}`
		require.Equal(t, data, auth.ChannelData)
		require.Equal(t, docKey+":"+hmacHex(docSecret, "1234.1234:presence-foobar:"+data), auth.Auth)
	}
	require.Zero(t, w.count(), "authorization touches the network")
}

func TestAuthorizeChannel_variants(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	type info struct {
		Name string `json:"name"`
	}
	for _, tt := range []struct {
		channel string
		member  *pusher.Member
		options []pusher.AuthOption
		data    string
		secret  bool
	}{
		{channel: "private-a"},
		{channel: "private-a", options: []pusher.AuthOption{nil, pusher.AllowSignedIn(), pusher.AllowJSONP()}},
		{channel: "private-cache-a"},
		{channel: "private-A_-=@,.;9"},
		{channel: "private-" + strings.Repeat("a", 192)},
		{channel: "private-encrypted-a", secret: true},
		{channel: "private-encrypted-cache-a", secret: true},
		{channel: "presence-a", member: &pusher.Member{UserID: "u"}, data: `{"user_id":"u"}`},
		{channel: "presence-a", member: &pusher.Member{UserID: "u"}, options: []pusher.AuthOption{pusher.AllowSignedIn()}, data: `{"user_id":"u"}`},
		{channel: "presence-a", options: []pusher.AuthOption{pusher.AllowSignedIn()}},
		{channel: "presence-cache-a", member: &pusher.Member{UserID: "zoë"}, data: `{"user_id":"zoë"}`},
		{channel: "presence-a", member: &pusher.Member{UserID: `a"\` + "\n\x01/:"}, data: `{"user_id":"a\"\\\n\u0001/:"}`},
		{channel: "presence-a", member: &pusher.Member{UserID: "u", UserInfo: info{"<b>&"}}, data: `{"user_id":"u","user_info":{"name":"<b>&"}}`},
		{channel: "presence-a", member: &pusher.Member{UserID: "u", UserInfo: map[string]any{"n": 1, "a": nil}}, data: `{"user_id":"u","user_info":{"a":null,"n":1}}`},
		{channel: "presence-a", member: &pusher.Member{UserID: "u", UserInfo: `a "string"`}, data: `{"user_id":"u","user_info":"a \"string\""}`},
		{channel: "presence-a", member: &pusher.Member{UserID: "u", UserInfo: []string{"x"}}, data: `{"user_id":"u","user_info":["x"]}`},
		{channel: "presence-a", member: &pusher.Member{UserID: "u", UserInfo: 7}, data: `{"user_id":"u","user_info":7}`},
	} {
		auth, err := client.AuthorizeChannel("12.34", tt.channel, tt.member, tt.options...)
		require.NoError(t, err, tt.channel)
		signed := "12.34:" + tt.channel
		if tt.data != "" {
			signed += ":" + tt.data
		}
		require.Equal(t, docKey+":"+hmacHex(docSecret, signed), auth.Auth, signed)
		require.Equal(t, tt.data, auth.ChannelData)
		secret := ""
		if tt.secret {
			secret = sharedSecret(t, tt.channel)
		}
		require.Equal(t, secret, auth.SharedSecret)
	}
}

// The text that a client gets out of the answer is the very text that was signed,
// whatever the answer's encoding does to < and >.
func TestAuthorizeChannel_answerIsJSONOfStrings(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)

	presence, err := client.AuthorizeChannel("12.34", "presence-a", &pusher.Member{UserID: "<é\u2028>", UserInfo: "&"})
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(marshalled(t, presence)), &fields))
	const data = `{"user_id":"<é` + "\u2028" + `>","user_info":"&"}`
	require.Equal(t, map[string]any{
		"auth":         docKey + ":" + hmacHex(docSecret, "12.34:presence-a:"+data),
		"channel_data": data,
	}, fields)

	encrypted, err := client.AuthorizeChannel("12.34", "private-encrypted-a", nil)
	require.NoError(t, err)
	fields = nil
	require.NoError(t, json.Unmarshal([]byte(marshalled(t, encrypted)), &fields))
	require.Equal(t, map[string]any{
		"auth":          docKey + ":" + hmacHex(docSecret, "12.34:private-encrypted-a"),
		"shared_secret": sharedSecret(t, "private-encrypted-a"),
	}, fields)
}

var badSocketIDs = []string{
	"", " ", "1", ".", "1.", ".1", "1.1\n", "\n1.1", "1.1:private-x", " 1.1", "1.1 ", "1.1.1", "-1.1", "+1.1", "1,1", "a.b",
	"1.1a", "1.1\x00", "1.1::user::", "1.１", strings.Repeat("1", 128) + ".1",
}

func TestAuthorizeChannel_badSocketID(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	for _, id := range badSocketIDs {
		auth, err := client.AuthorizeChannel(id, "private-a", nil)
		requireInvalid(t, err, "socket_id")
		require.Zero(t, auth, "%q", id)
	}
}

func TestAuthorizeChannel_badChannel(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	for _, channel := range []string{
		"", "public", "cache-a", "private", "presence", "Private-a", " private-a", "../x", "private-../x", "private-a\n",
		"private-a:b", "private-é", "private-a b", "private-a\x00", "private-%2e", "#x", "#server-to-user-1", ".", "..",
		"private-" + strings.Repeat("a", 193), "presence-a\n", "presence-a:{}",
	} {
		for _, member := range []*pusher.Member{nil, {UserID: "u"}} {
			auth, err := client.AuthorizeChannel("1.1", channel, member, pusher.AllowSignedIn())
			requireInvalid(t, err, "channel")
			require.Zero(t, auth, "%q", channel)
		}
	}
}

// memberOfSize returns a member of n bytes as JSON.
func memberOfSize(n int) *pusher.Member {
	const empty = `{"user_id":"1","user_info":""}`
	return &pusher.Member{UserID: "1", UserInfo: strings.Repeat("i", n-len(empty))}
}

func TestAuthorizeChannel_badMember(t *testing.T) {
	t.Parallel()
	client, _ := setup(t)
	for name, tt := range map[string]struct {
		channel string
		member  *pusher.Member
		field   string
	}{
		"needed":                {"presence-a", nil, "member"},
		"needed on cache":       {"presence-cache-a", nil, "member"},
		"on private":            {"private-a", &pusher.Member{UserID: "u"}, "member"},
		"on encrypted":          {"private-encrypted-a", &pusher.Member{UserID: "u"}, "member"},
		"empty id":              {"presence-a", &pusher.Member{}, "member.user_id"},
		"129 characters":        {"presence-a", &pusher.Member{UserID: strings.Repeat("ë", 129)}, "member.user_id"},
		"id not UTF-8":          {"presence-a", &pusher.Member{UserID: "a\xff"}, "member.user_id"},
		"one byte over":         {"presence-a", memberOfSize(1025), "member"},
		"NaN":                   {"presence-a", &pusher.Member{UserID: "u", UserInfo: math.NaN()}, "member.user_info"},
		"a channel":             {"presence-a", &pusher.Member{UserID: "u", UserInfo: make(chan int)}, "member.user_info"},
		"raw that is not JSON":  {"presence-a", &pusher.Member{UserID: "u", UserInfo: json.RawMessage(`{"a":1},"user_id":"admin"`)}, "member.user_info"},
		"raw that is not UTF-8": {"presence-a", &pusher.Member{UserID: "u", UserInfo: json.RawMessage("\"\xff\"")}, "member.user_info"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			auth, err := client.AuthorizeChannel("1.1", tt.channel, tt.member)
			requireInvalid(t, err, tt.field)
			require.Zero(t, auth)
		})
	}
	for name, member := range map[string]*pusher.Member{
		"128 characters": {UserID: strings.Repeat("ë", 128)},
		"1024 bytes":     memberOfSize(1024),
	} {
		_, err := client.AuthorizeChannel("1.1", "presence-a", member)
		require.NoError(t, err, name)
	}
	_, err := client.AuthorizeChannel("1.1", "presence-a", &pusher.Member{UserID: "u", UserInfo: math.Inf(1)})
	var cause *json.UnsupportedValueError
	require.ErrorAs(t, err, &cause, "the encoder's error is the cause")
}

func TestAuthorizeChannel_encryptedWithoutMasterKey(t *testing.T) {
	t.Parallel()
	client, _ := setup(t, func(c *pusher.Config) {
		c.EncryptionMasterKeyBase64 = ""
		c.PreviousEncryptionMasterKeysBase64 = []string{masterKey}
	})
	auth, err := client.AuthorizeChannel("1.1", "private-encrypted-a", nil)
	requireInvalid(t, err, "channel")
	require.ErrorContains(t, err, "Config.EncryptionMasterKeyBase64")
	require.Zero(t, auth)
	_, err = client.AuthorizeChannel("1.1", "private-a", nil)
	require.NoError(t, err)
}

func TestAuthorizeChannel_limits(t *testing.T) {
	t.Parallel()
	low, _ := setup(t, func(c *pusher.Config) {
		c.Limits = pusher.Limits{ChannelName: 12, PresenceUserID: 3, PresenceUserBytes: 40}
	})
	for _, tt := range []struct {
		channel string
		member  *pusher.Member
		field   string
	}{
		{"private-1234", nil, ""},
		{"private-12345", nil, "channel"},
		{"presence-123", &pusher.Member{UserID: "ëëë"}, ""},
		{"presence-123", &pusher.Member{UserID: "abcd"}, "member.user_id"},
		{"presence-123", memberOfSize(40), ""},
		{"presence-123", memberOfSize(41), "member"},
	} {
		_, err := low.AuthorizeChannel("1.1", tt.channel, tt.member)
		if tt.field == "" {
			require.NoError(t, err, tt.channel)
		} else {
			requireInvalid(t, err, tt.field)
		}
	}

	none, _ := setup(t, func(c *pusher.Config) {
		c.Limits = pusher.Limits{ChannelName: -1, PresenceUserID: -1, PresenceUserBytes: -1}
	})
	long := strings.Repeat("a", 20_000)
	auth, err := none.AuthorizeChannel("1.1", "presence-"+long, &pusher.Member{UserID: long, UserInfo: long})
	require.NoError(t, err)
	require.Equal(t, `{"user_id":"`+long+`","user_info":"`+long+`"}`, auth.ChannelData)
}

func TestAuthorizeChannel_customMarshal(t *testing.T) {
	t.Parallel()
	errCodec := errors.New("codec says no")
	for name, tt := range map[string]struct {
		text string
		err  error
		data string
	}{
		"text is signed as it is": {text: "{ \"codec\": true }\n", data: "{\"user_id\":\"u\",\"user_info\":{ \"codec\": true }\n}"},
		"invalid JSON":            {text: `{"a":1},"user_id":"admin"`},
		"nothing":                 {text: ""},
		"not UTF-8":               {text: "\"\xff\""},
		"error":                   {text: `{}`, err: errCodec},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var given any
			client, _ := setup(t, func(c *pusher.Config) {
				c.JSONMarshal = func(v any) ([]byte, error) {
					given = v
					return []byte(tt.text), tt.err
				}
			})
			auth, err := client.AuthorizeChannel("1.1", "presence-a", &pusher.Member{UserID: "u", UserInfo: 42})
			require.Equal(t, 42, given)
			if tt.data == "" {
				requireInvalid(t, err, "member.user_info")
				require.Equal(t, tt.err != nil, errors.Is(err, errCodec))
				require.Zero(t, auth)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.data, auth.ChannelData)
			require.Equal(t, docKey+":"+hmacHex(docSecret, "1.1:presence-a:"+tt.data), auth.Auth)
		})
	}
}

// underRace reports whether the race detector is on: it makes pools forget, and so
// allocations vary.
func underRace() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
}

func TestAuthorizeChannel_allocations(t *testing.T) { //nolint:paralleltest // allocations are counted for the whole process
	if underRace() {
		t.Skip("pools forget at random under the race detector")
	}
	client, _ := setup(t)
	allocations := testing.AllocsPerRun(1000, func() {
		if _, err := client.AuthorizeChannel("1234.1234", "private-foobar", nil); err != nil {
			t.Error(err)
		}
	})
	require.InDelta(t, 1, allocations, 0, "the token, and nothing else")
}

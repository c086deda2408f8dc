package pusher_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/crypto"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// The vectors were recorded off the wire from the official Python, Node and Go
// SDKs. What is protocol in them must come out of this SDK too; how an SDK spaces
// its JSON is its own affair.
type vector struct {
	ID, SDK, Op     string
	Args            vectorArgs
	Method, Path    string
	QueryParams     map[string]string `json:"query_params"`
	AuthSignature   string            `json:"auth_signature"`
	StringToSign    string            `json:"string_to_sign"`
	BodyBase64      string            `json:"body_base64"`
	BodyMD5         string            `json:"body_md5"`
	Encrypted       []vectorEncrypted
	Error           string
	Unsupported     string
	BaseURL         string `json:"base_url"`
	SignedPath      string `json:"signed_path"`
	Auth            map[string]string
	MasterKeyBase64 string `json:"master_key_base64"`
	NonceBase64     string `json:"nonce_base64"`
	Webhook         struct {
		Valid  bool
		Parsed *struct {
			TimeMS int64 `json:"time_ms"`
			Events []map[string]any
		}
	}
}

type vectorArgs struct {
	Channels    []string
	Channel     string
	Event       string
	Data        any
	SocketID    string `json:"socket_id"`
	Info        string
	Prefix      string `json:"filter_by_prefix"`
	UserID      string `json:"user_id"`
	NoMasterKey bool   `json:"no_master_key"`
	BodyBase64  string `json:"body_base64"`
	Key         string
	Signature   string
	Method      string
	Path        string
	Body        string
	TLS         bool
	Cluster     string
	Batch       []struct {
		Channel, Name string
		Data          any
		SocketID      string `json:"socket_id"`
		Info          string
	}
}

type vectorEncrypted struct {
	Channel, Nonce, Ciphertext string
	SharedSecretBase64         string `json:"shared_secret_base64"`
	Plaintext                  string
}

func loadVectors(t *testing.T) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/official-sdks.json")
	require.NoError(t, err)
	var file struct{ Vectors []vector }
	require.NoError(t, json.Unmarshal(text, &file))
	require.Len(t, file.Vectors, 180)
	return file.Vectors
}

func forEachVector(t *testing.T, ops string, run func(t *testing.T, v vector)) {
	t.Helper()
	ran := 0
	for _, v := range loadVectors(t) {
		if !strings.Contains(" "+ops+" ", " "+v.Op+" ") || v.Unsupported != "" {
			continue
		}
		ran++
		t.Run(v.ID+"/"+v.SDK, func(t *testing.T) {
			t.Parallel()
			run(t, v)
		})
	}
	require.NotZero(t, ran)
}

// wrongElsewhere names the recorded requests in which an official SDK is wrong,
// and how ours differs.
var wrongElsewhere = map[string]string{
	"terminate/python":               "the path lacks /apps/{app} (mistake 1)",
	"err-no-channels/node":           "an empty list of channels is sent",
	"err-201-char-event/go":          "a name of 201 characters is sent (mistake: unchecked)",
	"trigger-10241-over/python":      "10,241 bytes are sent: the size is measured otherwise (mistake 2)",
	"trigger-10241-over/node":        "10,241 bytes are sent",
	"err-auth-bad-channel/go":        "a channel with a space is authorized (mistake 8)",
	"err-auth-bad-channel/node":      "a channel with a space is authorized (mistake 8)",
	"auth-public-channel/python":     "a public channel is authorized",
	"auth-public-channel/node":       "a public channel is authorized",
	"auth-public-channel/go":         "a public channel is authorized",
	"webhook-content-type-text/node": "application/json alone is taken (mistake 16)",
	"webhook-no-time/python":         "a webhook without time_ms is refused even with no age limit to hold it to",
	"webhook-stale-1h/python":        "an age limit that cannot be set; ours is WebhookMaxAge",
}

func infoOf(s string) (attributes []pusher.Attribute) {
	if s == "" {
		return nil
	}
	for a := range strings.SplitSeq(s, ",") {
		attributes = append(attributes, pusher.Attribute(a))
	}
	return attributes
}

func clientOf(t *testing.T, v vector) (*pusher.Client, *wire) {
	t.Helper()
	client, w := setup(t, func(c *pusher.Config) {
		if v.Args.NoMasterKey {
			c.EncryptionMasterKeyBase64 = ""
		}
	})
	if v.NonceBase64 != "" {
		nonce, err := base64.StdEncoding.DecodeString(v.NonceBase64)
		require.NoError(t, err)
		client.SetRandom(bytes.NewReader(nonce))
	}
	return client, w
}

func TestVectors_requests(t *testing.T) {
	t.Parallel()
	forEachVector(t, "trigger batch send_to_user channels channel users terminate", func(t *testing.T, v vector) {
		client, w := clientOf(t, v)
		err := call(client, v)
		refused := strings.HasPrefix(v.ID, "err-") || v.ID == "trigger-10241-over"
		if refused {
			var invalid *pusher.ValidationError
			require.ErrorAs(t, err, &invalid)
			require.Zero(t, w.count(), "nothing may be sent")
			if v.Error == "" {
				require.Contains(t, wrongElsewhere, v.ID+"/"+v.SDK, "the SDK sent what we refuse")
			}
			return
		}
		if err != nil {
			require.NotContains(t, err.Error(), "invalid")
		}
		got := w.last(t)
		require.Equal(t, v.Method, got.call.Method)
		if reason, wrong := wrongElsewhere[v.ID+"/"+v.SDK]; wrong {
			require.NotEqual(t, v.Path, got.call.Path, reason)
		} else {
			require.Equal(t, v.Path, got.call.Path)
		}

		query, err := url.ParseQuery(got.query())
		require.NoError(t, err)
		for name, want := range v.QueryParams {
			switch name {
			case "body_md5":
				if v.Method == http.MethodGet {
					require.False(t, query.Has(name), "body_md5 on GET makes Reverb and sockudo answer 401 (Python sends it)")
					continue
				}
				sum := md5.Sum(got.call.Body)
				require.Equal(t, hex.EncodeToString(sum[:]), query.Get(name))
			default:
				require.Equal(t, want, query.Get(name), name)
			}
		}
		requireSigned(t, got, query)
		if v.Method == http.MethodPost {
			requireSameBody(t, v, got.call.Body)
		} else {
			require.Empty(t, got.call.Body)
		}
	})
}

// requireSigned checks a signature with the standard library alone.
func requireSigned(t *testing.T, s sent, query url.Values) {
	t.Helper()
	signature := query.Get("auth_signature")
	query.Del("auth_signature")
	unescaped, err := url.QueryUnescape(query.Encode()) // Encode sorts by name
	require.NoError(t, err)
	h := hmac.New(sha256.New, []byte(docSecret))
	h.Write([]byte(s.call.Method + "\n" + s.call.Path + "\n" + unescaped))
	require.Equal(t, hex.EncodeToString(h.Sum(nil)), signature)
}

func call(c *pusher.Client, v vector) error {
	ctx := context.Background()
	a := v.Args
	var options []pusher.TriggerOption
	if a.SocketID != "" {
		options = append(options, pusher.ExcludeSocket(a.SocketID))
	}
	if a.Info != "" {
		options = append(options, pusher.WithInfo(infoOf(a.Info)...))
	}
	var err error
	switch v.Op {
	case "trigger":
		_, err = c.TriggerMulti(ctx, a.Channels, a.Event, a.Data, options...)
	case "send_to_user":
		_, err = c.SendToUser(ctx, a.UserID, a.Event, a.Data)
	case "batch":
		var events []pusher.Event
		for _, e := range a.Batch {
			events = append(events, pusher.Event{Channel: e.Channel, Name: e.Name, Data: e.Data, SocketID: e.SocketID, Info: infoOf(e.Info)})
		}
		_, err = c.TriggerBatch(ctx, events)
	case "channels":
		_, err = c.Channels(ctx, pusher.ChannelsQuery{Prefix: a.Prefix, Attributes: infoOf(a.Info)})
	case "channel":
		_, err = c.Channel(ctx, a.Channel, infoOf(a.Info)...)
	case "users":
		_, err = c.ChannelUsers(ctx, a.Channel)
	case "terminate":
		err = c.TerminateUserConnections(ctx, a.UserID)
	}
	return err
}

// requireSameBody compares bodies as JSON, with data, a JSON text inside a string,
// compared as JSON too, and encrypted data by what it opens to.
func requireSameBody(t *testing.T, v vector, got []byte) {
	t.Helper()
	want, err := base64.StdEncoding.DecodeString(v.BodyBase64)
	require.NoError(t, err)
	var gotBody, wantBody any
	require.NoError(t, json.Unmarshal(got, &gotBody))
	require.NoError(t, json.Unmarshal(want, &wantBody))
	if v.Encrypted != nil {
		var box struct{ Nonce string }
		require.NoError(t, json.Unmarshal([]byte(gotBody.(map[string]any)["data"].(string)), &box))
		require.Equal(t, v.NonceBase64, box.Nonce)
	}
	require.Equal(t, openData(t, v, wantBody), openData(t, v, gotBody))
}

func openData(t *testing.T, v vector, node any) any {
	t.Helper()
	switch n := node.(type) {
	case map[string]any:
		for name, value := range n {
			text, isText := value.(string)
			if name != "data" || !isText {
				n[name] = openData(t, v, value)
				continue
			}
			for _, e := range v.Encrypted {
				key, err := crypto.ParseMasterKeyBase64(v.MasterKeyBase64)
				require.NoError(t, err)
				secret := crypto.SharedSecret(e.Channel, key)
				require.Equal(t, e.SharedSecretBase64, base64.StdEncoding.EncodeToString(secret[:]))
				plain, err := crypto.Open([]byte(text), secret)
				require.NoError(t, err)
				text = string(plain)
			}
			var inner any
			if json.Unmarshal([]byte(text), &inner) == nil {
				n[name] = inner
			}
		}
	case []any:
		for i := range n {
			n[i] = openData(t, v, n[i])
		}
	}
	return node
}

// The same bytes must get the same signature: what the SDKs sent is sent again,
// byte for byte, as a stored call.
func TestVectors_sameBytesSameSignature(t *testing.T) {
	t.Parallel()
	forEachVector(t, "trigger batch send_to_user channels channel users terminate", func(t *testing.T, v vector) {
		if v.AuthSignature == "" {
			t.Skip("the SDK refused: there is no request")
		}
		body, err := base64.StdEncoding.DecodeString(v.BodyBase64)
		require.NoError(t, err)
		require.Equal(t, v.AuthSignature, crypto.NewSigner(docKey, docSecret).Sign(v.StringToSign))
		if len(body) > 0 {
			require.Equal(t, v.BodyMD5, crypto.BodyMD5(body))
		}
		if v.Method == http.MethodGet && v.QueryParams["body_md5"] != "" {
			return // Python's habit; the string to sign above has it
		}
		path, ok := strings.CutPrefix(v.Path, "/apps/1001")
		if !ok {
			return // Python's terminate
		}
		client, _ := setup(t)
		params := map[string]string{}
		for name, value := range v.QueryParams {
			if !strings.HasPrefix(name, "auth_") && name != "body_md5" {
				params[name] = value
			}
		}
		signed, err := client.SignedURL(v.Method, path, params, body)
		require.NoError(t, err)
		require.Contains(t, signed, "auth_signature="+v.AuthSignature)
	})
}

func TestVectors_encryptedBytes(t *testing.T) {
	t.Parallel()
	for _, v := range loadVectors(t) {
		for _, e := range v.Encrypted {
			nonce, err := base64.StdEncoding.DecodeString(e.Nonce)
			require.NoError(t, err)
			client, w := setup(t)
			client.SetRandom(bytes.NewReader(nonce))
			_, err = client.Trigger(t.Context(), e.Channel, "e", e.Plaintext)
			require.NoError(t, err)
			var body struct{ Data string }
			require.NoError(t, json.Unmarshal(w.last(t).call.Body, &body))
			require.JSONEq(t, `{"nonce":"`+e.Nonce+`","ciphertext":"`+e.Ciphertext+`"}`, body.Data, v.SDK)
		}
	}
}

func TestVectors_authorization(t *testing.T) {
	t.Parallel()
	forEachVector(t, "auth auth_user", func(t *testing.T, v vector) {
		client, _ := clientOf(t, v)
		data, _ := v.Args.Data.(map[string]any)
		var got map[string]string
		var err error
		if v.Op == "auth" {
			var member *pusher.Member
			if data != nil {
				member = &pusher.Member{UserID: data["user_id"].(string), UserInfo: data["user_info"]}
			}
			var auth pusher.ChannelAuth
			auth, err = client.AuthorizeChannel(v.Args.SocketID, v.Args.Channel, member)
			got = asMap(t, auth)
		} else {
			user := pusher.User{Extra: map[string]any{}}
			for name, value := range data {
				if name == "id" {
					user.ID = value.(string)
				} else {
					user.Extra[name] = value
				}
			}
			var auth pusher.UserAuth
			auth, err = client.AuthenticateUser(v.Args.SocketID, user)
			got = asMap(t, auth)
		}
		if _, wrong := wrongElsewhere[v.ID+"/"+v.SDK]; wrong || v.Error != "" {
			var invalid *pusher.ValidationError
			require.ErrorAs(t, err, &invalid)
			return
		}
		require.NoError(t, err)
		require.Len(t, got, len(v.Auth))
		require.Equal(t, v.Auth["shared_secret"], got["shared_secret"])
		text := ""
		for _, name := range []string{"channel_data", "user_data"} {
			if v.Auth[name] == "" {
				continue
			}
			require.JSONEq(t, v.Auth[name], got[name])
			text = got[name]
		}
		// The recorded text is what the SDK's own spacing made; over the same bytes
		// the signature is the same, and over ours it is right.
		signer := crypto.NewSigner(docKey, docSecret)
		require.Equal(t, v.Auth["auth"], docKey+":"+signer.Sign(v.StringToSign))
		switch {
		case text == "":
			require.Equal(t, v.Auth["auth"], got["auth"])
		case v.Op == "auth":
			require.Equal(t, docKey+":"+signer.Sign(v.Args.SocketID+":"+v.Args.Channel+":"+text), got["auth"])
		default:
			require.Equal(t, docKey+":"+signer.Sign(v.Args.SocketID+"::user::"+text), got["auth"])
		}
	})
}

func asMap(t *testing.T, v any) map[string]string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	var m map[string]string
	require.NoError(t, json.Unmarshal(text, &m), "every field is a string (mistake 5)")
	for name, value := range m {
		if value == "" {
			delete(m, name)
		}
	}
	return m
}

func TestVectors_webhooks(t *testing.T) {
	t.Parallel()
	forEachVector(t, "webhook", func(t *testing.T, v vector) {
		body, err := base64.StdEncoding.DecodeString(v.Args.BodyBase64)
		require.NoError(t, err)
		client, _ := setup(t)
		hook, err := client.ValidateWebhook(v.Args.Key, v.Args.Signature, body)
		if _, wrong := wrongElsewhere[v.ID+"/"+v.SDK]; wrong {
			require.False(t, v.Webhook.Valid)
			require.NoError(t, err)
			return
		}
		require.Equal(t, v.Webhook.Valid, err == nil, "%v", err)
		if err != nil {
			var refused *pusher.WebhookError
			require.ErrorAs(t, err, &refused)
			return
		}
		require.Len(t, hook.Events, len(v.Webhook.Parsed.Events))
		if v.Webhook.Parsed.TimeMS != 0 {
			require.Equal(t, v.Webhook.Parsed.TimeMS, hook.Time.UnixMilli())
		}
		for i, want := range v.Webhook.Parsed.Events {
			got := hook.Events[i]
			fields := map[string]string{
				"name": got.Name, "channel": got.Channel, "user_id": got.UserID,
				"event": got.Event, "data": got.Data, "socket_id": got.SocketID,
			}
			for name, value := range want {
				if text, ok := value.(string); ok {
					require.Equal(t, text, fields[name], name)
				}
			}
		}
	})
}

func TestVectors_pythonAgeLimit(t *testing.T) {
	t.Parallel()
	for _, v := range loadVectors(t) {
		if v.SDK != "python" || v.ID != "webhook-stale-1h" {
			continue
		}
		body, err := base64.StdEncoding.DecodeString(v.Args.BodyBase64)
		require.NoError(t, err)
		client, _ := setup(t, func(c *pusher.Config) { c.WebhookMaxAge = 300e9 })
		_, err = client.ValidateWebhook(v.Args.Key, v.Args.Signature, body)
		require.ErrorIs(t, err, pusher.ErrWebhookStale)
	}
}

func TestVectors_endpoints(t *testing.T) {
	t.Parallel()
	forEachVector(t, "endpoint", func(t *testing.T, v vector) {
		client, w := setup(t, func(c *pusher.Config) {
			c.Cluster = v.Args.Cluster
			c.DisableTLS = strings.HasPrefix(v.BaseURL, "http:")
		})
		require.NoError(t, client.Ping(t.Context()))
		got, err := url.Parse(w.last(t).url)
		require.NoError(t, err)
		want, err := url.Parse(v.BaseURL)
		require.NoError(t, err)
		require.Equal(t, want.Scheme, got.Scheme)
		if v.ID == "endpoint-default" {
			require.Equal(t, "api-mt1.pusher.com", got.Host, "SDKs differ in the name of the default cluster's host")
			return
		}
		require.Equal(t, want.Hostname(), got.Host)
	})
}

// The worked example of the protocol's documentation.
func TestVectors_documentedRequest(t *testing.T) {
	t.Parallel()
	const body = `{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}`
	client, w := setup(t, func(c *pusher.Config) {
		c.AppID = "3"
		c.Now = func() time.Time { return time.Unix(1_353_088_179, 0) }
	})
	const want = "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0" +
		"&body_md5=ec365a775a4cd0599faeb73354201b6f" +
		"&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"
	signed, err := client.SignedURL("POST", "/events", nil, []byte(body))
	require.NoError(t, err)
	require.Equal(t, "https://api-mt1.pusher.com/apps/3/events?"+want, signed)

	_, err = client.TriggerMulti(t.Context(), []string{"project-3"}, "foo", map[string]string{"some": "data"})
	require.NoError(t, err)
	require.Equal(t, body, string(w.last(t).call.Body), "our own body is the documented one, byte for byte")
	require.Equal(t, want, w.last(t).query())

	forEachVector(t, "raw_sign", func(t *testing.T, v vector) {
		signed, err := client.SignedURL(v.Args.Method, strings.TrimPrefix(v.Args.Path, "/apps/3"), nil, []byte(v.Args.Body))
		require.NoError(t, err)
		require.Contains(t, signed, v.AuthSignature)
	})
}

package crypto_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/crypto"
)

func TestSignedURLOfTheDocumentedExample(t *testing.T) {
	t.Parallel()
	body := `{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}`
	signer := crypto.NewSigner(docKey, docSecret)
	request := crypto.Unsigned{
		Method:  "POST",
		Path:    "/apps/3/events",
		BodyMD5: []byte(crypto.BodyMD5([]byte(body))),
		Time:    time.Unix(1353088179, 999_999_999),
	}
	assert.Equal(t, "POST\n/apps/3/events\nauth_key=278d425bdf160c739803&auth_timestamp=1353088179"+
		"&auth_version=1.0&body_md5=ec365a775a4cd0599faeb73354201b6f", signer.StringToSign(request))
	assert.Equal(t, "https://api-mt1.pusher.com/apps/3/events?auth_key=278d425bdf160c739803"+
		"&auth_timestamp=1353088179&auth_version=1.0&body_md5=ec365a775a4cd0599faeb73354201b6f"+
		"&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c",
		signer.SignedURL("https://api-mt1.pusher.com", request))
}

// The query is signed as it is and written escaped: what a server decodes must
// be what was signed.
func TestSignedURLQuery(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		key    string
		query  map[string]string
		signed string // the string to sign, from the query on
		wire   string // the query of the URL, up to the signature
	}{
		"none": {
			signed: "auth_key=key&auth_timestamp=1700000000&auth_version=1.0",
			wire:   "auth_key=key&auth_timestamp=1700000000&auth_version=1.0",
		},
		"empty map": {
			query:  map[string]string{},
			signed: "auth_key=key&auth_timestamp=1700000000&auth_version=1.0",
			wire:   "auth_key=key&auth_timestamp=1700000000&auth_version=1.0",
		},
		"prefix with reserved characters": {
			query:  map[string]string{"filter_by_prefix": "a b&x#f"},
			signed: "auth_key=key&auth_timestamp=1700000000&auth_version=1.0&filter_by_prefix=a b&x#f",
			wire:   "auth_key=key&auth_timestamp=1700000000&auth_version=1.0&filter_by_prefix=a%20b%26x%23f",
		},
		"plus, percent, slash, equals, question mark": {
			query:  map[string]string{"q": "1+1=%32/?"},
			signed: "auth_key=key&auth_timestamp=1700000000&auth_version=1.0&q=1+1=%32/?",
			wire:   "auth_key=key&auth_timestamp=1700000000&auth_version=1.0&q=1%2B1%3D%2532%2F%3F",
		},
		"unreserved characters stay": {
			query:  map[string]string{"q": "AZaz09-_.~"},
			signed: "auth_key=key&auth_timestamp=1700000000&auth_version=1.0&q=AZaz09-_.~",
			wire:   "auth_key=key&auth_timestamp=1700000000&auth_version=1.0&q=AZaz09-_.~",
		},
		"unicode": {
			query:  map[string]string{"q": "zoë🎉"},
			signed: "auth_key=key&auth_timestamp=1700000000&auth_version=1.0&q=zoë🎉",
			wire:   "auth_key=key&auth_timestamp=1700000000&auth_version=1.0&q=zo%C3%AB%F0%9F%8E%89",
		},
		"control characters": {
			query:  map[string]string{"q": "a\nb\x00c\x7f"},
			signed: "auth_key=key&auth_timestamp=1700000000&auth_version=1.0&q=a\nb\x00c\x7f",
			wire:   "auth_key=key&auth_timestamp=1700000000&auth_version=1.0&q=a%0Ab%00c%7F",
		},
		"empty value": {
			query:  map[string]string{"info": ""},
			signed: "auth_key=key&auth_timestamp=1700000000&auth_version=1.0&info=",
			wire:   "auth_key=key&auth_timestamp=1700000000&auth_version=1.0&info=",
		},
		"sorted among those of the signature": {
			query:  map[string]string{"zeta": "1", "alpha": "2", "auth_l": "3", "auth_z": "4", "b": "5"},
			signed: "alpha=2&auth_key=key&auth_l=3&auth_timestamp=1700000000&auth_version=1.0&auth_z=4&b=5&zeta=1",
			wire:   "alpha=2&auth_key=key&auth_l=3&auth_timestamp=1700000000&auth_version=1.0&auth_z=4&b=5&zeta=1",
		},
		"more than fit in the room set aside": {
			query: map[string]string{
				"a": "", "b": "", "c": "", "d": "", "e": "", "f": "", "g": "", "h": "", "i": "", "j": "", "k": "",
			},
			signed: "a=&auth_key=key&auth_timestamp=1700000000&auth_version=1.0&b=&c=&d=&e=&f=&g=&h=&i=&j=&k=",
			wire:   "a=&auth_key=key&auth_timestamp=1700000000&auth_version=1.0&b=&c=&d=&e=&f=&g=&h=&i=&j=&k=",
		},
		"names of the signature are ignored": {
			query: map[string]string{
				"auth_key": "evil", "auth_timestamp": "1", "auth_version": "2", "auth_signature": "x", "body_md5": "y", "info": "z",
			},
			signed: "auth_key=key&auth_timestamp=1700000000&auth_version=1.0&info=z",
			wire:   "auth_key=key&auth_timestamp=1700000000&auth_version=1.0&info=z",
		},
		"a name that needs escaping": {
			query:  map[string]string{"a&b": "1"},
			signed: "a&b=1&auth_key=key&auth_timestamp=1700000000&auth_version=1.0",
			wire:   "a%26b=1&auth_key=key&auth_timestamp=1700000000&auth_version=1.0",
		},
		"a key that needs escaping": {
			key:    "k&y",
			signed: "auth_key=k&y&auth_timestamp=1700000000&auth_version=1.0",
			wire:   "auth_key=k%26y&auth_timestamp=1700000000&auth_version=1.0",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.key == "" {
				tt.key = "key"
			}
			signer := crypto.NewSigner(tt.key, "secret")
			request := crypto.Unsigned{Method: "GET", Path: "/apps/1/channels", Query: tt.query, Time: time.Unix(1700000000, 0)}
			stringToSign := "GET\n/apps/1/channels\n" + tt.signed
			require.Equal(t, stringToSign, signer.StringToSign(request))

			got := signer.SignedURL("http://127.0.0.1:6001", request)
			signature := referenceSignature("secret", stringToSign)
			require.Equal(t, "http://127.0.0.1:6001/apps/1/channels?"+tt.wire+"&auth_signature="+signature, got)
			require.Equal(t, stringToSign, serverView(t, "GET", got))
		})
	}
}

// serverView puts together the string to sign as a server does, from the request
// that it received.
func serverView(t *testing.T, method, rawURL string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	require.NoError(t, err)
	query, err := url.ParseQuery(u.RawQuery)
	require.NoError(t, err)
	query.Del("auth_signature")
	pairs := make([]string, 0, len(query))
	for name, values := range query {
		require.Len(t, values, 1, name)
		pairs = append(pairs, name+"="+values[0])
	}
	slices.SortFunc(pairs, func(a, b string) int {
		nameA, _, _ := strings.Cut(a, "=")
		nameB, _, _ := strings.Cut(b, "=")
		return strings.Compare(nameA, nameB)
	})
	return method + "\n" + u.Path + "\n" + strings.Join(pairs, "&")
}

func TestSignedURLKeepsThePath(t *testing.T) {
	t.Parallel()
	signer := crypto.NewSigner("key", "secret")
	for _, path := range []string{
		"/apps/1/channels/presence-a,b;c=d@e.f_g-h/users",
		"/apps/1/channels/a%3Db",
		"/apps/1/../2/events",
		"/prefix//apps/1/events",
	} {
		got := signer.SignedURL("http://h", crypto.Unsigned{Method: "GET", Path: path})
		assert.True(t, strings.HasPrefix(got, "http://h"+path+"?auth_key=key&"), got)
		assert.True(t, strings.HasPrefix(signer.StringToSign(crypto.Unsigned{Method: "GET", Path: path}), "GET\n"+path+"\nauth_key="))
	}
}

func TestSignedURLLeavesItsInputAlone(t *testing.T) {
	t.Parallel()
	signer := crypto.NewSigner("key", "secret")
	query := map[string]string{"b": "2", "auth_key": "mine", "a": "1"}
	sum := []byte("99914b932bd37a50b983c5e7c90ae93b")
	signer.SignedURL("http://h", crypto.Unsigned{Method: "POST", Path: "/", Query: query, BodyMD5: sum})
	assert.Equal(t, map[string]string{"b": "2", "auth_key": "mine", "a": "1"}, query)
	assert.Equal(t, "99914b932bd37a50b983c5e7c90ae93b", string(sum))
}

func TestSignedURLDependsOnEveryPart(t *testing.T) {
	t.Parallel()
	signer := crypto.NewSigner("key", "secret")
	requests := []crypto.Unsigned{
		{Method: "GET", Path: "/a", Time: time.Unix(1, 0)},
		{Method: "POST", Path: "/a", Time: time.Unix(1, 0)},
		{Method: "GET", Path: "/b", Time: time.Unix(1, 0)},
		{Method: "GET", Path: "/a", Time: time.Unix(2, 0)},
		{Method: "GET", Path: "/a", Time: time.Unix(1, 0), Query: map[string]string{"q": "1"}},
		{Method: "GET", Path: "/a", Time: time.Unix(1, 0), Query: map[string]string{"q": "2"}},
		{Method: "GET", Path: "/a", Time: time.Unix(1, 0), BodyMD5: []byte("99914b932bd37a50b983c5e7c90ae93b")},
	}
	signatures := map[string]bool{}
	for _, request := range requests {
		signed := signer.SignedURL("http://h", request)
		_, signature, found := strings.Cut(signed, "&auth_signature=")
		require.True(t, found, signed)
		require.Len(t, signature, crypto.SignatureSize)
		signatures[signature] = true
	}
	assert.Len(t, signatures, len(requests))

	base, _ := url.Parse(signer.SignedURL("http://a", requests[0]))
	other, _ := url.Parse(signer.SignedURL("https://b:444", requests[0]))
	assert.Equal(t, base.RawQuery, other.RawQuery, "the host is not signed")
}

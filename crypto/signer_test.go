package crypto_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/crypto"
)

// Key and secret of the worked examples in the public documentation.
const (
	docKey    = "278d425bdf160c739803"
	docSecret = "7ad3773142a6692b25b8"
)

// referenceSignature is HMAC-SHA256 as the standard library's documentation
// shows it, without pool or reuse.
func referenceSignature(secret, message string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(message))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestSignatureOfDocumentedExamples(t *testing.T) {
	t.Parallel()
	signer := crypto.NewSigner(docKey, docSecret)
	tests := map[string]struct{ parts, want string }{
		"private channel": {
			"1234.1234|:|private-foobar",
			"58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4",
		},
		"presence channel, corrected": {
			`1234.1234|:|presence-foobar|:|{"user_id":10,"user_info":{"name":"Mr. Channels"}}`,
			"31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80",
		},
		"presence channel, the signature that the page prints": {
			`1234.1234|:|presence-foobar|:|{"user_id":10,"user_info":{"name":"Mr. Pusher"}}`,
			"afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c",
		},
		"user sign-in": {
			`1234.1234|::user::|{"id":"12345"}`,
			"4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba",
		},
		"request": {
			"POST\n/apps/3/events\n|auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=ec365a775a4cd0599faeb73354201b6f",
			"da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parts := strings.Split(tt.parts, "|")
			message := strings.Join(parts, "")
			assert.Equal(t, tt.want, signer.Sign(message))
			assert.Equal(t, docKey+":"+tt.want, signer.Token(parts...))
			assert.Equal(t, "x"+tt.want, string(signer.AppendSignature([]byte("x"), []byte(message))))
			assert.True(t, signer.Verify([]byte(message), tt.want))
		})
	}
}

func TestSignerAgreesWithPlainHMAC(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"", "s", strings.Repeat("k", 64), strings.Repeat("k", 200)} {
		signer := crypto.NewSigner("key", secret)
		// 100,000 bytes exceed what a pooled buffer may keep; what comes after must
		// not see any of it.
		for _, size := range []int{0, 1, 63, 64, 65, 512, 100_000, 3} {
			message := strings.Repeat("m", size)
			want := referenceSignature(secret, message)
			assert.Equal(t, want, signer.Sign(message))
			assert.Equal(t, "key:"+want, signer.Token(message))
			assert.Equal(t, want, string(signer.AppendSignature(nil, []byte(message))))
			assert.True(t, signer.Verify([]byte(message), want))
		}
	}
}

func TestSignerCopiesNothingItCanLose(t *testing.T) {
	t.Parallel()
	signer := crypto.NewSigner(docKey, docSecret)
	first := signer.Sign("first")
	second := signer.Sign("second")
	assert.Equal(t, referenceSignature(docSecret, "first"), first, "a later signature must not overwrite an earlier one")
	assert.Equal(t, referenceSignature(docSecret, "second"), second)
	assert.Equal(t, docKey, signer.Key())
	assert.Equal(t, docKey+":"+referenceSignature(docSecret, ""), signer.Token())
}

func TestAppendSignatureKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	signer := crypto.NewSigner("key", "secret")
	message := []byte("message")
	dst := make([]byte, 3, 100)
	copy(dst, "abc")
	got := signer.AppendSignature(dst, message)
	assert.Equal(t, "abc"+referenceSignature("secret", "message"), string(got))
	assert.Same(t, &dst[0], &got[0], "there was room")
	assert.Equal(t, "message", string(message))
}

func TestVerify(t *testing.T) {
	t.Parallel()
	signer := crypto.NewSigner("key", "secret")
	message := []byte(`{"time_ms":1327078148132,"events":[]}`)
	good := referenceSignature("secret", string(message))
	flipped := "0" + good[1:]
	if good[0] == '0' {
		flipped = "1" + good[1:]
	}
	tests := map[string]struct {
		message   []byte
		signature string
		want      bool
	}{
		"right":                {message, good, true},
		"upper case":           {message, strings.ToUpper(good), true},
		"first digit changed":  {message, flipped, false},
		"last digit changed":   {message, good[:63] + string('0'+(good[63]-'0'+1)%8), false},
		"of another secret":    {message, referenceSignature("other", string(message)), false},
		"of another message":   {[]byte("{}"), good, false},
		"empty":                {message, "", false},
		"one digit short":      {message, good[:63], false},
		"one digit more":       {message, good + "0", false},
		"trailing newline":     {message, good + "\n", false},
		"newline instead":      {message, good[:63] + "\n", false},
		"not hex":              {message, strings.Repeat("g", 64), false},
		"64 bytes of umlauts":  {message, strings.Repeat("ü", 32), false},
		"raw digest":           {message, string(mustHex(t, good)), false},
		"twice the raw digest": {message, string(mustHex(t, good)) + string(mustHex(t, good)), false},
		"empty message":        {nil, referenceSignature("secret", ""), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, signer.Verify(tt.message, tt.signature))
			assert.True(t, signer.Verify(message, good), "a refusal must leave no state behind")
		})
	}
}

func mustHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func TestSignerIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	signer := crypto.NewSigner("key", "secret")
	start := make(chan struct{})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			<-start
			for i := range 200 {
				message := strconv.Itoa(g) + "/" + strconv.Itoa(i)
				want := referenceSignature("secret", message)
				assert.Equal(t, want, signer.Sign(message))
				assert.Equal(t, "key:"+want, signer.Token(message[:1], message[1:]))
				assert.Equal(t, want, string(signer.AppendSignature(nil, []byte(message))))
				assert.True(t, signer.Verify([]byte(message), want))
				request := crypto.Unsigned{Method: "GET", Path: "/" + message, Query: map[string]string{"a b": message}}
				assert.True(t, strings.HasSuffix(signer.SignedURL("http://h", request),
					"auth_signature="+referenceSignature("secret", signer.StringToSign(request))))
			}
		})
	}
	close(start)
	wg.Wait()
}

func TestBodyMD5(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":   "d41d8cd98f00b204e9800998ecf8427e",
		"{}": "99914b932bd37a50b983c5e7c90ae93b",
		`{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}`: "ec365a775a4cd0599faeb73354201b6f",
	}
	for body, want := range tests {
		assert.Equal(t, want, crypto.BodyMD5([]byte(body)))
	}
	assert.Equal(t, tests[""], crypto.BodyMD5(nil))
}

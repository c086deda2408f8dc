package pushertest

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // the Channels protocol prescribes MD5 for body_md5
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// signature is the server's own reading of how Channels signs, apart from the
// SDK's on purpose.
type signature struct {
	key    string
	secret []byte
}

// sum returns the hex HMAC-SHA256 of text, in lower case.
func (s signature) sum(text string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// matches reports whether sum is that of text.
func (s signature) matches(text, sum string) bool {
	return hmac.Equal([]byte(s.sum(text)), []byte(sum))
}

// matchesAuth reports whether auth is "key:signature" for the text.
func (s signature) matchesAuth(text, auth string) bool {
	key, sum, ok := strings.Cut(auth, ":")
	return ok && key == s.key && s.matches(text, sum)
}

// requestText is the string that a request's auth_signature signs.
func requestText(method, path string, params map[string]string) string {
	pairs := make([]string, 0, len(params))
	names := make([]string, 0, len(params))
	for name := range params {
		if name != "auth_signature" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		pairs = append(pairs, name+"="+params[name])
	}
	return method + "\n" + path + "\n" + strings.Join(pairs, "&")
}

func bodyMD5(body []byte) string {
	sum := md5.Sum(body) //nolint:gosec // prescribed by the protocol
	return hex.EncodeToString(sum[:])
}

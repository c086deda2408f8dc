package crypto

import (
	"encoding/hex"
	"slices"
	"strconv"
	"time"
)

// Names of the parameters that the signature adds to a query.
const (
	paramKey       = "auth_key"
	paramSignature = "auth_signature"
	paramTimestamp = "auth_timestamp"
	paramVersion   = "auth_version"
	paramBodyMD5   = "body_md5"
)

// Unsigned describes a request to sign.
type Unsigned struct {
	// Method is the HTTP method, in upper case.
	Method string
	// Path is the path as it is sent, and signed byte for byte.
	Path string
	// Query holds the parameters besides those of the signature, unescaped, with
	// names in lower case. Values of the signature's own names are ignored.
	Query map[string]string
	// BodyMD5 is the hex MD5 of the body, empty if the body is.
	BodyMD5 []byte
	// Time goes into the signature, in whole seconds. The server accepts 600
	// seconds to either side.
	Time time.Time
}

// SignedURL returns base, path and signed query. The query is signed unescaped
// and written escaped, with its parameters in the order of their names.
// (https://pusher.com/docs/channels/library_auth_reference/rest-api/#authentication)
func (s *Signer) SignedURL(base string, r Unsigned) string {
	m := s.mac()
	// buf holds the string to sign and behind it the URL: one pooled buffer, one
	// allocation for the result.
	buf := s.appendStringToSign(m.buf, &r)
	signed := len(buf)
	m.Write(buf)
	m.Sum(m.sum[:0])

	buf = append(buf, base...)
	buf = append(buf, r.Path...)
	buf = append(buf, '?')
	if len(r.Query) == 0 && isUnreserved(s.key) {
		// Nothing to escape: what was signed is what is written.
		query := len(r.Method) + len(r.Path) + 2
		buf = append(buf, buf[query:signed]...)
	} else {
		buf = s.appendParams(buf, &r, appendEscaped)
	}
	buf = append(buf, "&"+paramSignature+"="...)
	buf = hex.AppendEncode(buf, m.sum[:])
	url := string(buf[signed:])
	m.buf = buf
	s.release(m)
	return url
}

// StringToSign returns what a request's signature covers.
func (s *Signer) StringToSign(r Unsigned) string {
	return string(s.appendStringToSign(nil, &r))
}

func (s *Signer) appendStringToSign(dst []byte, r *Unsigned) []byte {
	dst = append(dst, r.Method...)
	dst = append(dst, '\n')
	dst = append(dst, r.Path...)
	dst = append(dst, '\n')
	return s.appendParams(dst, r, appendString)
}

// appendParams appends all parameters but the signature as name=value pairs,
// the parts written by write.
func (s *Signer) appendParams(dst []byte, r *Unsigned, write func([]byte, string) []byte) []byte {
	if len(r.Query) == 0 {
		return s.appendOwnParams(dst, r, write)
	}
	names := append(make([]string, 0, 12), paramKey, paramTimestamp, paramVersion)
	if len(r.BodyMD5) > 0 {
		names = append(names, paramBodyMD5)
	}
	for name := range r.Query {
		if !isSignatureParam(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for i, name := range names {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = write(dst, name)
		dst = append(dst, '=')
		switch name {
		case paramKey:
			dst = write(dst, s.key)
		case paramTimestamp:
			dst = strconv.AppendInt(dst, r.Time.Unix(), 10)
		case paramVersion:
			dst = append(dst, "1.0"...)
		case paramBodyMD5:
			dst = append(dst, r.BodyMD5...)
		default:
			dst = write(dst, r.Query[name])
		}
	}
	return dst
}

// appendOwnParams is appendParams for a request without parameters of its own, as
// most are: the signature's, in the order of their names.
func (s *Signer) appendOwnParams(dst []byte, r *Unsigned, write func([]byte, string) []byte) []byte {
	dst = append(dst, paramKey+"="...)
	dst = write(dst, s.key)
	dst = append(dst, "&"+paramTimestamp+"="...)
	dst = strconv.AppendInt(dst, r.Time.Unix(), 10)
	dst = append(dst, "&"+paramVersion+"=1.0"...)
	if len(r.BodyMD5) > 0 {
		dst = append(dst, "&"+paramBodyMD5+"="...)
		dst = append(dst, r.BodyMD5...)
	}
	return dst
}

func isSignatureParam(name string) bool {
	switch name {
	case paramKey, paramSignature, paramTimestamp, paramVersion, paramBodyMD5:
		return true
	default:
		return false
	}
}

func appendString(dst []byte, s string) []byte { return append(dst, s...) }

// appendEscaped writes every byte that is not unreserved (RFC 3986, section 2.3)
// as %XX, a space too: some servers do not read "+" as one.
func appendEscaped(dst []byte, s string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		if c := s[i]; unreserved(c) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

func isUnreserved(s string) bool {
	for i := range len(s) {
		if !unreserved(s[i]) {
			return false
		}
	}
	return true
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '-' || c == '_' || c == '.' || c == '~'
}

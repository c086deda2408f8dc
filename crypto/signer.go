package crypto

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"sync"
)

// SignatureSize is the length in bytes of a signature in hex.
const SignatureSize = 2 * sha256.Size

// A Signer makes and checks the signatures of one token, a key with its secret:
// hex HMAC-SHA256. It is safe for concurrent use and prints neither key nor
// secret.
type Signer struct {
	key  string
	macs *sync.Pool
}

// mac is a keyed HMAC with room for what is done with it. Keeping the keyed
// state saves two of the compressions that a new HMAC costs.
type mac struct {
	hash.Hash
	buf []byte
	sum [sha256.Size]byte
}

// NewSigner returns a signer for a key and its secret.
func NewSigner(key, secret string) *Signer {
	k := []byte(secret)
	return &Signer{key: key, macs: &sync.Pool{New: func() any {
		return &mac{Hash: hmac.New(sha256.New, k), buf: make([]byte, 0, 512)}
	}}}
}

// Key returns the key, which is public: clients connect with it.
func (s *Signer) Key() string { return s.key }

// Sign returns the signature of message in hex.
func (s *Signer) Sign(message string) string {
	m := s.mac()
	m.buf = append(m.buf, message...)
	m.Write(m.buf)
	m.buf = hex.AppendEncode(m.buf[:0], m.Sum(m.sum[:0]))
	signature := string(m.buf)
	s.release(m)
	return signature
}

// Token returns the key, a colon and the signature of the parts put together:
// what authorizes a client.
func (s *Signer) Token(parts ...string) string {
	m := s.mac()
	for _, part := range parts {
		m.buf = append(m.buf, part...)
	}
	m.Write(m.buf)
	m.Sum(m.sum[:0])
	m.buf = append(m.buf[:0], s.key...)
	m.buf = append(m.buf, ':')
	m.buf = hex.AppendEncode(m.buf, m.sum[:])
	token := string(m.buf)
	s.release(m)
	return token
}

// AppendSignature appends the signature of message in hex to dst.
func (s *Signer) AppendSignature(dst, message []byte) []byte {
	m := s.mac()
	m.Write(message)
	dst = hex.AppendEncode(dst, m.Sum(m.sum[:0]))
	s.release(m)
	return dst
}

// Verify reports whether signature is that of message. It takes hex in either
// case and compares in constant time.
func (s *Signer) Verify(message []byte, signature string) bool {
	var got [sha256.Size]byte
	if len(signature) != SignatureSize {
		return false
	}
	if _, err := hex.Decode(got[:], []byte(signature)); err != nil {
		return false
	}
	m := s.mac()
	m.Write(message)
	ok := hmac.Equal(got[:], m.Sum(m.sum[:0]))
	s.release(m)
	return ok
}

// String returns a fixed text.
func (s *Signer) String() string { return "crypto.Signer" }

// Format prints [Signer.String] for every verb.
func (s *Signer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

func (s *Signer) mac() *mac { return s.macs.Get().(*mac) } //nolint:forcetypeassert // New makes nothing else

// release returns m to the pool in the state in which mac hands it out. A large
// buffer is let go, so that one large message does not stay for ever.
func (s *Signer) release(m *mac) {
	m.Reset()
	if cap(m.buf) > 64<<10 {
		m.buf = make([]byte, 0, 512)
	}
	m.buf = m.buf[:0]
	s.macs.Put(m)
}

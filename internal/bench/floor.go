package main

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/url"
	"strings"

	"github.com/seed-588517f9/pusher-go/backend"
)

// Credentials of the app that all rows use.
const (
	appID  = "3"
	key    = "278d425bdf160c739803"
	secret = "7ad3773142a6692b25b8"
)

// digest is what no SDK can leave out: MD5 and a keyed HMAC, each written in hex.
// It allocates nothing.
type digest struct {
	mac hash.Hash
	sum [sha256.Size]byte
	hex [2 * sha256.Size]byte
}

func newDigest() *digest { return &digest{mac: hmac.New(sha256.New, []byte(secret))} }

func (d *digest) md5(body []byte) {
	sum := md5.Sum(body)
	hex.Encode(d.hex[:], sum[:])
}

func (d *digest) hmac(message []byte) {
	d.mac.Reset()
	d.mac.Write(message)
	hex.Encode(d.hex[:], d.mac.Sum(d.sum[:0]))
}

// signed is the work of signing one request: its body, and the string to sign
// behind its URL.
type signed struct {
	*digest
	url           string
	body, message []byte
}

// newSigned takes a request apart, and fails unless the HMAC of what it finds is the
// signature that the request carries.
func newSigned(r backend.Request) (signed, error) {
	s := signed{digest: newDigest(), url: r.URL(), body: r.Body()}
	address, err := url.Parse(s.url)
	if err != nil {
		return signed{}, errFloor // not err, which quotes the URL
	}
	params, signature, found := strings.Cut(address.RawQuery, "&auth_signature=")
	s.message = []byte(r.Method() + "\n" + address.Path + "\n" + params)
	s.hmac(s.message)
	if !found || signature != string(s.hex[:]) {
		return signed{}, errFloor
	}
	return s, nil
}

// sign does the floor's work once.
func (s signed) sign() {
	s.md5(s.body)
	s.hmac(s.message)
}

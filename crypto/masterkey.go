package crypto

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// KeySize is the length in bytes of a master key and of a shared secret.
const KeySize = 32

// MasterKey is the key from which the secrets of all encrypted channels derive.
// It never prints.
type MasterKey [KeySize]byte

// String returns a fixed text.
func (k MasterKey) String() string { return "crypto.MasterKey" }

// Format prints [MasterKey.String] for every verb.
func (k MasterKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// MarshalText returns [MasterKey.String], so that JSON and logs show no more.
func (k MasterKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// ErrMasterKeyEncoding reports a master key that is not valid base64.
var ErrMasterKeyEncoding = errors.New("encryption master key is not valid base64; make one with: openssl rand -base64 32")

// MasterKeySizeError reports a master key of the wrong length in bytes, after
// decoding.
type MasterKeySizeError int

func (e MasterKeySizeError) Error() string {
	return "encryption master key must be 32 bytes, it is " + strconv.Itoa(int(e)) + "; make one with: openssl rand -base64 32"
}

// ParseMasterKeyBase64 decodes a master key from standard base64, as `openssl
// rand -base64 32` prints it. It fails with [ErrMasterKeyEncoding] or a
// [MasterKeySizeError].
func ParseMasterKeyBase64(s string) (*MasterKey, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, ErrMasterKeyEncoding
	}
	return ParseMasterKey(string(raw))
}

// ParseMasterKey takes a master key as its 32 raw bytes, the form that other
// SDKs call deprecated. It fails with a [MasterKeySizeError].
func ParseMasterKey(raw string) (*MasterKey, error) {
	if len(raw) != KeySize {
		return nil, MasterKeySizeError(len(raw))
	}
	return (*MasterKey)([]byte(raw)), nil
}

package crypto

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"

	"golang.org/x/crypto/nacl/secretbox"
)

const nonceSize = 24

// SharedSecret returns the key of one encrypted channel: SHA-256 of the channel's
// name followed by the master key. Subscribers get it in base64 when they are
// authorized.
// (https://pusher.com/docs/channels/using_channels/encrypted-channels/)
func SharedSecret(channel string, masterKey *MasterKey) [KeySize]byte {
	var buf [256]byte
	return sha256.Sum256(append(append(buf[:0], channel...), masterKey[:]...))
}

// SealedSize returns the length of what [AppendSealed] appends for a plaintext of
// n bytes.
func SealedSize(n int) int {
	return len(`{"nonce":"","ciphertext":""}`) +
		base64.StdEncoding.EncodedLen(nonceSize) +
		base64.StdEncoding.EncodedLen(n+secretbox.Overhead)
}

// AppendSealed encrypts plaintext under a channel's shared secret (XSalsa20 with
// Poly1305) and appends the JSON text that goes over the wire:
// {"nonce":"…","ciphertext":"…"}. The nonce is read from random, which is
// crypto/rand.Reader except in tests; AppendSealed fails only if random does.
func AppendSealed(dst []byte, random io.Reader, plaintext []byte, sharedSecret *[KeySize]byte) ([]byte, error) {
	var nonce [nonceSize]byte
	if _, err := io.ReadFull(random, nonce[:]); err != nil {
		return dst, err
	}
	box := secretbox.Seal(make([]byte, 0, len(plaintext)+secretbox.Overhead), plaintext, &nonce, sharedSecret)
	dst = append(dst, `{"nonce":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, nonce[:])
	dst = append(dst, `","ciphertext":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, box)
	return append(dst, `"}`...), nil
}

var (
	// ErrSealedFormat reports data that is not {"nonce":"…","ciphertext":"…"}.
	ErrSealedFormat = errors.New("encrypted data has not the form {\"nonce\":…,\"ciphertext\":…}")
	// ErrSealedKey reports data that was encrypted under another key, or changed.
	ErrSealedKey = errors.New("encrypted data does not open with this key")
)

// Open decrypts what [AppendSealed] made, trying the secrets in turn: a rotated
// key still opens what was sealed before. It fails with [ErrSealedFormat] or
// [ErrSealedKey].
func Open(sealed []byte, sharedSecrets ...[KeySize]byte) ([]byte, error) {
	var data struct {
		Nonce      []byte `json:"nonce"`
		Ciphertext []byte `json:"ciphertext"`
	}
	if json.Unmarshal(sealed, &data) != nil || len(data.Nonce) != nonceSize || len(data.Ciphertext) < secretbox.Overhead {
		return nil, ErrSealedFormat
	}
	for i := range sharedSecrets {
		if plaintext, ok := secretbox.Open(nil, data.Ciphertext, (*[nonceSize]byte)(data.Nonce), &sharedSecrets[i]); ok {
			return plaintext, nil
		}
	}
	return nil, ErrSealedKey
}

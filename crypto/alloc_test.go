//go:build !race

package crypto_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seed-588517f9/pusher-go/crypto"
)

// Under the race detector sync.Pool drops items at random, so these counts hold
// without it only. `make cover` runs them.

func TestAllocations(t *testing.T) { //nolint:paralleltest // counting allocations allows nothing beside it
	signer := crypto.NewSigner(docKey, docSecret)
	message := []byte("1234.1234:private-foobar")
	signature := signer.Sign(string(message))
	now := time.Unix(1700000000, 0)
	sum := []byte("99914b932bd37a50b983c5e7c90ae93b")
	query := map[string]string{"filter_by_prefix": "presence-", "info": "user_count"}
	room := make([]byte, 0, 2*crypto.SignatureSize)
	zeros := make([]byte, 24)
	nonce := bytes.NewReader(zeros)
	sealed := make([]byte, 0, 1024)
	secret := new([crypto.KeySize]byte)
	master := new(crypto.MasterKey)
	plaintext := make([]byte, 100)

	tests := []struct {
		name string
		want float64
		f    func()
	}{
		{"SignedURL of a POST", 1, func() {
			signer.SignedURL("https://api-mt1.pusher.com", crypto.Unsigned{Method: "POST", Path: "/apps/3/events", BodyMD5: sum, Time: now})
		}},
		{"SignedURL with a query", 1, func() {
			signer.SignedURL("https://api-mt1.pusher.com", crypto.Unsigned{Method: "GET", Path: "/apps/3/channels", Query: query, Time: now})
		}},
		{"Token", 1, func() { signer.Token("1234.1234", ":", "private-foobar") }},
		{"Sign", 1, func() { signer.Sign("1234.1234:private-foobar") }},
		{"AppendSignature with room", 0, func() { room = signer.AppendSignature(room[:0], message) }},
		{"Verify", 0, func() { signer.Verify(message, signature) }},
		{"Verify of a wrong signature", 0, func() { signer.Verify(message, signature[1:]) }},
		{"SharedSecret", 0, func() { *secret = crypto.SharedSecret("private-encrypted-vault", master) }},
		{"AppendSealed with room", 2, func() {
			nonce.Reset(zeros)
			sealed, _ = crypto.AppendSealed(sealed[:0], nonce, plaintext, secret)
		}},
	}
	for _, tt := range tests {
		assert.InDelta(t, tt.want, testing.AllocsPerRun(1000, tt.f), 0, tt.name)
	}
}

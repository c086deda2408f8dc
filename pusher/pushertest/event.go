package pushertest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/crypto/nacl/secretbox"
)

// Event is one event on one channel, as it was sent to the HTTP API.
type Event struct {
	Channel string
	Name    string
	// Data is as sent: on an encrypted channel, the ciphertext. See [Event.Open].
	Data string
	// SocketID is the connection that does not get the event, "" for none.
	SocketID string
	// IdempotencyKey is the event's own, else that of the request's
	// X-Idempotency-Key header, else "".
	IdempotencyKey string
}

// Open returns the plaintext of an event on an encrypted channel. sharedSecret is
// the channel's, in base64, as an authorization for the channel has it. It fails
// if the data is no ciphertext, or was encrypted with another key.
func (e Event) Open(sharedSecret string) (string, error) {
	plaintext, err := openSealed(e.Data, sharedSecret)
	if err != nil {
		return "", fmt.Errorf("open event %q on %s: %w", e.Name, e.Channel, err)
	}
	return plaintext, nil
}

// sealed is the data of an event on an encrypted channel.
type sealed struct {
	nonce      [24]byte
	ciphertext []byte
}

var errNotSealed = errors.New(`data is not {"nonce":"<24 bytes in base64>","ciphertext":"<base64>"}`)

func parseSealed(data string) (sealed, error) {
	var fields map[string]*string
	if json.Unmarshal([]byte(data), &fields) != nil || len(fields) != 2 ||
		fields["nonce"] == nil || fields["ciphertext"] == nil {
		return sealed{}, errNotSealed
	}
	nonce, err := base64.StdEncoding.Strict().DecodeString(*fields["nonce"])
	if err != nil || len(nonce) != len(sealed{}.nonce) {
		return sealed{}, errNotSealed
	}
	ciphertext, err := base64.StdEncoding.Strict().DecodeString(*fields["ciphertext"])
	if err != nil || len(ciphertext) < secretbox.Overhead {
		return sealed{}, errNotSealed
	}
	return sealed{nonce: [24]byte(nonce), ciphertext: ciphertext}, nil
}

func openSealed(data, sharedSecret string) (string, error) {
	box, err := parseSealed(data)
	if err != nil {
		return "", err
	}
	key, err := base64.StdEncoding.DecodeString(sharedSecret)
	if err != nil || len(key) != 32 {
		return "", errors.New("the shared secret is not 32 bytes in base64")
	}
	plaintext, ok := secretbox.Open(nil, box.ciphertext, &box.nonce, (*[32]byte)(key))
	if !ok {
		return "", errors.New("the data was encrypted with another key")
	}
	return string(plaintext), nil
}

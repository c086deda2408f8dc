package crypto_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/crypto"
)

func secretOf(t *testing.T, channel, masterKey string) [crypto.KeySize]byte {
	t.Helper()
	key, err := crypto.ParseMasterKey(masterKey)
	require.NoError(t, err)
	return crypto.SharedSecret(channel, key)
}

func seal(t *testing.T, plaintext string, secret [crypto.KeySize]byte) []byte {
	t.Helper()
	sealed, err := crypto.AppendSealed(nil, rand.Reader, []byte(plaintext), &secret)
	require.NoError(t, err)
	return sealed
}

func TestSharedSecretDependsOnChannelAndKey(t *testing.T) {
	t.Parallel()
	other := strings.Repeat("k", 32)
	long := "private-encrypted-" + strings.Repeat("x", 300)
	secrets := map[[crypto.KeySize]byte]string{}
	for _, channel := range []string{"private-encrypted-a", "private-encrypted-b", long, long + "y"} {
		for _, key := range []string{rawMasterKey, other} {
			secrets[secretOf(t, channel, key)] = channel
		}
	}
	assert.Len(t, secrets, 8)
	assert.Equal(t, long, secrets[secretOf(t, long, other)], "the same again")
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	secret := secretOf(t, "private-encrypted-vault", rawMasterKey)
	for _, plaintext := range []string{"", "x", `{"a":"<&>\u2028"}`, "zoë 🎉", "\x00\xff", strings.Repeat("p", 7619)} {
		sealed, err := crypto.AppendSealed([]byte("before"), rand.Reader, []byte(plaintext), &secret)
		require.NoError(t, err)
		require.True(t, bytes.HasPrefix(sealed, []byte("before")))
		sealed = sealed[len("before"):]
		assert.Len(t, sealed, crypto.SealedSize(len(plaintext)))

		var fields map[string]string
		require.NoError(t, json.Unmarshal(sealed, &fields))
		assert.Len(t, fields, 2)
		nonce, err := base64.StdEncoding.DecodeString(fields["nonce"])
		require.NoError(t, err)
		assert.Len(t, nonce, 24)

		opened, err := crypto.Open(sealed, secret)
		require.NoError(t, err)
		assert.Equal(t, plaintext, string(opened))
	}
}

// The limit of 10,240 bytes an event counts what is sent.
func TestSealedSizeAtTheEventLimit(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 10240, crypto.SealedSize(7619))
	assert.Equal(t, 10244, crypto.SealedSize(7620))
}

func TestNonceIsFreshEachTime(t *testing.T) {
	t.Parallel()
	secret := secretOf(t, "private-encrypted-vault", rawMasterKey)
	one, another := seal(t, "same", secret), seal(t, "same", secret)
	assert.NotEqual(t, one, another)

	fixed := bytes.NewReader([]byte(strings.Repeat("1", 24) + strings.Repeat("2", 24)))
	first, err := crypto.AppendSealed(nil, fixed, []byte("same"), &secret)
	require.NoError(t, err)
	assert.Contains(t, string(first), base64.StdEncoding.EncodeToString([]byte(strings.Repeat("1", 24))))
	second, err := crypto.AppendSealed(nil, iotest.OneByteReader(fixed), []byte("same"), &secret)
	require.NoError(t, err)
	assert.Contains(t, string(second), base64.StdEncoding.EncodeToString([]byte(strings.Repeat("2", 24))))
	assert.Zero(t, fixed.Len(), "24 bytes a nonce, no more")
}

func TestAppendSealedFailsOnlyIfRandomDoes(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	tests := map[string]struct {
		random io.Reader
		want   error
	}{
		"fails at once":    {iotest.ErrReader(broken), broken},
		"fails midway":     {io.MultiReader(strings.NewReader("0123456789"), iotest.ErrReader(broken)), broken},
		"empty":            {strings.NewReader(""), io.EOF},
		"one byte missing": {strings.NewReader(strings.Repeat("n", 23)), io.ErrUnexpectedEOF},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secret := secretOf(t, "private-encrypted-vault", rawMasterKey)
			got, err := crypto.AppendSealed([]byte("before"), tt.random, []byte("plaintext"), &secret)
			require.ErrorIs(t, err, tt.want)
			assert.Equal(t, "before", string(got), "nothing of the plaintext")
		})
	}
}

func TestOpenTriesEverySecret(t *testing.T) {
	t.Parallel()
	const channel = "private-encrypted-vault"
	current := secretOf(t, channel, rawMasterKey)
	previous := secretOf(t, channel, strings.Repeat("p", 32))
	unknown := secretOf(t, channel, strings.Repeat("u", 32))

	for _, secret := range [][crypto.KeySize]byte{current, previous} {
		opened, err := crypto.Open(seal(t, "data", secret), current, previous)
		require.NoError(t, err)
		assert.Equal(t, "data", string(opened))
	}
	for name, secrets := range map[string][][crypto.KeySize]byte{
		"wrong secrets":    {current, previous},
		"no secrets":       nil,
		"of other channel": {secretOf(t, "private-encrypted-other", strings.Repeat("u", 32))},
	} {
		opened, err := crypto.Open(seal(t, "data", unknown), secrets...)
		require.ErrorIs(t, err, crypto.ErrSealedKey, name)
		assert.Nil(t, opened, name)
	}
}

func TestOpenRefusesWhatWasTamperedWith(t *testing.T) {
	t.Parallel()
	secret := secretOf(t, "private-encrypted-vault", rawMasterKey)
	var fields struct {
		Nonce      []byte `json:"nonce"`
		Ciphertext []byte `json:"ciphertext"`
	}
	require.NoError(t, json.Unmarshal(seal(t, "data", secret), &fields))
	encode := func() []byte {
		sealed, err := json.Marshal(fields)
		require.NoError(t, err)
		return sealed
	}
	for _, part := range [][]byte{fields.Nonce, fields.Ciphertext} {
		for i := range part {
			part[i] ^= 1
			opened, err := crypto.Open(encode(), secret)
			require.ErrorIs(t, err, crypto.ErrSealedKey)
			require.Nil(t, opened)
			part[i] ^= 1
		}
	}
	opened, err := crypto.Open(encode(), secret)
	require.NoError(t, err)
	assert.Equal(t, "data", string(opened))

	fields.Ciphertext = fields.Ciphertext[:len(fields.Ciphertext)-1]
	_, err = crypto.Open(encode(), secret)
	require.ErrorIs(t, err, crypto.ErrSealedKey)
}

func TestOpenRefusesWhatHasNotTheForm(t *testing.T) {
	t.Parallel()
	secret := secretOf(t, "private-encrypted-vault", rawMasterKey)
	const nonce, ciphertext = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY", "T027YMpqZNG6ogvNowPnNESSGmnZ"
	for name, sealed := range map[string]string{
		"empty":               ``,
		"plain text":          `hello`,
		"null":                `null`,
		"array":               `[]`,
		"string":              `"x"`,
		"empty object":        `{}`,
		"no nonce":            `{"ciphertext":"` + ciphertext + `"}`,
		"no ciphertext":       `{"nonce":"` + nonce + `"}`,
		"null fields":         `{"nonce":null,"ciphertext":null}`,
		"nonce too short":     `{"nonce":"AQID","ciphertext":"` + ciphertext + `"}`,
		"nonce too long":      `{"nonce":"` + nonce + `AQID","ciphertext":"` + ciphertext + `"}`,
		"nonce not base64":    `{"nonce":"*","ciphertext":"` + ciphertext + `"}`,
		"ciphertext short":    `{"nonce":"` + nonce + `","ciphertext":"AQID"}`,
		"ciphertext a number": `{"nonce":"` + nonce + `","ciphertext":1}`,
		"truncated":           `{"nonce":"` + nonce + `","ciphertext":"` + ciphertext,
		"trailing data":       `{"nonce":"` + nonce + `","ciphertext":"` + ciphertext + `"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opened, err := crypto.Open([]byte(sealed), secret)
			require.ErrorIs(t, err, crypto.ErrSealedFormat)
			assert.Nil(t, opened)
			assert.NotContains(t, err.Error(), nonce)
		})
	}
}

// FuzzOpen feeds Open what a webhook may carry: it must never panic, never open
// what was not sealed with the secret, and always open what was.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"nonce":"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY","ciphertext":"T027YMpqZNG6ogvNowPnNESSGmnZ6PjyVkMXp91snH0mX3uDkzFLE89pwigH3Au+dw=="}`))
	f.Add([]byte(`{"nonce":"","ciphertext":""}`))
	f.Add([]byte(`{"nonce":"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcY","ciphertext":"AAAAAAAAAAAAAAAAAAAAAA=="}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"hello":"world"}`))
	key := crypto.MasterKey([]byte(rawMasterKey))
	secret := crypto.SharedSecret("private-encrypted-vault", &key)
	f.Fuzz(func(t *testing.T, data []byte) {
		opened, err := crypto.Open(data, secret, [crypto.KeySize]byte{})
		switch {
		case err == nil:
			t.Fatalf("opened %q to %q without the secret", data, opened)
		case !errors.Is(err, crypto.ErrSealedFormat) && !errors.Is(err, crypto.ErrSealedKey):
			t.Fatalf("unexpected error: %v", err)
		}

		sealed, err := crypto.AppendSealed(nil, bytes.NewReader(make([]byte, 24)), data, &secret)
		if err != nil || len(sealed) != crypto.SealedSize(len(data)) {
			t.Fatalf("sealed %d bytes, want %d: %v", len(sealed), crypto.SealedSize(len(data)), err)
		}
		if opened, err := crypto.Open(sealed, [crypto.KeySize]byte{}, secret); err != nil || !bytes.Equal(opened, data) {
			t.Fatalf("opened to %q, want %q: %v", opened, data, err)
		}
	})
}

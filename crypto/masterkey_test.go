package crypto_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/crypto"
)

func TestParseMasterKeyBase64(t *testing.T) {
	t.Parallel()
	encode := base64.StdEncoding.EncodeToString
	good := encode([]byte(rawMasterKey))
	tests := map[string]struct {
		in   string
		want error
	}{
		"32 bytes":             {good, nil},
		"31 bytes":             {encode([]byte(rawMasterKey)[:31]), crypto.MasterKeySizeError(31)},
		"33 bytes":             {encode([]byte(rawMasterKey + "x")), crypto.MasterKeySizeError(33)},
		"empty":                {"", crypto.MasterKeySizeError(0)},
		"not base64":           {"this is not base64 at all, really, it is not", crypto.ErrMasterKeyEncoding},
		"padding missing":      {strings.TrimRight(good, "="), crypto.ErrMasterKeyEncoding},
		"padding too long":     {good + "=", crypto.ErrMasterKeyEncoding},
		"leading space":        {" " + good, crypto.ErrMasterKeyEncoding},
		"trailing space":       {good + " ", crypto.ErrMasterKeyEncoding},
		"space inside":         {good[:8] + " " + good[8:], crypto.ErrMasterKeyEncoding},
		"URL alphabet":         {base64.URLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 32)), crypto.ErrMasterKeyEncoding},
		"bits after the end":   {good[:42] + "3=", crypto.ErrMasterKeyEncoding},
		"raw, and base64 too":  {rawMasterKey, crypto.MasterKeySizeError(24)},
		"raw, not base64":      {strings.Repeat("key!", 8), crypto.ErrMasterKeyEncoding},
		"hex of the right key": {hex.EncodeToString([]byte(rawMasterKey)), crypto.MasterKeySizeError(48)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := crypto.ParseMasterKeyBase64(tt.in)
			if tt.want != nil {
				require.Equal(t, tt.want, err)
				require.Nil(t, key)
				assert.Contains(t, err.Error(), "openssl rand -base64 32")
				if tt.in != "" {
					assert.NotContains(t, err.Error(), tt.in)
				}
				return
			}
			require.NoError(t, err)
			assert.Equal(t, rawMasterKey, string(key[:]))
		})
	}
}

// `openssl rand` ends its line with a newline, and an environment variable read
// from a file keeps it.
func TestParseMasterKeyBase64TakesALineAsItIsPrinted(t *testing.T) {
	t.Parallel()
	key, err := crypto.ParseMasterKeyBase64(base64.StdEncoding.EncodeToString([]byte(rawMasterKey)) + "\n")
	require.NoError(t, err)
	assert.Equal(t, rawMasterKey, string(key[:]))
}

func TestParseMasterKey(t *testing.T) {
	t.Parallel()
	key, err := crypto.ParseMasterKey(rawMasterKey)
	require.NoError(t, err)
	assert.Equal(t, rawMasterKey, string(key[:]))

	for _, size := range []int{0, 31, 33, 44} {
		key, err := crypto.ParseMasterKey(strings.Repeat("k", size))
		require.Nil(t, key)
		var sizeError crypto.MasterKeySizeError
		require.ErrorAs(t, err, &sizeError)
		assert.Equal(t, size, int(sizeError))
		assert.EqualError(t, err, fmt.Sprintf(
			"encryption master key must be 32 bytes, it is %d; make one with: openssl rand -base64 32", size))
	}
}

const rawMasterKey = "0123456789abcdefghijklmnopqrstuv"

func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	key, err := crypto.ParseMasterKey(rawMasterKey)
	require.NoError(t, err)
	signer := crypto.NewSigner(docKey, docSecret)
	signer.Sign("so that the pool holds something")

	type holder struct {
		Key     crypto.MasterKey
		Pointer *crypto.MasterKey
		Signer  *crypto.Signer
	}
	values := map[string]any{
		"key":               key,
		"key by value":      *key,
		"signer":            signer,
		"struct":            holder{*key, key, signer},
		"pointer to struct": &holder{*key, key, signer},
		"slice":             []any{key, *key, signer},
		"map":               map[string]any{"key": *key, "signer": signer},
		"map with key":      map[crypto.MasterKey]int{*key: 1},
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for form, text := range printed(t, value) {
				assertNoSecret(t, form, text)
			}
		})
	}
	assert.Equal(t, "crypto.MasterKey", key.String())
	assert.Equal(t, "crypto.MasterKey", fmt.Sprintf("%#v", *key))
	assert.Equal(t, "crypto.Signer", signer.String())
	assert.Equal(t, "crypto.Signer", fmt.Sprintf("%+v", signer))
}

// printed returns value in every form in which programs print things.
func printed(t *testing.T, value any) map[string]string {
	t.Helper()
	forms := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		forms[verb] = fmt.Sprintf(verb, value)
	}
	encoded, err := json.Marshal(value)
	require.NoError(t, err)
	forms["json"] = string(encoded)
	var text, object bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", "value", value)
	slog.New(slog.NewJSONHandler(&object, nil)).Info("m", "value", value)
	forms["slog text"], forms["slog json"] = text.String(), object.String()
	return forms
}

func assertNoSecret(t *testing.T, form, text string) {
	t.Helper()
	decimals := strings.Trim(fmt.Sprint([]byte(rawMasterKey)[:4]), "[]")
	for _, secret := range []string{
		rawMasterKey, docSecret,
		hex.EncodeToString([]byte(rawMasterKey)), hex.EncodeToString([]byte(docSecret)),
		base64.StdEncoding.EncodeToString([]byte(rawMasterKey)),
		decimals, strings.ReplaceAll(decimals, " ", ","), "0x30, 0x31, 0x32",
	} {
		assert.NotContains(t, strings.ToLower(text), strings.ToLower(secret), form)
	}
}

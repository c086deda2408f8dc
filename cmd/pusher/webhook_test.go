package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/crypto"
)

var webhookEnv = env{"PUSHER_KEY": "app-key", "PUSHER_SECRET": testSecret}

const webhookBody = `{"time_ms":1327078148132,"events":[` +
	`{"name":"channel_occupied","channel":"news"},` +
	`{"name":"client_event","channel":"presence-a","event":"client-x","data":"{\"a\":1}\u001b","socket_id":"1.2","user_id":"ada"},` +
	`{"name":"subscription_count","channel":"news","subscription_count":3},` +
	`{"name":"client_event","channel":"private-encrypted-a","event":"client-y","data":"x","socket_id":"1.2"}]}`

func sign(body string) string { return crypto.NewSigner("app-key", testSecret).Sign(body) }

func TestWebhookVerify(t *testing.T) {
	t.Parallel()
	const problem = `invalid channel: \"private-encrypted-a\" is encrypted and there is no master key; set Config.EncryptionMasterKeyBase64`
	r := execute(t, webhookEnv, webhookBody, "webhook", "verify", "--signature", sign(webhookBody))
	assert.Equal(t, result{exitOK, "The webhook is genuine, made 2012-01-20T16:49:08.132Z.\n" +
		"NAME                CHANNEL              DETAILS\n" +
		"channel_occupied    news                 -\n" +
		`client_event        presence-a           user_id=ada event=client-x socket_id=1.2 data={"a":1}\x1b` + "\n" +
		"subscription_count  news                 subscription_count=3\n" +
		`client_event        private-encrypted-a  event=client-y socket_id=1.2 data=x error=invalid channel: "private-encrypted-a" is encrypted and there is no master key; set Config.EncryptionMasterKeyBase64` + "\n", ""}, r)

	file := filepath.Join(t.TempDir(), "body.json")
	require.NoError(t, os.WriteFile(file, []byte(webhookBody), 0o600))
	assert.Equal(t, `{"time":"2012-01-20T16:49:08.132Z","events":[`+
		`{"name":"channel_occupied","channel":"news"},`+
		`{"name":"client_event","channel":"presence-a","user_id":"ada","event":"client-x","data":"{\"a\":1}\u001b","socket_id":"1.2"},`+
		`{"name":"subscription_count","channel":"news","subscription_count":3},`+
		`{"name":"client_event","channel":"private-encrypted-a","event":"client-y","data":"x","socket_id":"1.2","error":"`+problem+`"}]}`+"\n",
		succeed(t, webhookEnv, "webhook", "verify", "--json", "--signature", sign(webhookBody), "--webhook-key", "app-key", file))
}

func TestWebhookVerifyRefuses(t *testing.T) {
	t.Parallel()
	verify := func(more ...string) []string { return append([]string{"webhook", "verify"}, more...) }
	stale := `{"time_ms":1327078148132,"events":[]}`
	for _, test := range []struct {
		name, body string
		args       []string
		code       int
		want       string
	}{
		{"a wrong signature", webhookBody + "\n", verify("--signature", sign(webhookBody)), exitRefused, "the signature is missing or wrong\nCheck key and secret"},
		{"another key", webhookBody, verify("--signature", sign(webhookBody), "--webhook-key", "other"), exitRefused, "the key is missing or unknown\nCheck key and secret"},
		{"an old webhook", stale, verify("--signature", sign(stale), "--max-age", "5m"), exitRefused, "the limit is 5m0s\nAllow more with --max-age"},
		{"something else", "[]", verify("--signature", sign("[]")), exitRefused, "the body is not a webhook"},
		{"no signature", webhookBody, verify(), exitUsage, "--signature is missing"},
		{"a bad age", webhookBody, verify("--signature", "x", "--max-age", "-5m"), exitUsage, "--max-age must be positive"},
		{"no such file", "", verify("--signature", "x", "no-such-file"), exitUsage, "no-such-file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := execute(t, webhookEnv, test.body, test.args...)
			assert.Equal(t, test.code, r.code)
			assert.Empty(t, r.stdout)
			assert.Contains(t, r.stderr, test.want)
		})
	}
}

func TestWebhookVerifyWithoutATimeOrEvents(t *testing.T) {
	t.Parallel()
	r := execute(t, webhookEnv, `{}`, "webhook", "verify", "--signature", sign(`{}`))
	assert.Equal(t, result{exitOK, "The webhook is genuine, made at an unknown time.\n", ""}, r)
	r = execute(t, webhookEnv, `{}`, "webhook", "verify", "--json", "--signature", sign(`{}`))
	assert.Equal(t, result{exitOK, `{"events":[]}` + "\n", ""}, r)
}

package backend_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
)

var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%10v"}

// leaky is a Signer that carries a secret where printing could find it.
type leaky struct{ Secret string }

func (l leaky) SignedURL(call backend.Call, _ backend.BodyMD5) string {
	return "https://h" + call.Path + "?auth_signature=" + l.Secret
}

// secrets is what no printed form may contain: as text, and as the bytes that
// "%x" and "%d" print.
func secrets() []string {
	all := []string{"auth_signature", "body_md5"}
	for _, s := range []string{querySecret, bodySecret, "signer-secret"} {
		decimals := fmt.Sprint([]byte(s))
		all = append(all, s, fmt.Sprintf("%x", s), decimals[1:len(decimals)-1])
	}
	return all
}

func TestRequestPrintsNoQueryAndNoBody(t *testing.T) {
	t.Parallel()
	req := backend.NewRequest(triggerCall(), leaky{"signer-secret"})
	const want = "trigger POST /apps/4/events (22 bytes)"
	assert.Equal(t, want, req.String())
	assert.Equal(t, want, req.Call().String())
	for _, verb := range verbs {
		assert.Equal(t, want, fmt.Sprintf(verb, req), verb)
		assert.Equal(t, want, fmt.Sprintf(verb, &req), verb)
		assert.Equal(t, want, fmt.Sprintf(verb, req.Call()), verb)
	}
	type holder struct {
		Request  backend.Request
		Pointer  *backend.Request
		Requests []backend.Request
		Call     backend.Call
	}
	held := holder{req, &req, []backend.Request{req}, req.Call()}
	for _, verb := range verbs {
		for _, value := range []any{held, &held, []any{req, req.Call()}, map[string]any{"r": req}, fmt.Errorf("failed: %v", req)} {
			assertClean(t, verb, fmt.Sprintf(verb, value))
		}
	}
}

func assertClean(t *testing.T, form, text string) {
	t.Helper()
	for _, secret := range secrets() {
		assert.NotContains(t, text, secret, form)
	}
}

func TestRequestLogsNoQueryAndNoBody(t *testing.T) {
	t.Parallel()
	req := backend.NewRequest(triggerCall(), leaky{"signer-secret"})
	var text, object bytes.Buffer
	noTime := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	for _, value := range []any{req, &req, req.Call()} {
		text.Reset()
		object.Reset()
		slog.New(slog.NewTextHandler(&text, noTime)).Info("sent", "request", value)
		slog.New(slog.NewJSONHandler(&object, noTime)).Info("sent", "request", value)
		assert.Equal(t, "level=INFO msg=sent request.op=trigger request.method=POST request.path=/apps/4/events request.bytes=22\n", text.String())
		assert.JSONEq(t, `{"level":"INFO","msg":"sent","request":{"op":"trigger","method":"POST","path":"/apps/4/events","bytes":22}}`, object.String())
	}
	text.Reset()
	object.Reset()
	slog.New(slog.NewTextHandler(&text, nil)).Info("sent", "requests", []any{req, &req, req.Call()})
	slog.New(slog.NewJSONHandler(&object, nil)).Info("sent", "requests", []any{req, &req})
	assertClean(t, "text", text.String())
	assertClean(t, "json", object.String())
}

func TestRequestMarshalsNoQueryAndNoBody(t *testing.T) {
	t.Parallel()
	req := backend.NewRequest(triggerCall(), leaky{"signer-secret"})
	for _, value := range []any{req, &req} {
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		assert.JSONEq(t, `{"op":"trigger","method":"POST","path":"/apps/4/events","bytes":22}`, string(encoded))
	}
}

func TestZeroValuesPrint(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "   (0 bytes)", fmt.Sprint(backend.Request{}))
	assert.Equal(t, "   (0 bytes)", fmt.Sprint(backend.Call{}))
}

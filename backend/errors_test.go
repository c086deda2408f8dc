package backend_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-588517f9/pusher-go/backend"
)

const (
	signature = "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"
	signedURL = "https://api-mt1.pusher.com/apps/3/events?filter=" + querySecret +
		"&auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0" +
		"&body_md5=ec365a775a4cd0599faeb73354201b6f&auth_signature=" + signature
)

// signedParts is what no error may contain of signedURL.
var signedParts = []string{
	querySecret, "278d425bdf160c739803", "1353088179", "ec365a775a4cd0599faeb73354201b6f", signature, "auth_", "body_md5",
}

func TestOutcomeString(t *testing.T) {
	t.Parallel()
	var zero backend.Outcome
	assert.Equal(t, backend.Unknown, zero, "the cautious one")
	for outcome, want := range map[backend.Outcome]string{
		backend.Unknown: "unknown", backend.NotSent: "not sent", backend.Rejected: "rejected",
		backend.Accepted: "accepted", backend.Outcome(99): "unknown", backend.Outcome(-1): "unknown",
	} {
		assert.Equal(t, want, outcome.String())
	}
}

func TestStatusErrorOutcome(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]backend.Outcome{
		101: backend.Rejected, 199: backend.Rejected,
		200: backend.Accepted, 202: backend.Accepted, 299: backend.Accepted,
		300: backend.Rejected, 302: backend.Rejected, 400: backend.Rejected, 500: backend.Rejected, 503: backend.Rejected,
	} {
		err := backend.NewStatusError("trigger", status, backend.ErrResponseTooLarge)
		assert.Equal(t, want, err.Outcome, status)
		assert.Equal(t, status, err.StatusCode)
		assert.Equal(t, "trigger", err.Op)
		assert.ErrorIs(t, err, backend.ErrResponseTooLarge)
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	for want, err := range map[string]*backend.Error{
		"trigger: no answer: cause":                          backend.NewError("trigger", backend.Unknown, cause),
		"trigger: not sent: cause":                           backend.NewError("trigger", backend.NotSent, cause),
		"trigger: answer 200 could not be read: cause":       backend.NewStatusError("trigger", 200, cause),
		"trigger: answer 500 could not be read: cause":       backend.NewStatusError("trigger", 500, cause),
		"trigger: no answer: unexpected EOF":                 backend.NewError("trigger", backend.Unknown, nil),
		"trigger: answer 200 could not be read: an EOF":      backend.NewStatusError("trigger", 200, errors.New("an EOF")),
		"trigger: not sent":                                  {Op: "trigger", Outcome: backend.NotSent},
		"trigger: no answer":                                 {Op: "trigger"},
		"trigger: no answer: GET http://h/p[redacted] \"x\"": {Op: "trigger", Err: errors.New(`GET http://h/p?auth_key=k "x"`)},
	} {
		assert.EqualError(t, err, want)
	}
}

func TestErrorUnwrapsToTheCause(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	tests := map[string]struct {
		err     error
		is      error
		timeout bool
	}{
		"canceled":                    {context.Canceled, context.Canceled, false},
		"deadline":                    {context.DeadlineExceeded, context.DeadlineExceeded, true},
		"in a url.Error":              {&url.Error{Op: "Post", URL: signedURL, Err: context.Canceled}, context.Canceled, false},
		"deadline in a url.Error":     {&url.Error{Op: "Post", URL: signedURL, Err: context.DeadlineExceeded}, context.DeadlineExceeded, true},
		"wrapped":                     {fmt.Errorf("sending: %w", context.Canceled), context.Canceled, false},
		"wrapped around a url.Error":  {fmt.Errorf("sending: %w", &url.Error{Op: "Post", URL: signedURL, Err: context.Canceled}), context.Canceled, false},
		"a timeout in what is hidden": {fmt.Errorf("sending: %w", &url.Error{Op: "Post", URL: signedURL, Err: os.ErrDeadlineExceeded}), os.ErrDeadlineExceeded, true},
		"a library's own timeout":     {os.ErrDeadlineExceeded, os.ErrDeadlineExceeded, true},
		"connection refused":          {&url.Error{Op: "Post", URL: signedURL, Err: refused}, syscall.ECONNREFUSED, false},
		"an Error of our own":         {backend.NewError("inner", backend.NotSent, io.ErrClosedPipe), io.ErrClosedPipe, false},
		"none":                        {nil, io.ErrUnexpectedEOF, false},
		"a url.Error without a cause": {&url.Error{Op: "Post", URL: signedURL}, io.ErrUnexpectedEOF, false},
		"several": {
			errors.Join(io.EOF, &url.Error{Op: "Post", URL: signedURL, Err: context.Canceled}), context.Canceled, false,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := backend.NewError("trigger", backend.Unknown, tt.err)
			require.ErrorIs(t, err, tt.is)
			assert.Equal(t, tt.timeout, err.Timeout())
			require.NotErrorIs(t, err, io.ErrNoProgress)
			for form, text := range printedError(t, err) {
				for _, part := range signedParts {
					assert.NotContains(t, text, part, form)
				}
			}
			var urlError *url.Error
			assert.NotErrorAs(t, err, &urlError, "it would hand out the URL")

			var netError interface {
				error
				Timeout() bool
			}
			require.ErrorAs(t, fmt.Errorf("outer: %w", err), &netError)
			assert.Equal(t, tt.timeout, netError.Timeout())
		})
	}
	var opError *net.OpError
	require.ErrorAs(t, backend.NewError("trigger", backend.NotSent, &url.Error{Op: "Post", URL: signedURL, Err: refused}), &opError)
}

// printedError returns err, its chain and an error around it in every form.
func printedError(t *testing.T, err *backend.Error) map[string]string {
	t.Helper()
	forms := map[string]string{}
	for i, layer := range []any{err, err.Unwrap(), fmt.Errorf("outer: %w", err), []error{err, err.Err}, struct{ E error }{err.Err}, *err} {
		for _, verb := range verbs {
			forms[fmt.Sprint(i, verb)] = fmt.Sprintf(verb, layer)
		}
		var text, object bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("m", "err", layer)
		slog.New(slog.NewJSONHandler(&object, nil)).Info("m", "err", layer)
		forms[fmt.Sprint(i, " slog text")], forms[fmt.Sprint(i, " slog json")] = text.String(), object.String()
		encoded, jsonErr := json.Marshal(layer)
		require.NoError(t, jsonErr)
		forms[fmt.Sprint(i, " json")] = string(encoded)
	}
	return forms
}

func TestErrorStripsSignedURLs(t *testing.T) {
	t.Parallel()
	inner := &url.Error{Op: "Post", URL: signedURL, Err: errors.New("connection reset by peer")}
	for name, err := range map[string]error{
		"url.Error":            inner,
		"nested":               fmt.Errorf("attempt 2: %w", inner),
		"nested twice":         fmt.Errorf("giving up: %w", fmt.Errorf("attempt 2: %w", inner)),
		"url.Error of another": &url.Error{Op: "Post", URL: signedURL, Err: inner},
		"url.Error of nested":  &url.Error{Op: "Post", URL: signedURL, Err: fmt.Errorf("proxy: %w", inner)},
		"text only":            errors.New(inner.Error()),
		"Error of nested":      &backend.Error{Op: "x", Err: fmt.Errorf("attempt: %w", inner)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, stripped := range []*backend.Error{
				backend.NewError("trigger", backend.Unknown, err),
				backend.NewStatusError("trigger", 200, err),
			} {
				for form, text := range printedError(t, stripped) {
					for _, part := range signedParts {
						assert.NotContains(t, text, part, form)
					}
				}
				assert.Contains(t, stripped.Error(), "connection reset by peer")
			}
		})
	}
}

func TestErrorForms(t *testing.T) {
	t.Parallel()
	err := backend.NewStatusError("trigger", 200, io.ErrUnexpectedEOF)
	const want = "trigger: answer 200 could not be read: unexpected EOF"
	for _, verb := range verbs {
		assert.Equal(t, want, fmt.Sprintf(verb, err), verb)
	}
	encoded, jsonErr := json.Marshal(err)
	require.NoError(t, jsonErr)
	assert.JSONEq(t, `{"op":"trigger","outcome":"accepted","status":200,"message":"`+want+`"}`, string(encoded))

	encoded, jsonErr = json.Marshal(backend.NewError("trigger", backend.NotSent, context.Canceled))
	require.NoError(t, jsonErr)
	assert.JSONEq(t, `{"op":"trigger","outcome":"not sent","message":"trigger: not sent: context canceled"}`, string(encoded))

	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("failed", "err", err)
	var line struct{ Err map[string]any }
	require.NoError(t, json.Unmarshal(log.Bytes(), &line))
	assert.Equal(t, map[string]any{"op": "trigger", "outcome": "accepted", "status": 200.0, "attempts": 0.0, "message": want}, line.Err)
}

func TestErrorAfterSeveralAttempts(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]*backend.Error{
		"trigger: no answer: cause":                              {Op: "trigger", Attempts: 1, Err: errors.New("cause")},
		"trigger: no answer after 2 attempts: cause":             {Op: "trigger", Attempts: 2, Err: errors.New("cause")},
		"trigger: not sent after 5 attempts: cause":              {Op: "trigger", Attempts: 5, Outcome: backend.NotSent, Err: errors.New("cause")},
		"trigger: not sent after 5 attempts":                     {Op: "trigger", Attempts: 5, Outcome: backend.NotSent},
		"trigger: answer 502 could not be read after 3 attempts": {Op: "trigger", Attempts: 3, StatusCode: 502},
	} {
		require.EqualError(t, err, want)
	}

	err := &backend.Error{Op: "trigger", Outcome: backend.NotSent, Attempts: 3, Err: syscall.ECONNREFUSED}
	encoded, jsonErr := json.Marshal(err)
	require.NoError(t, jsonErr)
	assert.JSONEq(t, `{"op":"trigger","outcome":"not sent","attempts":3,"message":"`+err.Error()+`"}`, string(encoded))

	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("failed", "err", err)
	assert.Contains(t, log.String(), "err.attempts=3")
}

func TestRedact(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"nothing to hide":        {"dial tcp 127.0.0.1:9: connection refused", "dial tcp 127.0.0.1:9: connection refused"},
		"empty":                  {"", ""},
		"a signed URL":           {signedURL, "https://api-mt1.pusher.com/apps/3/events[redacted]"},
		"quoted, text around":    {`Post "` + signedURL + `": EOF`, `Post "https://api-mt1.pusher.com/apps/3/events[redacted]": EOF`},
		"single quotes":          {"at '" + signedURL + "'.", "at 'https://api-mt1.pusher.com/apps/3/events[redacted]'."},
		"two URLs":               {signedURL + " and /p?auth_key=k", "https://api-mt1.pusher.com/apps/3/events[redacted] and /p[redacted]"},
		"a path and its query":   {"/apps/3/channels?info=x&auth_key=k&auth_signature=s failed", "/apps/3/channels[redacted] failed"},
		"a query alone":          {"query auth_key=k&auth_timestamp=1 is wrong", "query [redacted]"},
		"only body_md5":          {"?body_md5=ec36", "[redacted]"},
		"a string to sign":       {"POST\n/apps/3/events\nauth_key=k&auth_version=1.0", "POST\n/apps/3/events\n[redacted]"},
		"JSON with escapes":      {`{"url":"\/p?auth_key=k\u0026auth_signature=s"}`, `{"url":"\/p[redacted]"}`},
		"an unsigned query":      {"https://h/p?a=1", "https://h/p?a=1"},
		"names that only end so": {"my_auth_key=1", "my_auth_key=1"},
		"a signature alone":      {"expected " + signature + ", got x", "expected [redacted], got x"},
		"an upper-case one":      {"DA454824C97BA181A32CCC17A72625BA02771F50B50E1E7430E47A1F3F457E6C", "[redacted]"},
		"an auth token":          {"key:" + signature, "key:[redacted]"},
		"behind an escape":       {"auth_signature%3D" + signature + "%26", "auth_signature%[redacted]%26"},
		"what a server signed":   {"sign (\"POST\n/p\nauth_key=k&filter_by_prefix=a b&info=c\", secret)", "sign (\"POST\n/p\n[redacted]\", secret)"},
		"an MD5 is no secret":    {"ec365a775a4cd0599faeb73354201b6f", "ec365a775a4cd0599faeb73354201b6f"},
		"63 digits":              {signature[1:], signature[1:]},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := backend.Redact(tt.in)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, got, backend.Redact(got), "a second pass changes nothing")
		})
	}
}

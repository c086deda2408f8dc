package backend_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed-588517f9/pusher-go/backend"
)

func TestDialOutcome(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		want backend.Outcome
	}{
		"refused":               {&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}, backend.NotSent},
		"no such host":          {&net.DNSError{Err: "no such host", Name: "api.invalid", IsNotFound: true}, backend.NotSent},
		"the proxy refused":     {&net.OpError{Op: "proxyconnect", Net: "tcp", Err: syscall.ECONNREFUSED}, backend.NotSent},
		"untrusted":             {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, backend.NotSent},
		"the server is not TLS": {tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake", Conn: &net.TCPConn{}}, backend.NotSent},
		"TLS broke off later":   {tls.RecordHeaderError{Msg: "received record with version 6874"}, backend.Unknown},
		"wrapped": {
			&url.Error{Op: "Post", URL: signedURL, Err: fmt.Errorf("attempt 1: %w", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})},
			backend.NotSent,
		},
		"reset while reading": {&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}, backend.Unknown},
		"reset while writing": {&net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}, backend.Unknown},
		"closed":              {io.EOF, backend.Unknown},
		"timed out":           {context.DeadlineExceeded, backend.Unknown},
		"anything":            {errors.New("stream error"), backend.Unknown},
		"none":                {nil, backend.Unknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, backend.DialOutcome(tt.err))
		})
	}
}

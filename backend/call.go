package backend

import (
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
)

// Call is one API call as plain data: no secret, no signature, nothing that
// goes stale. It can be queued, stored as JSON and sent later; the client that
// is to send it puts a signer on it. Its printed form shows neither query nor
// body.
type Call struct {
	// Op names the operation, for logs and metrics: "trigger", "channel_users".
	// There are few different ones.
	Op string `json:"op"`
	// Method is the HTTP method: "GET" or "POST".
	Method string `json:"method"`
	// Path is the path that is signed and sent byte for byte: "/apps/4/events".
	Path string `json:"path"`
	// Query holds the parameters besides those of the signature, unescaped, with
	// names in lower case. Nil if there are none.
	Query map[string]string `json:"query,omitempty"`
	// Header is sent as it is. It is read-only, since calls share it.
	Header http.Header `json:"header,omitempty"`
	// Body is sent as it is. It is read-only and never reused. Nil if there is none.
	Body []byte `json:"body,omitempty"`
	// Idempotent says that sending the call twice does no harm: true for queries,
	// false for events.
	Idempotent bool `json:"idempotent,omitempty"`
}

// String returns operation, method, path and body size: "trigger POST
// /apps/4/events (61 bytes)".
func (c Call) String() string {
	b := make([]byte, 0, len(c.Op)+len(c.Method)+len(c.Path)+24)
	b = append(b, c.Op...)
	b = append(b, ' ')
	b = append(b, c.Method...)
	b = append(b, ' ')
	b = append(b, c.Path...)
	b = append(b, " ("...)
	b = strconv.AppendInt(b, int64(len(c.Body)), 10)
	b = append(b, " bytes)"...)
	return string(b)
}

// Format prints [Call.String] for every verb, so that "%+v" and "%#v" show no
// query and no payload either.
func (c Call) Format(f fmt.State, _ rune) { writeString(f, c.String()) }

// LogValue returns operation, method, path and body size.
func (c Call) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("op", c.Op),
		slog.String("method", c.Method),
		slog.String("path", c.Path),
		slog.Int("bytes", len(c.Body)),
	)
}

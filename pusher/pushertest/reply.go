package pushertest

import (
	"errors"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// reply is the server's answer to a request of the HTTP API.
type reply struct {
	status int
	header http.Header
	body   []byte
	// reset breaks the connection instead, truncated in the middle of the body.
	reset, truncated bool
}

// done is the result of a call that has nothing to tell.
type done struct {
	// batch says that the call was a batch.
	batch bool
}

// newReply makes an answer of a result, which becomes JSON, or of an error.
func newReply(q Quirks, result any, err error) reply {
	answer := reply{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}}
	if q.CloseConnections {
		answer.header.Set("Connection", "close")
	}
	refusal, isRefusal := errors.AsType[*apiError](err)
	switch {
	case isRefusal:
		answer.refuse(q, *refusal)
	case err != nil:
		answer.refuse(q, apiError{status: http.StatusBadRequest, reason: err.Error()})
	default:
		answer.succeed(q, result)
	}
	return answer
}

func (a *reply) succeed(q Quirks, result any) {
	nothing, ok := result.(done)
	if !ok {
		a.body = encodeJSON(result)
		return
	}
	if q.Status202 {
		a.status = http.StatusAccepted
	}
	switch {
	case q.EmptyBody:
		a.header.Del("Content-Type")
	case q.BatchObject && nothing.batch:
		a.body = []byte(`{"batch":{}}`)
	case q.OKBody:
		a.body = []byte(`{"ok":true}`)
	default:
		a.body = []byte("{}")
	}
}

func (a *reply) refuse(q Quirks, e apiError) {
	a.status = e.status
	switch {
	case e == *errNoUsers:
		a.body = []byte("{}")
	case q.FieldErrors && e.field != "":
		a.status = http.StatusUnprocessableEntity
		a.body = encodeJSON(map[string][]string{e.field: {e.reason}})
	case q.ErrorBody == ErrorNumber:
		a.body = encodeJSON(map[string]any{"error": e.reason, "code": e.status})
		if q.FailuresAs200 {
			a.status = http.StatusOK
		}
	case q.ErrorBody == ErrorName:
		name := strings.ToUpper(strings.ReplaceAll(http.StatusText(e.status), " ", "_"))
		a.body = encodeJSON(map[string]any{"error": e.reason, "code": name, "status": e.status})
	default:
		a.header.Set("Content-Type", "text/plain; charset=utf-8")
		a.body = []byte(e.reason + "\n")
	}
}

func (a *reply) write(w http.ResponseWriter) {
	if a.reset {
		breakOff(w)
	}
	maps.Copy(w.Header(), a.header)
	if !a.truncated {
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(max(len(a.body), 1)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// breakOff ends the handler and the connection, with a TCP reset where there is a
// connection of its own to be had: not over HTTP/2, whose streams share one.
func breakOff(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		// Below TLS, which would say goodbye.
		if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
			conn = secured.NetConn()
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

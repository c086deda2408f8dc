//go:build unix

package fasthttp_test

import (
	"crypto/tls"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend/internal/wire"
)

// readable waits until there is something to read on conn, if only its end.
func readable(t *testing.T, conn *net.TCPConn) {
	t.Helper()
	raw, err := conn.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		return err != syscall.EAGAIN
	}))
}

// A server closes what has been idle for too long. What is sent then is lost, and
// for an event nobody could say whether it was carried out.
func TestConnectionThatTheServerClosedIsNotUsed(t *testing.T) {
	t.Parallel()
	certificates := serveTLS(t, nil).TLS.Certificates
	for name, end := range map[string]func(w *wire.Conn){
		"closed":      func(w *wire.Conn) { _ = w.Close() },
		"reset":       (*wire.Conn).Reset,
		"stray bytes": func(w *wire.Conn) { w.Answer("HTTP/1.1 408 Request Timeout\r\n\r\n"); w.Gone() },
	} {
		for _, scheme := range []string{"http", "https"} {
			t.Run(name+" "+scheme, func(t *testing.T) {
				t.Parallel()
				leave := make(chan struct{})
				address := wire.Serve(t, func(n int, w *wire.Conn) {
					if scheme == "https" {
						w = wire.New(tls.Server(w.Conn, &tls.Config{Certificates: certificates}))
					}
					if n > 1 {
						answerAll(w, wire.OK)
						return
					}
					w.Request()
					w.Answer(wire.OK)
					<-leave
					end(w)
				})
				var conns []*net.TCPConn
				b := setup(t, &fasthttp.Client{
					TLSConfig: &tls.Config{InsecureSkipVerify: true},
					Dial: func(address string) (net.Conn, error) {
						conn, err := net.Dial("tcp", address)
						conns = append(conns, conn.(*net.TCPConn))
						return conn, err
					},
				})
				address = strings.Replace(address, "http:", scheme+":", 1)
				_, err := b.Send(t.Context(), post(address, "/"))
				require.NoError(t, err)
				close(leave)
				readable(t, conns[0])
				for range 3 {
					_, err = b.Send(t.Context(), post(address, "/"))
					require.NoError(t, err)
				}
				assert.Len(t, conns, 2, "the other one is kept")
			})
		}
	}
}

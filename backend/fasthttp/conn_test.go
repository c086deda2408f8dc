package fasthttp_test

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend/internal/wire"
)

func TestUnaskedBytesEndAConnection(t *testing.T) {
	t.Parallel()
	n := &network{handle: func(_ int, w *wire.Conn) { answerAll(w, wire.OK+"HTTP/1.1 500 Stray\r\nContent-Length: 0\r\n\r\n") }}
	b := setup(t, &fasthttp.Client{Dial: n.dial})
	for range 3 {
		res, err := b.Send(t.Context(), post(site, "/"))
		require.NoError(t, err)
		assert.Equal(t, 200, res.StatusCode)
	}
	assert.Equal(t, 3, n.opened)
}

// eager reports the end of the connection together with the last bytes, as TLS
// does.
type eager struct {
	net.Conn
	all []byte
}

func (c *eager) Read(p []byte) (int, error) {
	if c.all == nil {
		c.all, _ = io.ReadAll(c.Conn)
	}
	n := copy(p, c.all)
	c.all = c.all[n:]
	if len(c.all) == 0 {
		return n, io.EOF
	}
	return n, nil
}

func TestEndThatComesWithTheAnswer(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]error{
		wire.OK: nil,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n": nil,
		"HTTP/1.1 200 OK\r\n\r\n{}":                                        nil,
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}":                   io.ErrUnexpectedEOF,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n": io.ErrUnexpectedEOF,
	} {
		n := &network{handle: func(_ int, w *wire.Conn) {
			w.Request()
			w.Answer(answer)
		}}
		b := setup(t, &fasthttp.Client{Dial: func(address string) (net.Conn, error) {
			conn, err := n.dial(address)
			return &eager{Conn: conn}, err
		}})
		for range 2 {
			res, err := b.Send(t.Context(), post(site, "/"))
			if want != nil {
				require.ErrorIs(t, err, want)
				continue
			}
			require.NoError(t, err)
			assert.Equal(t, "{}", string(res.Body))
		}
		assert.Equal(t, 2, n.opened)
	}
}

func TestCloseAsked(t *testing.T) {
	t.Parallel()
	n := &network{handle: numbered}
	b := setup(t, &fasthttp.Client{Dial: n.dial})
	for want := int64(1); want <= 2; want++ {
		_, err := b.Send(t.Context(), post(site, "/").WithHeader("Connection", "Close"))
		require.NoError(t, err)
		assert.Equal(t, want, n.closed.Load())
	}
}

package fasthttp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend"

	"github.com/seed-588517f9/pusher-go/backend/internal/wire"
)

// fasthttp quotes what it cannot parse. Cookies and payload are not for logs.
func TestErrorsDoNotQuoteTheAnswer(t *testing.T) {
	t.Parallel()
	const secret = "answer-secret"
	const cookie = "Set-Cookie: session=" + secret + "\r\n"
	for name, tt := range map[string]struct {
		answer string
		want   backend.Outcome
		is     error
	}{
		"status line":       {answer: "HTTP/1.1 20x " + secret + "\r\n\r\n"},
		"no status":         {answer: secret + "\r\n\r\n"},
		"version":           {answer: "HTTX/1.1 200 OK\r\n" + cookie + "\r\n"},
		"no colon":          {answer: "HTTP/1.1 200 OK\r\n" + cookie + secret + "\r\n\r\n"},
		"field name":        {answer: "HTTP/1.1 200 OK\r\n" + cookie + "X\x01" + secret + ": 1\r\n\r\n"},
		"field value":       {answer: "HTTP/1.1 200 OK\r\nX: \x01" + secret + "\r\n\r\n"},
		"length":            {answer: "HTTP/1.1 200 OK\r\n" + cookie + "Content-Length: x" + secret + "\r\n\r\n"},
		"two lengths":       {answer: "HTTP/1.1 200 OK\r\n" + cookie + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", is: fasthttp.ErrDuplicateContentLength},
		"transfer encoding": {answer: "HTTP/1.1 200 OK\r\n" + cookie + "Transfer-Encoding: " + secret + "\r\n\r\n"},
		"too large":         {answer: "HTTP/1.1 200 OK\r\n" + strings.Repeat(cookie, 3000) + "\r\n", is: fasthttp.ErrSmallReadBuffer},
		"trailer": {
			answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + cookie + secret + "\r\n\r\n",
			want:   backend.Accepted,
		},
		"chunk": {
			answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n" + secret + "\r\n\r\n",
			want:   backend.Accepted,
		},
	} {
		for how, client := range map[string]*fasthttp.Client{"": {}, ", through Transport": throughTransport(&fasthttp.Client{})} {
			t.Run(name+how, func(t *testing.T) {
				t.Parallel()
				address := wire.Serve(t, func(_ int, w *wire.Conn) {
					w.Request()
					w.Answer(tt.answer)
					w.Gone()
				})
				failed := failure(t, setup(t, client), post(address, "/"))
				assert.NotContains(t, failed.Error(), secret)
				assert.NotContains(t, failed.Error(), `\x`)
				if tt.is != nil {
					require.ErrorIs(t, failed, tt.is)
				}
				if client.Transport == nil {
					assert.Equal(t, tt.want, failed.Outcome)
				}
			})
		}
	}
}

func TestRepeatedContentLength(t *testing.T) {
	t.Parallel()
	const head, end = "HTTP/1.1 200 OK\r\n", "\r\n{}"
	for name, tt := range map[string]struct {
		answer string
		fits   bool
	}{
		"twice":              {head + "Content-Length: 2\r\nX-A: 1\r\nContent-Length: 2\r\n" + end, true},
		"three times":        {head + "Content-Length: 2\r\nContent-Length:2\r\ncontent-length:  2 \r\nX-A: 1\r\n" + end, true},
		"after an interim":   {"HTTP/1.1 103 Early Hints\r\n\r\n" + head + "X-A: 1\r\nContent-Length: 2\r\nContent-Length: 2\r\n" + end, true},
		"with bare newlines": {head + "X-A: 1\nContent-Length: 2\nContent-Length: 2\r\n" + end, true},
		"not the same":       {head + "Content-Length: 2\r\nX-A: 1\r\nContent-Length: 3\r\n" + end, false},
		"the third differs":  {head + "Content-Length: 2\r\nContent-Length: 2\r\nX-A: 1\r\nContent-Length: 3\r\n" + end, false},
		"the first goes on":  {head + "Content-Length: 2\r\n 0\r\nX-A: 1\r\nContent-Length: 2\r\n" + end, false},
		"the second goes on": {head + "Content-Length: 2\r\nX-A: 1\r\nContent-Length: 2\r\n 0\r\n" + end, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connections := make(chan int, 10)
			address := wire.Serve(t, func(n int, w *wire.Conn) {
				connections <- n
				answerAll(w, tt.answer)
			})
			b := setup(t, nil)
			if !tt.fits {
				failed := failure(t, b, post(address, "/"))
				assert.Equal(t, backend.Unknown, failed.Outcome)
				return
			}
			for range 2 {
				res, err := b.Send(t.Context(), post(address, "/"))
				require.NoError(t, err)
				assert.Equal(t, "{}", string(res.Body))
				assert.Equal(t, []string{"2"}, res.Header["Content-Length"])
				assert.Equal(t, []string{"1"}, res.Header["X-A"])
			}
			assert.Len(t, connections, 1, "nothing is left in the connection")
		})
	}
}

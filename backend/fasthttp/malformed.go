package fasthttp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/valyala/fasthttp"
)

var errMalformed = errors.New("the head or the trailer of the answer cannot be read")

// unquoted returns err unless it quotes an answer that fasthttp could not parse,
// with cookies, and with payload if the server repeats that; then what was wrong.
func unquoted(err error) error {
	if !strings.Contains(err.Error(), "error when reading response ") {
		return err
	}
	if _, ok := errors.AsType[*fasthttp.ErrSmallBuffer](err); ok {
		return fmt.Errorf("%w: %w", errMalformed, fasthttp.ErrSmallReadBuffer)
	}
	for _, reason := range []error{fasthttp.ErrDuplicateContentLength, fasthttp.ErrNonNumericChars, fasthttp.ErrBadTrailer} {
		if errors.Is(err, reason) {
			return fmt.Errorf("%w: %w", errMalformed, reason)
		}
	}
	return errMalformed
}

// dropRepeatedLength takes the first Content-Length out of the head that r has
// buffered, if the second one says the same: a client may accept that (RFC 9110,
// section 8.6), and the server has carried the request out.
func dropRepeatedLength(r *bufio.Reader) bool {
	head, _ := r.Peek(r.Buffered())
	var length []byte
	var from, to int // where the first one is
	for at := 0; ; {
		line, _, complete := bytes.Cut(head[at:], []byte("\n"))
		if !complete {
			return false
		}
		next := at + len(line) + 1
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(bytes.TrimSpace(name), []byte("Content-Length")) {
			value = bytes.TrimSpace(value)
			if length != nil && !bytes.Equal(value, length) {
				return false
			}
			if length != nil {
				copy(head[to-from:to], head[:from])
				_, err := r.Discard(to - from)
				return err == nil
			}
			length, from, to = value, at, next
		}
		at = next
	}
}

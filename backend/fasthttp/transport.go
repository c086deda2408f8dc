package fasthttp

import (
	"bytes"
	"context"
	"errors"
	"net/textproto"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/seed-588517f9/pusher-go/backend"
)

// roundTrip sends by the client's own Transport. That knows no context, so it
// runs in a goroutine that owns all it touches and ends at the deadline.
func (a *attempt) roundTrip() (backend.Response, error) {
	type answer struct {
		res backend.Response
		err error
	}
	answered := make(chan answer, 1)
	request, own := a.newRequest(), *a
	go func() {
		defer fasthttp.ReleaseRequest(request)
		res, err := own.do(request)
		answered <- answer{res, err}
	}()
	timer := time.NewTimer(time.Until(a.deadline))
	defer timer.Stop()
	select {
	case answer := <-answered:
		return answer.res, answer.err
	case <-a.ctx.Done():
		return a.unknown(a.ctx.Err())
	case <-timer.C:
		return a.unknown(context.DeadlineExceeded)
	}
}

// do sends request, which is no longer a.req: that is the caller's again.
func (a *attempt) do(request *fasthttp.Request) (backend.Response, error) {
	answer := fasthttp.AcquireResponse()
	defer fasthttp.ReleaseResponse(answer)
	answer.Header.SetNoDefaultContentType(true)
	err := a.host.client.Do(request, answer)
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return a.brokenOff(answer.StatusCode(), backend.ErrResponseTooLarge)
	case errors.Is(err, fasthttp.ErrNoFreeConns):
		return a.notSent(err)
	case err != nil && backend.DialOutcome(err) == backend.NotSent:
		return a.notSent(err)
	case err != nil:
		return a.unknown(err)
	}
	res := backend.Response{StatusCode: answer.StatusCode(), Header: headerOf(&answer.Header)}
	body := bytes.NewReader(answer.Body())
	if body.Len() > 0 && a.isZipped(res.Header) {
		res.Body, err = unzip(body, res.Header, a.bodyLimit())
	} else {
		res.Body, err = backend.ReadBody(body, a.bodyLimit())
	}
	if err != nil {
		return a.brokenOff(res.StatusCode, err)
	}
	return res, nil
}

// newRequest returns the request in fasthttp's form, with copies of all that is
// the caller's.
func (a *attempt) newRequest() *fasthttp.Request {
	r := fasthttp.AcquireRequest()
	h := &r.Header
	h.DisableNormalizing()
	h.SetNoDefaultContentType(true)
	h.SetMethod(method(a.req))
	scheme := "http://"
	if a.target.tls {
		scheme = "https://"
	}
	r.SetRequestURI(scheme + a.target.host + a.target.path)
	h.SetHost(a.target.host)
	r.UseHostHeader = true
	for name, values := range a.req.Header() {
		switch {
		case name == "User-Agent":
			h.SetUserAgent(strings.Join(values, " "))
		case isOurs(name):
		default:
			for _, value := range values {
				h.Add(name, textproto.TrimString(value))
			}
		}
	}
	if a.offersGzip {
		h.Set("Accept-Encoding", "gzip")
	}
	if body := a.req.Body(); len(body) > 0 {
		r.SetBody(body)
	}
	r.SetTimeout(max(time.Until(a.deadline), 1)) // none would be no limit
	return r
}

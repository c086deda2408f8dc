package backendtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/seed-588517f9/pusher-go/backend"
)

// subject is a backend that checks what holds for every Send.
type subject struct {
	backend.Backend
	t *trial
}

// What stands for errors that Send did not return.
var (
	errHung     = errors.New("no return")
	errNilError = errors.New("a nil *backend.Error")
)

// send sends req and checks what every Send keeps to: it returns, and either a
// response or a *backend.Error, and it leaves the request as it was. It may be
// called from any goroutine.
func (b *subject) send(ctx context.Context, req backend.Request) (backend.Response, error) {
	b.t.Helper()
	header, body := req.Header().Clone(), slices.Clone(req.Body())
	res, err, returned := b.sendOrHang(ctx, req)
	if !returned {
		b.t.Errorf("Send is to return promptly once its context or its time has ended, and otherwise when the answer is there;"+
			" it did not within %s", b.t.suite.patience)
		return backend.Response{}, errHung
	}
	if failed, ok := err.(*backend.Error); ok && failed == nil { //nolint:errorlint // asks what this error is, not what it wraps
		b.t.Errorf("Send's errors are not nil; this one is a nil %T in an error", failed)
		return backend.Response{}, errNilError
	}
	if !reflect.DeepEqual(header, req.Header()) {
		b.t.Errorf("a request's header is read-only: it was %q and now is %q", header, req.Header())
	}
	if !slices.Equal(body, req.Body()) {
		b.t.Errorf("a request's body is read-only: it was %s and now is %s", excerpt(body), excerpt(req.Body()))
	}
	if err == nil {
		b.checkResponse(req, res)
	} else {
		b.checkError(req, res, err)
	}
	return res, err
}

// sendOrHang bounds how long the suite waits for a Send.
//
//nolint:revive // whether it returned says whether there is an error at all
func (b *subject) sendOrHang(ctx context.Context, req backend.Request) (backend.Response, error, bool) {
	var res backend.Response
	var err error
	returned := make(chan struct{})
	go b.t.labelled(func() { //nolint:contextcheck,gosec // the labels are set on a background context; Send gets ctx
		defer close(returned)
		defer func() {
			if reason := recover(); reason != nil {
				err = fmt.Errorf("panic: %v", reason)
			}
		}()
		res, err = b.Send(ctx, req)
	})
	if !b.t.within(returned) {
		return backend.Response{}, nil, false
	}
	return res, err, true
}

func (b *subject) checkResponse(req backend.Request, res backend.Response) {
	b.t.Helper()
	if res.StatusCode < 100 || res.StatusCode > 999 {
		b.t.Errorf("a nil error comes with a complete answer; StatusCode is %d", res.StatusCode)
	}
	if req.RetryDisabled() && res.Attempts > 1 {
		b.t.Errorf("a request with RetryDisabled is attempted once; Response.Attempts is %d", res.Attempts)
	}
}

func (b *subject) checkError(req backend.Request, res backend.Response, err error) {
	b.t.Helper()
	if !reflect.ValueOf(res).IsZero() {
		b.t.Errorf("an error comes with the zero Response; it came with status %d", res.StatusCode)
	}
	b.t.checkPrinted(err)
	var failed *backend.Error
	if !errors.As(err, &failed) || failed == nil {
		b.t.Errorf("Send's errors are of type *backend.Error; this one is a %T: %s", err, clip(err.Error()))
		return
	}
	if failed.Op != req.Op() {
		b.t.Errorf("Error.Op is the request's operation %q; it is %q", req.Op(), failed.Op)
	}
	if failed.Err == nil {
		b.t.Errorf("Error.Err is the cause; it is nil in: %v", failed)
	}
	if req.RetryDisabled() && failed.Attempts > 1 {
		b.t.Errorf("a request with RetryDisabled is attempted once; Error.Attempts is %d", failed.Attempts)
	}
	if failed.Attempts > 1 {
		return // the outcome is that of all attempts, the status the last one's
	}
	wantStatus := failed.Outcome == backend.Accepted || failed.Outcome == backend.Rejected
	if wantStatus != (failed.StatusCode != 0) {
		b.t.Errorf("an Error has a StatusCode if a status came, and then the outcome is accepted or rejected;"+
			" the outcome is %q, StatusCode %d", failed.Outcome, failed.StatusCode)
	}
}

// response sends req, which is to bring an answer with that status.
func (b *subject) response(req backend.Request, status int) backend.Response {
	b.t.Helper()
	return b.t.asResponse(status)(b.send(b.t.Context(), req))
}

func (t *trial) asResponse(status int) func(backend.Response, error) backend.Response {
	return func(res backend.Response, err error) backend.Response {
		t.Helper()
		if err != nil {
			t.Fatalf("a complete answer, here %d, is a Response whatever its status; Send returned the error: %s", status, clip(err.Error()))
		}
		if res.StatusCode != status {
			t.Fatalf("StatusCode is the answer's, %d; it is %d", status, res.StatusCode)
		}
		return res
	}
}

// failure sends req, which is to fail with one of these outcomes.
func (b *subject) failure(ctx context.Context, req backend.Request, why string, outcomes ...backend.Outcome) *backend.Error {
	b.t.Helper()
	res, err := b.send(ctx, req)
	return b.t.asFailure(res, err, why, outcomes...)
}

func (t *trial) asFailure(res backend.Response, err error, why string, outcomes ...backend.Outcome) *backend.Error {
	t.Helper()
	if err == nil {
		t.Fatalf("%s: Send returns an error of outcome %s; it returned a Response with status %d", why, names(outcomes), res.StatusCode)
	}
	var failed *backend.Error
	if !errors.As(err, &failed) || failed == nil {
		t.FailNow() // checkError has said so
	}
	if !slices.Contains(outcomes, failed.Outcome) {
		t.Errorf("%s: the outcome is %s; it is %q in: %s", why, names(outcomes), failed.Outcome, clip(failed.Error()))
	}
	return failed
}

// notSent is the outcome where nothing was sent, which not every library tells.
func (t *trial) notSent() []backend.Outcome {
	if t.suite.strict {
		return []backend.Outcome{backend.NotSent}
	}
	return []backend.Outcome{backend.NotSent, backend.Unknown}
}

func names(outcomes []backend.Outcome) string {
	quoted := make([]string, len(outcomes))
	for i, o := range outcomes {
		quoted[i] = fmt.Sprintf("%q", o)
	}
	return strings.Join(quoted, " or ")
}

// checkIs reports an error that does not match target.
func (t *trial) checkIs(err *backend.Error, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("errors.Is(err, %q) is true here; it is not for: %s", target, clip(err.Error()))
	}
}

func (t *trial) checkBody(res backend.Response, want string) {
	t.Helper()
	if string(res.Body) != want {
		t.Errorf("Response.Body is the answer's body %s; it is %s", excerpt([]byte(want)), excerpt(res.Body))
	}
}

func (t *trial) checkHeader(res backend.Response, name string, want ...string) {
	t.Helper()
	if got := res.Header.Values(name); !slices.Equal(got, want) {
		t.Errorf("Response.Header has the answer's %s: %q; it has %q", http.CanonicalHeaderKey(name), want, got)
	}
}

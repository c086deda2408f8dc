package backendtest_test

import (
	"context"
	"errors"
	"net/url"
	"testing"

	"github.com/seed-588517f9/pusher-go/backend"
)

// failing changes failures.
func failing(edit func(req backend.Request, failed *backend.Error) error) func(testing.TB) backend.Backend {
	return around(func(next sender) sender {
		return func(ctx context.Context, req backend.Request) (backend.Response, error) {
			res, err := next(ctx, req)
			if failed, ok := errors.AsType[*backend.Error](err); ok {
				return res, edit(req, failed)
			}
			return res, err
		}
	})
}

// mistaking takes one outcome for another.
func mistaking(from, to backend.Outcome) func(testing.TB) backend.Backend {
	return failing(func(_ backend.Request, failed *backend.Error) error {
		if failed.Outcome == from {
			failed.Outcome = to
		}
		return failed
	})
}

const outcomeIs = "the outcome is "

var brokenOutcomes = map[string]broken{
	"takes not sent for unknown": {
		open: mistaking(backend.NotSent, backend.Unknown),
		cases: map[string]string{
			"Failure/Refused": outcomeIs, "Failure/NoSuchHost": outcomeIs, "Failure/UntrustedCertificate": outcomeIs,
			"Failure/NoTLS": outcomeIs, "Context/EndedBefore": outcomeIs, "Context/CanceledWhileConnecting": outcomeIs,
			"Timeout/WhileConnecting": outcomeIs, "Attempts/Failed": outcomeIs,
		},
	},
	"takes unknown for not sent": {
		open: mistaking(backend.Unknown, backend.NotSent),
		cases: map[string]string{
			"Failure/Closed": outcomeIs, "Failure/Reset": outcomeIs, "Failure/HalfAHead": outcomeIs, "Failure/NoHTTP": outcomeIs,
			"Connection/ClosedOnRequest": "nothing left the process", "Connection/ResetOnRequest": "nothing left the process",
			"Context/CanceledBeforeTheAnswer": outcomeIs, "Context/CanceledWithinTheRequest": outcomeIs,
		},
	},
	"takes everything for rejected": {
		open: failing(func(_ backend.Request, failed *backend.Error) error {
			failed.Outcome = backend.Rejected
			return failed
		}),
		cases: map[string]string{
			"Failure/ClosedUnread": outcomeIs, "Failure/ResetUnread": outcomeIs, "Timeout/BeforeTheAnswer": outcomeIs,
		},
	},
	"takes accepted for unknown": {
		open: mistaking(backend.Accepted, backend.Unknown),
		cases: map[string]string{
			"Body/Truncated": outcomeIs, "Context/CanceledWithinTheBody": outcomeIs, "Timeout/WithinTheBody": outcomeIs,
			"Gzip/Corrupt": outcomeIs, "Gzip/Limit": outcomeIs, "Body/Limit": outcomeIs,
		},
	},
	"takes rejected for accepted": {
		open:  mistaking(backend.Rejected, backend.Accepted),
		cases: map[string]string{"Body/Truncated": outcomeIs, "Context/CanceledWithinTheBody": outcomeIs},
	},
	"forgets the status": {
		open: failing(func(_ backend.Request, failed *backend.Error) error {
			failed.StatusCode = 0
			return failed
		}),
		cases: map[string]string{"Body/Truncated": "Error.StatusCode is the status that came"},
	},
	"returns a plain error": {
		open:  failing(func(backend.Request, *backend.Error) error { return errors.New("failed") }),
		cases: map[string]string{"Failure/Reset": "errors are of type *backend.Error; this one is a *errors.errorString"},
	},
	"returns a nil error that is none": {
		open:  failing(func(backend.Request, *backend.Error) error { return (*backend.Error)(nil) }),
		cases: map[string]string{"Failure/Reset": "is a nil *backend.Error in an error"},
	},
	"returns a response with the error": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				res, err := next(ctx, req)
				res.StatusCode = 200
				return res, err
			}
		}),
		cases: map[string]string{"Failure/Reset": "an error comes with the zero Response"},
	},
	"panics": {
		open:  failing(func(backend.Request, *backend.Error) error { panic("no such thing") }),
		cases: map[string]string{"Failure/Reset": "panic: no such thing"},
	},
	"names another operation": {
		open: failing(func(_ backend.Request, failed *backend.Error) error {
			failed.Op = "send"
			return failed
		}),
		cases: map[string]string{"Failure/Reset": "Error.Op is the request's operation"},
	},
	"has no cause": {
		open: failing(func(_ backend.Request, failed *backend.Error) error {
			failed.Err = nil
			return failed
		}),
		cases: map[string]string{"Failure/Reset": "Error.Err is the cause"},
	},
	"hides the cause": {
		open: failing(func(_ backend.Request, failed *backend.Error) error {
			failed.Err = errors.New("something failed")
			return failed
		}),
		cases: map[string]string{
			"Failure/Refused": "errors.Is", "Context/CanceledBeforeTheAnswer": "errors.Is", "Timeout/BeforeTheAnswer": "errors.Is",
			"Body/Limit": "errors.Is", "Context/EndedBefore": "errors.Is",
		},
	},
	"shows the URL in the cause": {
		open: failing(func(req backend.Request, failed *backend.Error) error {
			failed.Err = &url.Error{Op: "Post", URL: req.URL(), Err: failed.Err}
			return failed
		}),
		cases: map[string]string{"Failure/Refused": "no error shows a URL's query"},
	},
	"shows the URL deep inside": {
		open: failing(func(req backend.Request, failed *backend.Error) error {
			failed.Err = errors.Join(failed.Err, errors.New(url.QueryEscape(req.URL())))
			return failed
		}),
		cases: map[string]string{"Failure/Refused": "no error shows a URL's query"},
	},
	"wraps the error in one with the URL": {
		open: failing(func(req backend.Request, failed *backend.Error) error {
			return &url.Error{Op: "Post", URL: req.URL(), Err: failed}
		}),
		cases: map[string]string{"Failure/Refused": "a *url.Error shows"},
	},
	"says that it made many attempts": {
		open: failing(func(_ backend.Request, failed *backend.Error) error {
			failed.Attempts = 3
			return failed
		}),
		cases: map[string]string{"Failure/Reset": "Error.Attempts is 3"},
	},
}

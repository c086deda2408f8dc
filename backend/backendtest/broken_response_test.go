package backendtest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/seed-588517f9/pusher-go/backend"
)

// editing changes answers.
func editing(edit func(res *backend.Response)) func(testing.TB) backend.Backend {
	return around(func(next sender) sender {
		return func(ctx context.Context, req backend.Request) (backend.Response, error) {
			res, err := next(ctx, req)
			if err == nil {
				edit(&res)
			}
			return res, err
		}
	})
}

var brokenResponses = map[string]broken{
	"returns nothing": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				if req.Path() == "/200" {
					return backend.Response{}, nil
				}
				return next(ctx, req)
			}
		}),
		cases: map[string]string{"Response/EveryStatus": "a nil error comes with a complete answer"},
	},
	"takes a status for an error": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				res, err := next(ctx, req)
				if res.StatusCode >= 500 {
					return backend.Response{}, backend.NewStatusError(req.Op(), res.StatusCode, errors.New("server error"))
				}
				return res, err
			}
		}),
		cases: map[string]string{"Response/EveryStatus": "is a Response whatever its status"},
	},
	"keeps one value of a header": {
		open: editing(func(res *backend.Response) {
			for name := range res.Header {
				res.Header.Set(name, res.Header.Get(name))
			}
		}),
		cases: map[string]string{"Response/Header": "Set-Cookie"},
	},
	"takes an early hint for the answer": {
		open:  editing(func(res *backend.Response) { *res = backend.Response{StatusCode: 103} }),
		cases: map[string]string{"Response/Informational": "it is 103"},
	},
	"reads a switched connection as a body": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				res, err := next(ctx, req)
				if res.StatusCode == http.StatusSwitchingProtocols {
					<-ctx.Done()
				}
				return res, err
			}
		}),
		hangs: true,
		cases: map[string]string{"Response/SwitchingProtocols": "Send is to return promptly"},
	},
	"follows redirects": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				res, err := next(ctx, req)
				if res.StatusCode >= 300 && res.StatusCode <= 399 {
					target, _ := url.Parse(req.URL())
					target, _ = target.Parse(res.Header.Get("Location"))
					return next(ctx, backend.NewRequest(backend.Call{Op: req.Op(), Method: "GET"}, signedOnce(target.String())))
				}
				return res, err
			}
		}),
		cases: map[string]string{"Response/RedirectNotFollowed": "no redirect is followed"},
	},
	"fails on an early answer": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				res, err := next(ctx, req)
				if res.StatusCode == http.StatusRequestEntityTooLarge {
					return backend.Response{}, backend.NewError(req.Op(), backend.Unknown, io.ErrClosedPipe)
				}
				return res, err
			}
		}),
		cases: map[string]string{"Response/BeforeTheBodyWasRead": "here 413"},
	},
	"reuses the body of a response": {
		open: around(func(next sender) sender {
			shared := make([]byte, 1<<10)
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				res, err := next(ctx, req)
				res.Body = shared[:copy(shared, res.Body)]
				return res, err
			}
		}),
		cases: map[string]string{"Response/Owned": "belongs to who received it"},
	},
	"reports an empty body as text": {
		open: editing(func(res *backend.Response) {
			if len(res.Body) == 0 {
				res.Body = []byte("null")
			}
		}),
		cases: map[string]string{"Body/Empty": `it is "null"`},
	},
	"keeps the first chunk": {
		open:  editing(func(res *backend.Response) { res.Body = res.Body[:min(1, len(res.Body))] }),
		cases: map[string]string{"Body/Chunked": "is the answer's body"},
	},
	"needs a length": {
		open: over(nil, func(res *http.Response) {
			if res.ContentLength < 0 && len(res.TransferEncoding) == 0 {
				res.Body = http.NoBody
			}
		}),
		cases: map[string]string{"Body/UntilClose": "is the answer's body"},
	},
	"takes a part for the whole": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				res, err := next(ctx, req)
				if failed, ok := errors.AsType[*backend.Error](err); ok && failed.StatusCode != 0 {
					return backend.Response{StatusCode: failed.StatusCode}, nil
				}
				return res, err
			}
		}),
		cases: map[string]string{
			"Body/Truncated": "broke off", "Gzip/Corrupt": "declares as gzip",
			"Body/Limit": "exceeds MaxResponseBytes",
		},
	},
	"has no limit": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				return next(ctx, req.WithMaxResponseBytes(0))
			}
		}),
		cases: map[string]string{"Body/Limit": "exceeds MaxResponseBytes", "Gzip/Limit": "one more than MaxResponseBytes"},
	},
	"has a limit of its own": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				return next(ctx, req.WithMaxResponseBytes(8<<20))
			}
		}),
		cases: map[string]string{"Body/NoLimit": "is a Response whatever its status"},
	},
	"measures after reading all": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				_, err := next(ctx, req.WithMaxResponseBytes(128<<20))
				if failed, ok := errors.AsType[*backend.Error](err); ok {
					err = backend.NewStatusError(req.Op(), failed.StatusCode, backend.ErrResponseTooLarge)
				}
				return backend.Response{}, err
			}
		}),
		cases: map[string]string{"Body/LimitStopsReading": "is not read on"},
	},
	"asks for gzip and leaves it": {
		open: over(func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") }, nil),
		cases: map[string]string{
			"Gzip/Decoded": "decoded once", "Gzip/DecodedOnce": "decoded once",
		},
	},
	"decodes twice": {
		open: editing(func(res *backend.Response) {
			if r, err := gzip.NewReader(bytes.NewReader(res.Body)); err == nil {
				res.Body, _ = io.ReadAll(r)
			}
		}),
		cases: map[string]string{"Gzip/DecodedOnce": "decoded once", "Gzip/UndeclaredStays": "is the answer's body"},
	},
	"leaves Content-Encoding": {
		open:  editing(func(res *backend.Response) { res.Header.Set("Content-Encoding", "gzip") }),
		cases: map[string]string{"Gzip/Decoded": "has no Content-Encoding any more"},
	},
	"leaves the compressed length": {
		open:  editing(func(res *backend.Response) { res.Header.Set("Content-Length", "23") }),
		cases: map[string]string{"Gzip/Decoded": "it is 23"},
	},
	"mixes up answers": {
		open: around(func(next sender) sender {
			var mu sync.Mutex
			var last backend.Response
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				res, err := next(ctx, req)
				mu.Lock()
				defer mu.Unlock()
				if last.StatusCode != 0 {
					res, last = last, res
				} else {
					last = res
				}
				return res, err
			}
		}),
		cases: map[string]string{"Sharing/ManyCallers": "gets the answer to its own request"},
	},
}

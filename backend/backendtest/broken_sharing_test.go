package backendtest_test

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/seed-588517f9/pusher-go/backend"
)

// signedOnce is a Signer that always has the same URL.
type signedOnce string

func (s signedOnce) SignedURL(backend.Call, backend.BodyMD5) string { return string(s) }

var brokenSharing = map[string]broken{
	"sends one signature again and again": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				fixed := backend.NewRequest(req.Call(), signedOnce(req.URL()))
				res, err := next(ctx, fixed)
				if err == nil && res.StatusCode == http.StatusServiceUnavailable && !req.RetryDisabled() {
					if res, err = next(ctx, fixed); err == nil {
						res.Attempts = 2
					}
				}
				return res, err
			}
		}),
		cases: map[string]string{"Attempts/FreshSignatures": "asks the request for its URL anew"},
	},
	"does not count its attempts": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				res, err := next(ctx, req)
				if err == nil && res.StatusCode == http.StatusServiceUnavailable {
					return next(ctx, req)
				}
				return res, err
			}
		}),
		cases: map[string]string{"Attempts/FreshSignatures": "Attempts is how many attempts were made"},
	},
	"retries though someone else does": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				res, err := next(ctx, req)
				if err == nil && res.StatusCode == http.StatusTooManyRequests {
					return next(ctx, req)
				}
				return res, err
			}
		}),
		cases: map[string]string{"Attempts/OneWithoutRetry": "is attempted once"},
	},
	"logs the URL for debugging": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				slog.DebugContext(ctx, "sending", slog.String("url", req.URL()))
				return next(ctx, req)
			}
		}),
		cases: map[string]string{"Response/Header": "nothing is logged that shows a URL's query"},
	},
}

package backendtest_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/seed-588517f9/pusher-go/backend"
)

var brokenRequests = map[string]broken{
	"tidies the path": {
		open: over(tidy, nil),
		cases: map[string]string{
			"Request/Target": "byte for byte", "Request/OnKeptConnection": "byte for byte",
		},
	},
	"decodes escapes in the path": {
		open:  over(func(r *http.Request) { r.URL.RawPath = "" }, nil),
		cases: map[string]string{"Request/Target": "byte for byte"},
	},
	"encodes the query anew": {
		open:  over(func(r *http.Request) { r.URL.RawQuery = r.URL.Query().Encode() }, nil),
		cases: map[string]string{"Request/Target": "byte for byte"},
	},
	"drops a header": {
		open:  over(func(r *http.Request) { r.Header.Del("X-Pusher-Library") }, nil),
		cases: map[string]string{"Request/Header": "header X-Pusher-Library is sent as it is"},
	},
	"joins the values of a header": {
		open: over(func(r *http.Request) {
			for name, values := range r.Header {
				r.Header.Set(name, strings.Join(values, ", "))
			}
		}, nil),
		cases: map[string]string{"Request/Header": "header X-Several is sent as it is"},
	},
	"writes header names in lower case": {
		open: over(func(r *http.Request) {
			for name, values := range r.Header {
				delete(r.Header, name)
				r.Header[strings.ToLower(name)] = values
			}
		}, nil),
		cases: map[string]string{"Request/Header": "canonical"},
	},
	"adds a Content-Type": {
		open: over(func(r *http.Request) {
			if r.Header.Get("Content-Type") == "" {
				r.Header.Set("Content-Type", "application/octet-stream")
			}
		}, nil),
		cases: map[string]string{"Request/NothingAdded": "no header Content-Type is sent that was not asked for"},
	},
	"lets line breaks pass": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				if strings.Contains(req.Header().Get("X-Broken"), "X-Injected") {
					req = req.WithHeader("X-Broken", "a").WithHeader("X-Injected", "b")
				}
				return next(ctx, req)
			}
		}),
		cases: map[string]string{"Request/NoInjectedHeader": "are to end nothing"},
	},
	"sends chunks": {
		open: over(func(r *http.Request) {
			if r.Body != nil {
				r.ContentLength = -1
			}
		}, nil),
		cases: map[string]string{"Request/Body": "no header Transfer-Encoding is sent"},
	},
	"leaves out the length of an empty body": {
		open: over(func(r *http.Request) {
			if r.Method == http.MethodPost && r.Body == nil {
				r.Method = "post" // for which net/http sends no length
			}
		}, nil),
		cases: map[string]string{"Request/Body": "Content-Length"},
	},
	"compresses what it sends": {
		open: over(func(r *http.Request) {
			if r.Body != nil {
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader("zip")), 3
			}
		}, nil),
		cases: map[string]string{"Request/Body": "the body is sent byte for byte"},
	},
	"sends nothing and says 200": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				if req.Path() == "/" && req.Body() == nil {
					return next(ctx, req)
				}
				return backend.Response{StatusCode: 200, Header: http.Header{}, Body: []byte("{}")}, nil
			}
		}),
		cases: map[string]string{"Request/OnKeptConnection": "a request is sent once; 0 arrived"},
	},
	"writes into the header": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				if h := req.Header(); h != nil {
					h.Set("X-Added", "1")
				}
				return next(ctx, req)
			}
		}),
		cases: map[string]string{"Sharing/RequestReused": "a request's header is read-only"},
	},
	"writes into the body": {
		open: around(func(next sender) sender {
			return func(ctx context.Context, req backend.Request) (backend.Response, error) {
				res, err := next(ctx, req)
				copy(req.Body(), bytes.ToUpper(req.Body()))
				return res, err
			}
		}),
		cases: map[string]string{"Sharing/RequestReused": "a request's body is read-only"},
	},
}

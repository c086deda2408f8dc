// Package backend is the seam between the Pusher SDK and the network: what a
// [Backend] receives, what it returns, and how it reports failure.
//
// The SDK's core builds a [Call], plain data without secrets, pairs it with a
// [Signer] to make a [Request], and hands that to a Backend, whose only job is
// to put the request on the wire byte for byte and to bring the complete answer
// back. Everything that knows the Channels API stays above the seam; everything
// that knows an HTTP library stays below it.
//
// A backend of your own needs one method. This one sends with an *http.Client
// whose CheckRedirect returns [http.ErrUseLastResponse]:
//
//	func (b *Backend) Send(ctx context.Context, req backend.Request) (backend.Response, error) {
//		if err := ctx.Err(); err != nil {
//			return backend.Response{}, backend.NewError(req.Op(), backend.NotSent, err)
//		}
//		ctx, cancel := req.AttemptContext(ctx)
//		defer cancel()
//		r, err := http.NewRequestWithContext(ctx, req.Method(), req.URL(), bytes.NewReader(req.Body()))
//		if err != nil {
//			return backend.Response{}, backend.NewError(req.Op(), backend.NotSent, err)
//		}
//		r.Header, r.GetBody = req.Header().Clone(), nil
//		res, err := b.client.Do(r)
//		if err != nil {
//			return backend.Response{}, backend.NewError(req.Op(), backend.DialOutcome(err), err)
//		}
//		defer res.Body.Close()
//		body, err := backend.ReadBody(res.Body, req.MaxResponseBytes())
//		if err != nil {
//			return backend.Response{}, backend.NewStatusError(req.Op(), res.StatusCode, err)
//		}
//		return backend.Response{StatusCode: res.StatusCode, Header: res.Header, Body: body}, nil
//	}
//
// Package backendtest proves that it keeps the contract.
//
// The package uses the standard library only, so that every backend and the
// core can meet here without bringing anything along.
package backend

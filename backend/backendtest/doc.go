// Package backendtest proves that a [backend.Backend] keeps its promises: the
// same suite that the SDK's own backends pass, for yours.
//
//	func TestMyBackend(t *testing.T) {
//		backendtest.Run(t, func(testing.TB) backend.Backend { return mybackend.New() })
//	}
//
// The suite speaks to servers of its own on 127.0.0.1, which answer, stall, break
// off and lie as a script says, and look at every byte that arrives. It checks
//
//   - that method, request target, header and body arrive byte for byte, and
//     nothing that was not asked for;
//   - that every complete answer is a [backend.Response], whatever its status, that
//     no redirect is followed and no request repeated behind the caller's back;
//   - that bodies are read to their end or to the limit, gzip decoded once;
//   - that every failure has the outcome that is true of it;
//   - that a context that ends, or a time limit, ends the Send;
//   - that connections are reused, and closed when they are of no more use;
//   - that nothing shared is written to: requests, buffers, answers;
//   - that no signed query shows in an error or a log;
//   - that no goroutine and no connection is left behind.
//
// A transport's own affairs are left to it: User-Agent, Accept, Accept-Encoding,
// Connection, and the headers of tracing.
//
// Run it with -race: that is how a buffer is caught that is reused too early.
package backendtest

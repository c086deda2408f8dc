package backendtest

import (
	"errors"
	"net/http"

	"github.com/seed-588517f9/pusher-go/backend"
)

func attemptCases() []testCase {
	return []testCase{
		{"Attempts/OneWithoutRetry", attemptsOneWithoutRetry},
		{"Attempts/FreshSignatures", attemptsFreshSignatures},
		{"Attempts/Failed", attemptsFailed},
	}
}

// again asks a client to come back, on another connection: on the same one, which
// then dies, net/http repeats a GET by itself, signature and all.
var again = reply(http.StatusServiceUnavailable, "down", "Retry-After: 0", "Connection: close")

func attemptsOneWithoutRetry(t *trial) {
	for _, answer := range []string{again, reply(429, "slow down", "Retry-After: 0"), reply(500, "failed"), reply(408, "timeout"), ""} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			srv := t.serve(func(w *wire) {
				if _, alive := w.next(); alive {
					w.answer(answer)
				}
			})
			_, _ = t.open().send(t.Context(), srv.with(method, "/"))
			srv.checkArrivals(1, "a request with RetryDisabled is attempted once")
		}
	}
}

// attempted returns req without the mark that forbids retries.
func (s *server) attempted(req backend.Request) backend.Request {
	return backend.NewRequest(req.Call(), s.signer)
}

func attemptsFreshSignatures(t *trial) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		srv := t.serve(func(w *wire) {
			if _, alive := w.next(); !alive {
				return
			}
			switch {
			case w.n == 1:
				w.answer(again)
			case w.n == 2 && method == http.MethodGet: // a POST need not be sent again then
			default:
				w.answer(ok)
				w.gone()
			}
		})
		b := t.open()
		req := srv.attempted(srv.with(method, "/"))
		res, err := b.send(t.Context(), req)
		if err != nil {
			_ = t.asFailure(res, err, "the server asked to come back and hung up the second time", backend.Unknown, backend.Rejected)
		}
		t.checkAttempts(srv, req, res, err)
	}
}

func attemptsFailed(t *trial) {
	listener := t.listen()
	srv := &server{t: t, signer: &signer{base: "http://" + listener.Addr().String(), marker: t.suite.marker}}
	_ = listener.Close()
	b := t.open()
	req := srv.attempted(srv.get("/")).WithTimeout(later)
	_ = b.failure(t.Context(), req, "the connection was refused at every attempt", backend.NotSent)
}

// checkAttempts compares what arrived with what the backend says, and the
// signatures with each other.
func (t *trial) checkAttempts(srv *server, req backend.Request, res backend.Response, err error) {
	t.Helper()
	messages := srv.arrived()
	told := res.Attempts
	var failed *backend.Error
	if errors.As(err, &failed) && failed != nil {
		told = failed.Attempts
	}
	if want := len(messages); max(told, 1) != want {
		t.Errorf("Attempts is how many attempts were made if there were more than one, else 0; %d requests arrived and it is %d", want, told)
	}
	seen := map[string]bool{}
	for _, m := range messages {
		if seen[signature(m.target)] {
			t.Errorf("each attempt asks the request for its URL anew, since a signature lives for 600 s; of %d attempts two had the same one", len(messages))
		}
		seen[signature(m.target)] = true
		t.checkMessage(m, srv, req)
	}
}

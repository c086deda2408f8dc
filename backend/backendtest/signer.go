package backendtest

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/seed-588517f9/pusher-go/backend"
)

// authKey stands for an application's key.
const authKey = "278d425bdf160c739803"

// signer makes URLs for one server, each with a signature that no other has, so
// that attempts can be told apart. It remembers them.
type signer struct {
	base   string
	marker string

	mu     sync.Mutex
	issued []string
}

// SignedURL returns a new URL for call.
func (s *signer) SignedURL(call backend.Call, sum backend.BodyMD5) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	signature := sha256.Sum256([]byte(s.marker + strconv.Itoa(len(s.issued))))
	target := call.Path + "?auth_key=" + authKey +
		"&auth_signature=" + hex.EncodeToString(signature[:]) +
		"&auth_timestamp=1353088179&auth_version=1.0"
	if len(call.Body) > 0 {
		target += "&body_md5=" + string(sum[:])
	}
	// What clients like to tidy up: escapes in both cases, escapes of what need not
	// be escaped, characters that may stay as they are, an empty value.
	target += "&filter_by_prefix=" + s.marker + "%2C%2f%3D%41+%20~,:@/-_.*!'()&info="
	s.issued = append(s.issued, target)
	return s.base + target
}

// targets returns every request target issued so far.
func (s *signer) targets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.issued)
}

// signature returns the signature in a request target.
func signature(target string) string {
	_, rest, _ := strings.Cut(target, "auth_signature=")
	value, _, _ := strings.Cut(rest, "&")
	return value
}

// request returns call as a request to s, attempted once.
func (s *server) request(call backend.Call) backend.Request {
	if call.Op == "" {
		call.Op = "conformance"
	}
	return backend.NewRequest(call, s.signer).WithoutRetry()
}

func (s *server) get(path string) backend.Request {
	return s.request(backend.Call{Op: "channels", Method: http.MethodGet, Path: path, Idempotent: true})
}

func (s *server) post(path string) backend.Request {
	return s.postBody(path, []byte(`{"name":"my-event","channels":["my-channel"],"data":"{}"}`))
}

func (s *server) postBody(path string, body []byte) backend.Request {
	return s.request(backend.Call{
		Op: "trigger", Method: http.MethodPost, Path: path,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   body,
	})
}

// with returns a GET or a POST.
func (s *server) with(method, path string) backend.Request {
	if method == http.MethodGet {
		return s.get(path)
	}
	return s.post(path)
}

// both returns a GET and a POST.
func (s *server) both(path string) []backend.Request {
	return []backend.Request{s.get(path), s.post(path)}
}

package pushertest

import (
	"net/http"
	"strconv"
	"time"
)

// signatureLifetime is how far a request's timestamp may be from the server's
// clock, in either direction.
const signatureLifetime = 600 * time.Second

func unauthorized(format string, args ...any) *apiError {
	return refuse(http.StatusUnauthorized, format, args...)
}

// verify checks a request's signature. The reasons say what is wrong, never what
// would have been right: an answer may end up in a log.
// (https://pusher.com/docs/channels/library_auth_reference/rest-api/#authentication)
func (a *App) verify(method, path string, query map[string]string, body []byte, now time.Time) error {
	for _, name := range []string{"auth_key", "auth_timestamp", "auth_version", "auth_signature"} {
		if query[name] == "" {
			return unauthorized("the parameter %s is missing", name)
		}
	}
	if query["auth_key"] != a.sign.key {
		return unauthorized("auth_key is not that of this app")
	}
	if query["auth_version"] != "1.0" {
		return unauthorized("auth_version must be 1.0")
	}
	if err := verifyTime(query["auth_timestamp"], now.Unix()); err != nil {
		return err
	}
	sum, ok := query["body_md5"]
	switch {
	case len(body) == 0 && ok && a.srv.cfg.Quirks.RefuseEmptyMD5:
		return unauthorized("body_md5 must be absent where there is no body")
	case len(body) > 0 && !ok:
		return unauthorized("the parameter body_md5 is missing")
	case ok && sum != bodyMD5(body):
		return unauthorized("body_md5 is not the MD5 of the body in lower-case hex")
	}
	if !a.sign.matches(requestText(method, path, query), query["auth_signature"]) {
		return unauthorized("auth_signature is wrong: check the secret, and that path and parameters are signed as they are sent")
	}
	return nil
}

func verifyTime(timestamp string, now int64) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || !onlyDigits(timestamp) {
		return unauthorized("auth_timestamp must be a time in Unix seconds")
	}
	// Compared without a subtraction, which a huge timestamp would overflow.
	if lifetime := int64(signatureLifetime / time.Second); seconds < now-lifetime || seconds > now+lifetime {
		return unauthorized("auth_timestamp is more than %d seconds from the server's time, which is %d", lifetime, now)
	}
	return nil
}

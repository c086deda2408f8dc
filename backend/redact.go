package backend

import "regexp"

var (
	// signedQuery matches from a parameter of the signature to the end of the
	// query, with whatever of the query comes before it.
	signedQuery = regexp.MustCompile(`[?]?[^\s"'?]*\b(?:auth_(?:key|timestamp|version|signature)|body_md5)=[^\s"']*`)
	// hexSum matches what an HMAC-SHA256 looks like, also behind an escaped "=":
	// "auth_signature%3Dda45…".
	hexSum = regexp.MustCompile(`[0-9a-fA-F]{64,}`)
)

// Redact returns text with every signed query and every signature in it
// replaced. Libraries put URLs into their errors, and servers repeat in a 401
// what they were sent: what comes from either passes through here before it is
// printed.
func Redact(text string) string {
	text = signedQuery.ReplaceAllString(text, "[redacted]")
	return hexSum.ReplaceAllString(text, "[redacted]")
}

package backend

import "regexp"

var (
	// inURL matches the query of a signed URL, which has no spaces.
	inURL = regexp.MustCompile(`\?[^\s"'?]*\b` + signatureParam + `[^\s"']*`)
	// bare matches a query without a URL, as servers show what they signed: it is
	// unescaped, so only a quote or the end of the line ends it.
	bare = regexp.MustCompile(`[^\s"'?]*\b` + signatureParam + `[^"'\n]*`)
	// hexSum matches what an HMAC-SHA256 looks like, also behind an escaped "=":
	// "auth_signature%3Dda45…".
	hexSum = regexp.MustCompile(`[0-9a-fA-F]{64,}`)
)

const signatureParam = `(?:auth_(?:key|timestamp|version|signature)|body_md5)=`

// Redact returns text with every signed query and every signature in it
// replaced. Libraries put URLs into their errors, and servers repeat in a 401
// what they were sent: what comes from either passes through here before it is
// printed.
func Redact(text string) string {
	text = inURL.ReplaceAllString(text, "[redacted]")
	text = bare.ReplaceAllString(text, "[redacted]")
	return hexSum.ReplaceAllString(text, "[redacted]")
}

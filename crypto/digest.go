package crypto

import (
	"crypto/md5" //nolint:gosec // the Channels protocol prescribes MD5 for body_md5; the HMAC is what protects
	"encoding/hex"
)

// BodyMD5 returns the hex MD5 of a request body, as the parameter body_md5 has it.
func BodyMD5(body []byte) string {
	sum := md5.Sum(body) //nolint:gosec // prescribed by the protocol
	return hex.EncodeToString(sum[:])
}

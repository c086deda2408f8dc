package backend

import (
	"crypto/tls"
	"errors"
	"net"
)

// DialOutcome returns [NotSent] if err, or what it wraps, shows that no
// connection was made to send on: the name was not found, the connection refused,
// or the server's certificate not trusted. Of any other error it returns
// [Unknown]. It is for backends whose library tells no more than an error built
// on package net's.
func DialOutcome(err error) Outcome {
	var (
		unknownHost *net.DNSError
		untrusted   *tls.CertificateVerificationError
		notTLS      tls.RecordHeaderError
		network     *net.OpError
	)
	switch {
	case errors.As(err, &unknownHost), errors.As(err, &untrusted):
		return NotSent
	case errors.As(err, &notTLS) && notTLS.Conn != nil: // set for the first record only
		return NotSent
	case errors.As(err, &network) && (network.Op == "dial" || network.Op == "proxyconnect"):
		return NotSent
	default:
		return Unknown
	}
}

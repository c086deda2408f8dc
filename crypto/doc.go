// Package crypto holds the cryptography of the Channels protocol as pure
// functions: signing requests and authorizations, verifying webhooks, and
// end-to-end encryption.
//
// The SDK's core uses it; import it directly to sign or verify outside a client,
// in a proxy or a test. Everything is safe for concurrent use, and nothing prints
// a secret.
package crypto

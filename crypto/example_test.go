package crypto_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/seed-588517f9/pusher-go/crypto"
)

func ExampleNewSigner() {
	signer := crypto.NewSigner("278d425bdf160c739803", "7ad3773142a6692b25b8")
	fmt.Println(signer.Key())
	fmt.Println(signer) // prints no secret
	// Output:
	// 278d425bdf160c739803
	// crypto.Signer
}

// The worked example of the HTTP API's documentation.
func ExampleSigner_SignedURL() {
	signer := crypto.NewSigner("278d425bdf160c739803", "7ad3773142a6692b25b8")
	body := []byte(`{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}`)
	fmt.Println(signer.SignedURL("https://api-mt1.pusher.com", crypto.Unsigned{
		Method:  "POST",
		Path:    "/apps/3/events",
		BodyMD5: []byte(crypto.BodyMD5(body)),
		Time:    time.Unix(1353088179, 0),
	}))
	// Output:
	// https://api-mt1.pusher.com/apps/3/events?auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0&body_md5=ec365a775a4cd0599faeb73354201b6f&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c
}

// The query is signed as it is and sent escaped.
func ExampleSigner_StringToSign() {
	signer := crypto.NewSigner("key", "secret")
	fmt.Println(signer.StringToSign(crypto.Unsigned{
		Method: "GET",
		Path:   "/apps/3/channels",
		Query:  map[string]string{"filter_by_prefix": "a b&x#f"},
		Time:   time.Unix(1353088179, 0),
	}))
	// Output:
	// GET
	// /apps/3/channels
	// auth_key=key&auth_timestamp=1353088179&auth_version=1.0&filter_by_prefix=a b&x#f
}

// Token authorizes a client for a private channel.
func ExampleSigner_Token() {
	signer := crypto.NewSigner("278d425bdf160c739803", "7ad3773142a6692b25b8")
	fmt.Println(signer.Token("1234.1234", ":", "private-foobar"))
	// Output:
	// 278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4
}

func ExampleSigner_Sign() {
	signer := crypto.NewSigner("278d425bdf160c739803", "7ad3773142a6692b25b8")
	fmt.Println(signer.Sign(`1234.1234::user::{"id":"12345"}`))
	// Output:
	// 4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba
}

func ExampleSigner_AppendSignature() {
	signer := crypto.NewSigner("278d425bdf160c739803", "7ad3773142a6692b25b8")
	header := []byte("X-Pusher-Signature: ")
	fmt.Println(string(signer.AppendSignature(header, []byte(`{"time_ms":1327078148132,"events":[]}`))))
	// Output:
	// X-Pusher-Signature: 8e5d35b04108fb4f599cb15f99f30b50c5fca6cf3a9e85d2b34188d12a8b93dc
}

// Verify checks the signature of a webhook's body.
func ExampleSigner_Verify() {
	signer := crypto.NewSigner("278d425bdf160c739803", "7ad3773142a6692b25b8")
	signature := "8e5d35b04108fb4f599cb15f99f30b50c5fca6cf3a9e85d2b34188d12a8b93dc"
	fmt.Println(signer.Verify([]byte(`{"time_ms":1327078148132,"events":[]}`), signature))
	fmt.Println(signer.Verify([]byte(`{"time_ms":1327078148132,"events":[{}]}`), signature))
	// Output:
	// true
	// false
}

func ExampleBodyMD5() {
	fmt.Println(crypto.BodyMD5([]byte("{}")))
	// Output: 99914b932bd37a50b983c5e7c90ae93b
}

func ExampleParseMasterKeyBase64() {
	key, err := crypto.ParseMasterKeyBase64("yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc=")
	fmt.Println(key, err) // prints no key

	_, err = crypto.ParseMasterKeyBase64("c2hvcnQ=")
	fmt.Println(err)
	// Output:
	// crypto.MasterKey <nil>
	// encryption master key must be 32 bytes, it is 5; make one with: openssl rand -base64 32
}

func ExampleParseMasterKey() {
	_, err := crypto.ParseMasterKey("too short")
	fmt.Println(err)
	// Output: encryption master key must be 32 bytes, it is 9; make one with: openssl rand -base64 32
}

func ExampleSharedSecret() {
	key, err := crypto.ParseMasterKeyBase64("yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc=")
	if err != nil {
		fmt.Println(err)
		return
	}
	secret := crypto.SharedSecret("private-encrypted-vault", key)
	fmt.Println(base64.StdEncoding.EncodeToString(secret[:]))
	// Output: 2h7bO182qfvzNE3HBhjw2D5yXI6DKEzfV2cOxaYH7WY=
}

func ExampleAppendSealed() {
	key, err := crypto.ParseMasterKeyBase64("yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc=")
	if err != nil {
		fmt.Println(err)
		return
	}
	secret := crypto.SharedSecret("private-encrypted-vault", key)
	plaintext := []byte("hello")
	sealed, err := crypto.AppendSealed(nil, rand.Reader, plaintext, &secret)
	fmt.Println(len(sealed) == crypto.SealedSize(len(plaintext)), err)
	// Output: true <nil>
}

// Open takes several secrets, so that what was sealed before a key was replaced
// still opens.
func ExampleOpen() {
	current, previous := [crypto.KeySize]byte{1}, [crypto.KeySize]byte{2}
	sealed, err := crypto.AppendSealed(nil, rand.Reader, []byte("hello"), &previous)
	if err != nil {
		fmt.Println(err)
		return
	}
	opened, err := crypto.Open(sealed, current, previous)
	fmt.Println(string(opened), err)

	_, err = crypto.Open(sealed, current)
	fmt.Println(err)
	// Output:
	// hello <nil>
	// encrypted data does not open with this key
}

// Package e2e has no code of its own. Its tests run real clients against
// pushertest.Server, authorized and triggered by this SDK: pusher-js under Node
// and in Chromium, and the official server SDKs for Node and Python. It is a
// module beside the SDK's, so that what drives a browser reaches no user.
//
// "make e2e" installs the clients and runs the tests.
package e2e

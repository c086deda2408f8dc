// Quickstart triggers one event. It reads the app from PUSHER_URL:
//
//	PUSHER_URL=https://KEY:SECRET@api-eu.pusher.com/apps/APP_ID go run ./examples/quickstart
//
// main.go is the example of the README, line for line; a test compares them.
package main

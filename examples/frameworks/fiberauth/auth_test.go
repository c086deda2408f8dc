package fiberauth_test

import (
	"net/http"
	"testing"

	"github.com/gofiber/fiber/v3"

	"github.com/seed-588517f9/pusher-go/examples/frameworks/fiberauth"
	"github.com/seed-588517f9/pusher-go/examples/frameworks/internal/authtest"
	"github.com/seed-588517f9/pusher-go/pusher"
)

func TestChannelAuth(t *testing.T) {
	t.Parallel()
	app := fiber.New()
	app.Post("/pusher/auth", fiberauth.ChannelAuth(authtest.Client(t), func(c fiber.Ctx, channel string) (pusher.Member, bool) {
		return authtest.Allow(c.Get(authtest.UserHeader), channel)
	}))
	authtest.Run(t, func(r *http.Request) (*http.Response, error) {
		return app.Test(r, fiber.TestConfig{Timeout: 0})
	})
}

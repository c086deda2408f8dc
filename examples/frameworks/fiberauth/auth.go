// Package fiberauth authorizes subscriptions in a fiber app.
package fiberauth

import (
	"strings"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/log"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// Allow says whether the user behind a request may subscribe to the channel, and
// as which member if it is a presence channel.
type Allow func(c fiber.Ctx, channel string) (member pusher.Member, allowed bool)

// ChannelAuth returns the handler for POST /pusher/auth. It answers 403 where
// allow says no, and 400 to what is malformed or cannot be authorized. The form's
// size is bounded by fiber.Config.BodyLimit: 4 MiB unless the app says otherwise.
func ChannelAuth(client *pusher.Client, allow Allow) fiber.Handler {
	return func(c fiber.Ctx) error {
		// ParseAuthRequest copies what it needs: fiber reuses the memory of Body.
		req, err := pusher.ParseAuthRequest(c.Body())
		if err != nil {
			return fiber.ErrBadRequest
		}
		member, allowed := allow(c, req.Channel)
		if !allowed {
			return fiber.ErrForbidden
		}
		var presence *pusher.Member // nil but on presence channels
		if strings.HasPrefix(req.Channel, "presence-") {
			presence = &member
		}
		auth, err := client.AuthorizeChannel(req.SocketID, req.Channel, presence)
		if err != nil {
			log.WithContext(c).Error(err) // for the app, not for the client
			return fiber.ErrBadRequest
		}
		c.Set(fiber.HeaderCacheControl, "no-store")
		return c.JSON(auth)
	}
}

// Package echoauth authorizes subscriptions in an echo app.
package echoauth

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// maxForm bounds the form that a client posts: 64 KiB.
const maxForm = 64 << 10

// Allow says whether the user behind a request may subscribe to the channel, and
// as which member if it is a presence channel.
type Allow func(c echo.Context, channel string) (member pusher.Member, allowed bool)

// ChannelAuth returns the handler for POST /pusher/auth. It answers 403 where
// allow says no, 400 to what is malformed or cannot be authorized, and 413 to a
// form over 64 KiB.
func ChannelAuth(client *pusher.Client, allow Allow) echo.HandlerFunc {
	return func(c echo.Context) error {
		body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, maxForm))
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			return echo.ErrStatusRequestEntityTooLarge
		}
		if err != nil {
			return echo.ErrBadRequest
		}
		req, err := pusher.ParseAuthRequest(body)
		if err != nil {
			return echo.ErrBadRequest
		}
		member, allowed := allow(c, req.Channel)
		if !allowed {
			return echo.ErrForbidden
		}
		var presence *pusher.Member // nil but on presence channels
		if strings.HasPrefix(req.Channel, "presence-") {
			presence = &member
		}
		auth, err := client.AuthorizeChannel(req.SocketID, req.Channel, presence)
		if err != nil {
			return echo.ErrBadRequest.WithInternal(err) // for the app's log, not for the client
		}
		c.Response().Header().Set("Cache-Control", "no-store")
		return c.JSON(http.StatusOK, auth)
	}
}

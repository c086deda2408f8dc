// Package ginauth authorizes subscriptions in a gin app.
package ginauth

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/seed-588517f9/pusher-go/pusher"
)

// maxForm bounds the form that a client posts: 64 KiB.
const maxForm = 64 << 10

// Allow says whether the user behind a request may subscribe to the channel, and
// as which member if it is a presence channel.
type Allow func(c *gin.Context, channel string) (member pusher.Member, allowed bool)

// ChannelAuth returns the handler for POST /pusher/auth. It answers 403 where
// allow says no, 400 to what is malformed or cannot be authorized, and 413 to a
// form over 64 KiB.
func ChannelAuth(client *pusher.Client, allow Allow) gin.HandlerFunc {
	return func(c *gin.Context) {
		body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxForm))
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			c.AbortWithStatus(http.StatusRequestEntityTooLarge)
			return
		}
		if err != nil {
			c.AbortWithStatus(http.StatusBadRequest)
			return
		}
		req, err := pusher.ParseAuthRequest(body)
		if err != nil {
			c.AbortWithStatus(http.StatusBadRequest)
			return
		}
		member, allowed := allow(c, req.Channel)
		if !allowed {
			c.AbortWithStatus(http.StatusForbidden)
			return
		}
		var presence *pusher.Member // nil but on presence channels
		if strings.HasPrefix(req.Channel, "presence-") {
			presence = &member
		}
		auth, err := client.AuthorizeChannel(req.SocketID, req.Channel, presence)
		if err != nil {
			_ = c.AbortWithError(http.StatusBadRequest, err) // kept in c.Errors for the app's log
			return
		}
		c.Header("Cache-Control", "no-store")
		c.JSON(http.StatusOK, auth)
	}
}

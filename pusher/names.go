package pusher

import (
	"net"
	"strings"
	"unicode/utf8"
)

// Prefixes that give a channel its kind.
// (https://pusher.com/docs/channels/using_channels/channels/)
const (
	privatePrefix   = "private-"
	presencePrefix  = "presence-"
	encryptedPrefix = "private-encrypted-"
	userPrefix      = "#server-to-user-"
)

// UserChannel returns the channel on which a signed-in user receives events:
// "#server-to-user-" and the id. Events take it as a channel; [Client.SendToUser]
// is the short form.
func UserChannel(userID string) string { return userPrefix + userID }

func isEncrypted(channel string) bool { return strings.HasPrefix(channel, encryptedPrefix) }
func isPresence(channel string) bool  { return strings.HasPrefix(channel, presencePrefix) }
func isPrivate(channel string) bool   { return strings.HasPrefix(channel, privatePrefix) }

// nameBytes holds the characters of channels, of sign-in user ids and of ids in
// paths. None of them needs escaping in a path or in JSON.
var nameBytes = func() (set [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-=@,.;") {
		set[c] = true
	}
	return set
}()

func isName(s string) bool {
	rest := s
	for len(rest) >= 4 {
		if !nameBytes[rest[0]] || !nameBytes[rest[1]] || !nameBytes[rest[2]] || !nameBytes[rest[3]] {
			return false
		}
		rest = rest[4:]
	}
	for i := range len(rest) {
		if !nameBytes[rest[i]] {
			return false
		}
	}
	return s != ""
}

// checkName checks a channel's name or a user's id.
func checkName(field, name string, most int) error {
	switch {
	case name == "":
		return invalid(field, "is empty")
	case len(name) > most:
		return invalid(field, "is longer than %d characters", most)
	case !isName(name):
		return invalid(field, "%s has characters outside A–Z a–z 0–9 _ - = @ , . ;", quoted(name))
	default:
		return nil
	}
}

// checkChannel checks a channel that is queried or authorized. Dots alone are
// refused, since they would mean another path.
func (c *Client) checkChannel(field, channel string) error {
	if strings.HasPrefix(channel, "#") {
		return invalid(field, "%s: channels that begin with # take events only", quoted(channel))
	}
	if err := checkName(field, channel, c.limits.ChannelName); err != nil {
		return err
	}
	if channel == "." || channel == ".." {
		return invalid(field, "%s is not a channel", quoted(channel))
	}
	return nil
}

// checkEventChannel checks a channel that an event is sent to, which may be a
// user's.
func (c *Client) checkEventChannel(channel string) error {
	const field = "channel"
	if id, ok := strings.CutPrefix(channel, userPrefix); ok {
		return c.checkUserID(field, id)
	}
	if strings.HasPrefix(channel, "#") {
		return invalid(field, "%s begins with #, which is reserved: use UserChannel(id) or SendToUser", quoted(channel))
	}
	return checkName(field, channel, c.limits.ChannelName)
}

// checkUserID checks the id of a user who signs in, which goes into channels and
// paths.
func (c *Client) checkUserID(field, id string) error {
	if id == "." || id == ".." {
		return invalid(field, "%s is not a user id", quoted(id))
	}
	return checkName(field, id, c.limits.ChannelName)
}

// checkEvent checks an event's name.
func (c *Client) checkEvent(field, name string) error {
	switch {
	case name == "":
		return invalid(field, "is empty")
	case len(name) > c.limits.EventName && utf8.RuneCountInString(name) > c.limits.EventName:
		return invalid(field, "is longer than %d characters", c.limits.EventName)
	case strings.HasPrefix(name, "pusher:") || strings.HasPrefix(name, "pusher_internal:"):
		return invalid(field, "%s: names that begin with pusher: or pusher_internal: are reserved", quoted(name))
	case !utf8.ValidString(name):
		return invalid(field, "%s is not valid UTF-8", quoted(name))
	default:
		return nil
	}
}

// checkSocketID checks for digits.digits and nothing else: a colon or a newline
// would let a client have another string signed.
func checkSocketID(id string) error {
	if whole, fraction, ok := strings.Cut(id, "."); ok && isDigits(whole) && isDigits(fraction) && len(id) <= 128 {
		return nil
	}
	return invalid("socket_id", "%s is not a socket id: want digits.digits, like 1234.5678", quoted(id))
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func isAppID(s string) bool {
	return only(s, func(c byte) bool { return isAlphanumeric(c) || c == '_' || c == '-' })
}

func isKey(s string) bool {
	return only(s, func(c byte) bool {
		return isAlphanumeric(c) || c == '_' || c == '-' || c == '.' || c == '~'
	})
}

func isCluster(s string) bool {
	return only(s, func(c byte) bool { return isAlphanumeric(c) || c == '-' })
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// only reports whether s is not empty and has no byte that allowed refuses.
func only(s string, allowed func(byte) bool) bool {
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return s != ""
}

// checkHost checks for a host name or an address, without scheme, port or path.
func checkHost(host string) error {
	const field = "Config.Host"
	switch bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"); {
	case strings.Contains(host, "://"):
		return invalid(field, "must not have a scheme; set DisableTLS for http")
	case strings.Contains(host, "/"):
		return invalid(field, "must not have a path; set PathPrefix")
	case net.ParseIP(bare) != nil:
		return nil
	case strings.Contains(host, ":"):
		return invalid(field, "must not have a port; set Port")
	case !only(host, func(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '.' || c == '_' }):
		return invalid(field, "%s is not a host name or an address", quoted(host))
	default:
		return nil
	}
}

func checkPathPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	return checkPath("Config.PathPrefix", prefix)
}

// checkPath checks a path that users give: it must mean on the server what it
// says here, after whatever proxies do to it.
func checkPath(field, path string) error {
	if !strings.HasPrefix(path, "/") {
		return invalid(field, "%s must begin with /", quoted(path))
	}
	for segment := range strings.SplitSeq(path[1:], "/") {
		if segment == "." || segment == ".." || !isName(segment) {
			return invalid(field, "%s has a segment that is empty, . or .., or has characters outside A–Z a–z 0–9 _ - = @ , . ;", quoted(path))
		}
	}
	return nil
}

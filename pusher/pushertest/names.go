package pushertest

import (
	"strings"
	"unicode/utf8"
)

const (
	privatePrefix   = "private-"
	encryptedPrefix = "private-encrypted-"
	presencePrefix  = "presence-"
	userPrefix      = "#server-to-user-"
)

func isPresence(channel string) bool  { return strings.HasPrefix(channel, presencePrefix) }
func isEncrypted(channel string) bool { return strings.HasPrefix(channel, encryptedPrefix) }

// isPrivate includes encrypted channels.
func isPrivate(channel string) bool { return strings.HasPrefix(channel, privatePrefix) }

func isCache(channel string) bool {
	for _, prefix := range []string{encryptedPrefix, privatePrefix, presencePrefix} {
		if rest, ok := strings.CutPrefix(channel, prefix); ok {
			channel = rest
			break
		}
	}
	return strings.HasPrefix(channel, "cache-")
}

// userOf returns the user that a channel "#server-to-user-{id}" belongs to.
func userOf(channel string) (id string, ok bool) { return strings.CutPrefix(channel, userPrefix) }

// validName holds for the names of channels and for the ids of users that sign
// in or stand in a path.
func validName(name string, limit int) bool {
	if name == "" || len(name) > limit {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !isDigit(r) && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("_-=@,.;", r)
	})
}

// validSocketID holds for digits, a dot, digits.
func validSocketID(id string) bool {
	before, after, ok := strings.Cut(id, ".")
	return ok && onlyDigits(before) && onlyDigits(after)
}

func onlyDigits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !isDigit(r) })
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// validEventName does not hold for names that are reserved for the server.
func validEventName(name string, limit int) bool {
	return name != "" && utf8.RuneCountInString(name) <= limit &&
		!strings.HasPrefix(name, "pusher:") && !strings.HasPrefix(name, "pusher_internal:")
}

package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/seed-588517f9/pusher-go/backend"
	"github.com/seed-588517f9/pusher-go/pusher"
)

// The exit codes, which docs/cli.md documents.
const (
	exitOK          = 0
	exitRefused     = 1
	exitUsage       = 2
	exitNoAnswer    = 3
	exitResultLost  = 4
	exitInterrupted = 130
)

// report prints an error with what to do about it, and returns its exit code.
func (a *app) report(err error) int {
	if err == nil {
		return exitOK
	}
	code, hint := explain(err)
	text := err.Error()
	if _, ok := errors.AsType[cli.ExitCoder](err); ok {
		text = "unknown command" // the library repeats it, whatever it is
	}
	fmt.Fprintln(a.stderr, "pusher:", printable(text))
	if hint != "" {
		fmt.Fprintln(a.stderr, printable(hint))
	}
	return code
}

// explain returns the exit code of an error, and what to do about it.
func explain(err error) (code int, hint string) {
	if broadcast, ok := errors.AsType[*pusher.BroadcastError](err); ok {
		return explainBroadcast(broadcast)
	}
	if _, ok := errors.AsType[*interruptedError](err); ok {
		return exitInterrupted, ""
	}
	if errors.Is(err, context.Canceled) {
		return exitInterrupted, outcomeHint(pusher.OutcomeOf(err))
	}
	if usage, ok := errors.AsType[*usageError](err); ok {
		return exitUsage, usage.hint
	}
	if validation, ok := errors.AsType[*pusher.ValidationError](err); ok {
		return exitUsage, validationHint(validation)
	}
	if _, ok := errors.AsType[*pusher.WebhookError](err); ok {
		return exitRefused, webhookHint(err)
	}
	if api, ok := errors.AsType[*pusher.APIError](err); ok {
		return exitRefused, refusalHint(api)
	}
	if _, ok := errors.AsType[*pusher.ResponseError](err); ok {
		return exitResultLost, outcomeHint(pusher.Accepted)
	}
	if _, ok := errors.AsType[*backend.Error](err); ok {
		return exitNoAnswer, outcomeHint(pusher.OutcomeOf(err))
	}
	if _, ok := errors.AsType[*outputError](err); ok {
		return exitResultLost, ""
	}
	if _, ok := errors.AsType[cli.ExitCoder](err); ok {
		return exitUsage, usageHint
	}
	return exitRefused, ""
}

// explainBroadcast lets the call of which least is known decide.
func explainBroadcast(err *pusher.BroadcastError) (code int, hint string) {
	for _, failed := range err.Failed {
		if c, h := explain(failed.Err); c > code {
			code, hint = c, h
		}
	}
	return code, hint
}

func outcomeHint(outcome pusher.Outcome) string {
	switch outcome {
	case pusher.NotSent:
		return "Nothing was sent, so it is safe to try again. Check the address: --url, --host, --cluster."
	case pusher.Accepted:
		return "The server accepted it: do not send an event again, it would arrive twice."
	case pusher.Rejected:
		return "The server did not carry it out."
	default:
		return "The server may have carried it out: an event that is sent again may arrive twice."
	}
}

func refusalHint(err *pusher.APIError) string {
	switch {
	case errors.Is(err, pusher.ErrUnauthorized):
		return "Check app id, key and secret, and that cluster or host are this app's."
	case errors.Is(err, pusher.ErrForbidden):
		return "Check on the app's page that it is enabled and within its quota."
	case errors.Is(err, pusher.ErrNotFound):
		return "Check the app id and the path prefix. Some servers say this of a channel that nobody is on."
	case errors.Is(err, pusher.ErrPayloadTooLarge):
		return "Send less data, or raise the server's limit."
	case errors.Is(err, pusher.ErrRateLimited), err.RetryAfter > 0:
		return "Wait, then try again."
	case errors.Is(err, pusher.ErrServer):
		return "The server failed. An event that is sent again may arrive twice."
	default:
		return ""
	}
}

func validationHint(err *pusher.ValidationError) string {
	const whole = ", or give the whole app as --url or PUSHER_URL."
	switch err.Field {
	case "URL":
		return "Check --url or PUSHER_URL."
	case "Config.AppID":
		return "Set --app-id or PUSHER_APP_ID" + whole
	case "Config.Key":
		return "Set --key or PUSHER_KEY" + whole
	case "Config.Secret":
		return "Set --secret or PUSHER_SECRET" + whole
	case "Config.Cluster", "Config.Host", "Config.Port", "Config.PathPrefix":
		return "Check --cluster, --host, --port and --path-prefix, or their variables."
	case "Config.EncryptionMasterKeyBase64":
		return "Check --encryption-master-key or PUSHER_ENCRYPTION_MASTER_KEY_BASE64."
	case "member":
		return "Give --user-id for a presence channel, or --signed-in; for others, neither."
	}
	switch {
	case strings.Contains(err.Reason, "Config.EncryptionMasterKeyBase64"):
		return "Set --encryption-master-key or PUSHER_ENCRYPTION_MASTER_KEY_BASE64."
	case errors.Is(err, pusher.ErrPayloadTooLarge):
		return "Send less data, or leave the limit to the server with --no-limits."
	default:
		return usageHint
	}
}

func webhookHint(err error) string {
	switch {
	case errors.Is(err, pusher.ErrWebhookKey), errors.Is(err, pusher.ErrWebhookSignature):
		return "Check key and secret, and that the body is byte for byte what came."
	case errors.Is(err, pusher.ErrWebhookStale):
		return "Allow more with --max-age, or leave it out."
	default:
		return ""
	}
}

const usageHint = `"pusher help COMMAND" tells how to use a command.`

// usageError says that arguments or flags are wrong. It never repeats a value:
// that may be a secret in the wrong place.
type usageError struct {
	text, hint string
	err        error
}

func usageErrorf(format string, args ...any) *usageError {
	return &usageError{text: fmt.Sprintf(format, args...), hint: usageHint}
}

func (e *usageError) Error() string { return e.text }

func (e *usageError) Unwrap() error { return e.err }

// onUsageError says the library's complaints without the values in them.
func onUsageError(_ context.Context, _ *cli.Command, err error, _ bool) error {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		if flag := shownWord(name); flag != "" {
			return usageErrorf("unknown flag --%s", strings.TrimSpace(flag))
		}
		return usageErrorf("unknown flag")
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: "); ok {
		return usageErrorf("flag needs a value:%s", shownWord(name))
	}
	if match := invalidValue.FindStringSubmatch(text); match != nil {
		return usageErrorf("the value of --%s is not of its kind", match[1])
	}
	return usageErrorf("wrong usage")
}

var (
	invalidValue = regexp.MustCompile(`^invalid value "(?:[^"\\]|\\.)*" for flag -([a-z0-9-]+): `)
	plainWord    = regexp.MustCompile(`^-{0,2}[a-z][a-z-]{0,30}$`)
)

// shownWord returns a space and the word, if that is fit to be shown: a URL in the
// wrong place has a secret in it.
func shownWord(word string) string {
	if !plainWord.MatchString(word) {
		return ""
	}
	return " " + word
}

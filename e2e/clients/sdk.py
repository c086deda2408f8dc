"""The official server SDK for Python, driven as sdk.js is: JSON, one object a line."""

import json
import sys

import pusher

sdk = None


def connect(request):
    global sdk
    sdk = pusher.Pusher(
        app_id=request["app"],
        key=request["key"],
        secret=request["secret"],
        host=request["host"],
        port=request["port"],
        ssl=False,
        encryption_master_key_base64=request["master"],
    )


def attributes(request):
    return request["info"].split(",") if "info" in request else []


def authorize(request):
    answer = sdk.authenticate(request["channel"], request["socket"], request.get("member"))
    # Version 3.3.4 returns the shared secret as bytes, which JSON does not have.
    if "shared_secret" in answer:
        answer["shared_secret"] = answer["shared_secret"].decode()
    return answer


def webhook(request):
    headers = request["headers"]
    return sdk.validate_webhook(headers["x-pusher-key"], headers["x-pusher-signature"], request["body"])


COMMANDS = {
    "connect": connect,
    "trigger": lambda r: sdk.trigger(r["channels"], r["event"], r["data"], r.get("exclude")),
    "trigger_batch": lambda r: sdk.trigger_batch(r["batch"]),
    "send_to_user": lambda r: sdk.send_to_user(r["user"], r["event"], r["data"]),
    "terminate": lambda r: sdk.terminate_user_connections(r["user"]),
    "channels": lambda r: sdk.channels_info(r.get("prefix"), attributes(r)),
    "channel": lambda r: sdk.channel_info(r["channel"], attributes(r)),
    "users": lambda r: sdk.users_info(r["channel"]),
    "authorize": authorize,
    "authenticate": lambda r: sdk.authenticate_user(r["socket"], r["user"]),
    "webhook": webhook,
}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = {"id": request["id"], "result": COMMANDS[request["do"]](request)}
    except Exception as error:  # whatever it is, the test is to see it
        answer = {"id": request["id"], "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)

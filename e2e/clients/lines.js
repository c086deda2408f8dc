"use strict";

// A client speaks JSON, one object a line: it reads {"id", "do", …}, answers
// {"id", "result"} or {"id", "error"}, and reports what happens to it in objects
// of its own. It ends with its standard input.

const readline = require("node:readline");

function report(object) {
  process.stdout.write(JSON.stringify(object) + "\n");
}

function serve(commands) {
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", async (line) => {
    const request = JSON.parse(line);
    try {
      const command = commands[request.do];
      if (!command) {
        throw new Error(`there is no command ${request.do}`);
      }
      const result = await command(request);
      report({ id: request.id, result: result === undefined ? null : result });
    } catch (error) {
      report({ id: request.id, error: describe(error) });
    }
  });
  lines.on("close", () => process.exit(0));
}

// pusher-js throws strings too, and the SDK's errors keep the answer's body apart.
function describe(error) {
  if (!(error instanceof Error)) {
    return String(error);
  }
  return error.body ? `${error.message}: ${error.body}` : error.message;
}

module.exports = { report, serve };

// A page of another origin, in headless Chromium, registers, reads, updates and deletes a client
// with `fetch`. It also reads error responses.
//
// Run it with `node tests/browser/run.mjs`. It builds and starts the production example. CHROMIUM
// is the command of the browser; the default is `chromium`.

import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The script of the page. It runs in the browser. */
async function page(base) {
  const call = async (url, method, token, body) => {
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    const response = await fetch(url, { method, headers, body });
    const text = await response.text();
    return {
      status: response.status,
      json: text ? JSON.parse(text) : null,
      challenge: response.headers.get("WWW-Authenticate"),
      retryAfter: response.headers.get("Retry-After"),
    };
  };
  const metadata = { client_name: "A page", redirect_uris: [`${location.origin}/callback`] };
  const results = {};
  try {
    const document = await (await fetch(`${base}/.well-known/oauth-authorization-server`)).json();
    const register = (body) => call(document.registration_endpoint, "POST", null, body);
    const client = (results.register = await register(JSON.stringify(metadata))).json;
    const uri = client.registration_client_uri;
    const token = client.registration_access_token;
    results.read = await call(uri, "GET", token);
    const changed = { ...metadata, client_id: client.client_id, client_name: "Another name" };
    results.update = await call(uri, "PUT", token, JSON.stringify(changed));
    results.wrongToken = await call(uri, "GET", "wrong");
    results.delete = await call(uri, "DELETE", token);
    results.gone = await call(uri, "GET", token);
    results.badUri = await register(JSON.stringify({ redirect_uris: ["javascript:alert(1)"] }));
    results.tooLarge = await register(JSON.stringify({ ...metadata, x: "x".repeat(100_000) }));
    for (let n = 0; n < 10 && results.tooOften?.status !== 429; n++) {
      results.tooOften = await register(JSON.stringify(metadata));
    }
  } catch (error) {
    results.error = String(error);
  }
  await fetch("/done", { method: "POST", body: JSON.stringify(results) });
}

let failed = 0;
let passed = 0;
/** Compares two JSON values, and prints and counts the result. */
function check(what, found, expected) {
  [found, expected] = [found, expected].map((value) => JSON.stringify(value));
  if (found === expected) {
    passed++;
    console.log(`ok     ${what}: ${found}`);
  } else {
    failed++;
    console.log(`FAILED ${what}: ${found}, not ${expected}`);
  }
}

const server = spawn("cargo", ["run", "--quiet", "--example", "production"], {
  env: { ...process.env, LISTEN: "127.0.0.1:0", DCR_DATABASE: undefined },
  stdio: ["ignore", "pipe", "inherit"],
});
const base = await new Promise((resolve, reject) => {
  let output = "";
  server.stdout.on("data", (data) => {
    output += data;
    const found = output.match(/Registration is at (http:\/\/[^/]+)/);
    if (found) resolve(found[1]);
  });
  server.on("exit", (code) => reject(new Error(`the example ended with ${code}`)));
});

const done = new Promise((resolve) => {
  const pages = createServer((request, response) => {
    if (request.method === "POST") {
      let body = "";
      request.on("data", (data) => (body += data));
      request.on("end", () => {
        response.end();
        resolve(JSON.parse(body));
        pages.close();
      });
      return;
    }
    response.setHeader("Content-Type", "text/html");
    response.end(`<!doctype html><script>(${page})(${JSON.stringify(base)})</script>`);
  });
  pages.listen(0, "127.0.0.1", () => {
    const profile = mkdtempSync(join(tmpdir(), "browser-"));
    const browser = spawn(
      process.env.CHROMIUM ?? "chromium",
      [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        `--user-data-dir=${profile}`,
        // The host and the port differ from those of the server, so the origin does too.
        `http://localhost:${pages.address().port}/`,
      ],
      { stdio: "ignore" },
    );
    const silent = { error: "the page sent no results within 60 s" };
    const timeout = setTimeout(() => resolve(silent), 60_000);
    browser.on("error", (error) => resolve({ error: String(error) }));
    done.then(() => {
      clearTimeout(timeout);
      browser.on("exit", () => remove(profile, 50));
      browser.kill();
      pages.closeAllConnections();
    });
  });
});

// The browser's other processes may write for a moment after it ended.
function remove(directory, attempts) {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch (error) {
    if (attempts === 0) {
      console.log(`${directory} was not removed: ${error.code}`);
      return;
    }
    setTimeout(() => remove(directory, attempts - 1), 100);
  }
}

const results = await done;
server.removeAllListeners("exit");
server.kill("SIGINT");
check("the page ran to its end", results.error ?? null, null);
const { register, read, update, wrongToken, gone, badUri, tooLarge, tooOften } = results;
check("register", register?.status, 201);
check("read", [read?.status, read?.json], [200, register?.json]);
check("update", [update?.status, update?.json?.client_name], [200, "Another name"]);
check("delete", [results.delete?.status, results.delete?.json], [204, null]);
const challenge = 'Bearer realm="client registration", error="invalid_token"';
const status = (response) => [response?.status, response?.json?.error];
const unauthorized = { "a wrong token": wrongToken, "a deleted client": gone };
for (const [what, response] of Object.entries(unauthorized)) {
  check(what, [...status(response), response?.challenge], [401, "invalid_token", challenge]);
}
check("a bad redirect URI", status(badUri), [400, "invalid_redirect_uri"]);
check("a body that is too large", status(tooLarge), [413, "invalid_client_metadata"]);
check(
  "too many registrations",
  [...status(tooOften), Number(tooOften?.retryAfter) > 0],
  [429, "temporarily_unavailable", true],
);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;

// Compares Authlete's own SDK for TypeScript with our backend. Both call the emulator.
//
// - The SDK parses the responses to all four calls.
// - Both send the same methods, paths, credentials and body members.
//
// `npm ci && cargo build --examples && node compare.mjs [directory of the built examples]`

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

import { Authlete } from "@authlete/typescript-sdk";

const directory = process.argv[2] ?? "../../target/debug/examples";
const SERVICE = "715948317";
const TOKEN = "the-access-token-of-the-service";
const METADATA = {
  client_name: "My Dynamic Client",
  redirect_uris: ["https://client.example.org/cb"],
};

/** Starts an example. Returns the first URL that it prints. */
async function start(example, env) {
  const child = spawn(`${directory}/${example}`, {
    env: { ...process.env, LISTEN: "127.0.0.1:0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.on("exit", () => child.kill());
  for await (const line of createInterface({ input: child.stdout })) {
    const url = line.match(/http:\/\/[0-9.:]+/);
    if (url) {
      child.stdout.resume();
      return url[0];
    }
  }
  throw new Error(`${example} ended and printed no URL`);
}

/** Starts a proxy in front of the target. It records the requests. */
async function recorder(target) {
  const seen = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { authorization, "content-type": contentType } = request.headers;
    const { method, url: path } = request;
    seen.push({ method, path, authorization, contentType, body: JSON.parse(body) });
    const answer = await fetch(target + request.url, {
      method: request.method,
      headers: { authorization, "content-type": contentType },
      body,
    });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") });
    response.end(await answer.text());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  server.unref();
  return { url: `http://127.0.0.1:${server.address().port}`, seen };
}

/** Makes the four calls with Authlete's SDK. */
async function callWithSdk(authleteUrl) {
  const authlete = new Authlete({ bearer: TOKEN, serverURL: authleteUrl });
  const { dynamicClientRegistration: calls } = authlete;
  const call = (name, requestBody) => calls[name]({ serviceId: SERVICE, requestBody });
  const before = Date.now() - 2000;
  const created = await call("register", { json: JSON.stringify(METADATA) });
  assert.equal(created.action, "CREATED");
  assert.equal(created.client.clientName, METADATA.client_name);
  assert.equal(created.client.tokenAuthMethod, "CLIENT_SECRET_BASIC");
  assert.deepEqual(created.client.grantTypes, ["AUTHORIZATION_CODE"]);
  assert.equal(created.client.clientType, "CONFIDENTIAL");
  assert.equal(created.client.applicationType, "WEB");
  assert.ok(Number.isSafeInteger(created.client.clientId) && created.client.clientId > 0);
  assert.ok(created.client.createdAt >= before && created.client.createdAt <= Date.now());
  const content = JSON.parse(created.responseContent);
  const { client_id: clientId, registration_access_token: token } = content;
  assert.equal(created.client.clientIdAlias, clientId);

  const read = await call("get", { clientId, token });
  assert.equal(read.action, "OK");
  const json = JSON.stringify({ ...METADATA, client_id: clientId });
  const updated = await call("update", { clientId, token, json });
  assert.equal(updated.action, "UPDATED");
  const deleted = await call("delete", { clientId, token });
  assert.equal(deleted.action, "DELETED");
  for (const response of [created, read, updated, deleted]) {
    assert.match(response.resultCode, /^A\d{6}$/);
  }
  const gone = await call("get", { clientId, token });
  assert.equal(gone.action, "UNAUTHORIZED");
}

/** Makes the same requests through the layer. */
async function callWithLayer(serverUrl) {
  const ask = async (status, url, method, token, body) => {
    const authorization = token && { authorization: `Bearer ${token}` };
    const headers = { "content-type": "application/json", ...authorization };
    const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
    assert.equal(answer.status, status);
    return status === 204 ? undefined : answer.json();
  };
  const client = await ask(201, `${serverUrl}/register`, "POST", undefined, METADATA);
  const { client_id: id, registration_access_token: token } = client;
  const url = `${serverUrl}/register/${id}`;
  await ask(200, url, "GET", token);
  await ask(200, url, "PUT", token, { ...METADATA, client_id: id });
  await ask(204, url, "DELETE", token);
  await ask(401, url, "GET", token);
}

const credentials = { AUTHLETE_SERVICE_APIKEY: SERVICE, AUTHLETE_SERVICE_ACCESSTOKEN: TOKEN };
const emulator = await start("authlete_emulator", credentials);
const [theirs, ours] = [await recorder(emulator), await recorder(emulator)];
await callWithSdk(theirs.url);
await callWithLayer(await start("axum", { ...credentials, AUTHLETE_BASE_URL: ours.url }));

assert.equal(theirs.seen.length, 5);
assert.equal(ours.seen.length, 5);
for (const [at, their] of theirs.seen.entries()) {
  const our = ours.seen[at];
  const members = ({ body }) => Object.entries(body).map(([name, value]) => [name, typeof value]).sort();
  assert.deepEqual(
    [our.method, our.path, our.authorization, our.contentType, members(our)],
    [their.method, their.path, their.authorization, their.contentType, members(their)],
  );
  console.log(`${our.method} ${our.path}: ${Object.keys(our.body).join(", ")}`);
}
// Both send the client's JSON unchanged.
assert.equal(ours.seen[0].body.json, theirs.seen[0].body.json);
console.log("5 passed, 0 failed");
process.exit(0);

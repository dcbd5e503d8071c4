// SPDX-License-Identifier: MIT
// A TV app with fetch, from registration to logout. Written from Adobe's pages of DCR
// and of the REST API V2 (basic flows); it uses no code of this project. It runs in a page of any origin (device.html) and in Node (node.js).

"use strict";

const PROVIDER = "REF30";
const MVPD = "Spectrum";

const DEVICE_INFO = {
  "X-Device-Info": btoa(JSON.stringify({
    primaryHardwareType: "TV", model: "Browser", version: "1.0", osName: "Linux",
    osVersion: "6.1", connectionType: "wired",
  })),
};
const DEVICE = {
  "AP-Device-Identifier": "fingerprint " + btoa("fetch-tv"), ...DEVICE_INFO,
};

// Returns call(name, method, path, headers, body), which returns the parsed JSON. An
// object is sent as JSON, URLSearchParams as a form (fetch sets its content type).
function makeCall(options) {
  return async function call(name, method, path, headers, body) {
    const all = { Accept: "application/json;charset=utf-8", ...headers };
    const isForm = body instanceof URLSearchParams;
    if (body && !isForm) all["Content-Type"] = "application/json";
    const response = await fetch(options.api + path, {
      method, headers: all, body: body && !isForm ? JSON.stringify(body) : body,
    });
    options.log(response.status + " " + name);
    if (!response.ok) throw new Error(name + ": " + await response.text());
    return response.json();
  };
}

async function getBearer(options, call) {
  const registered = await call("register", "POST", "/o/client/register", DEVICE_INFO,
    { software_statement: options.statement });
  const issued = await call("token", "POST", "/o/client/token", DEVICE_INFO,
    new URLSearchParams({
      grant_type: "client_credentials", client_id: registered.client_id,
      client_secret: registered.client_secret,
    }));
  return { Authorization: "Bearer " + issued.access_token };
}

// Polls until the viewer has logged in with the code. Returns the mvpd.
async function awaitProfile(options, v2, code) {
  for (let poll = 0; poll < 600; poll++) {
    const { profiles } = await v2("profile_for_code", "GET", "profiles/code/" + code);
    const [mvpd] = Object.keys(profiles);
    if (mvpd) return mvpd;
    await new Promise((resolve) => setTimeout(resolve, options.pollSeconds * 1000));
  }
  throw new Error("no viewer logged in");
}

async function watch(options, v2, mvpd) {
  const filtered = await v2("preauthorize", "POST", "decisions/preauthorize/" + mvpd,
    DEVICE, { resources: ["CNN", "HBO"] });
  for (const { resource, authorized, error } of filtered.decisions) {
    options.log("preauthorize " + resource + ": "
      + (authorized ? "permitted" : error.code + ", " + error.details));
  }
  const { decisions: [decision] } = await v2("authorize", "POST",
    "decisions/authorize/" + mvpd, DEVICE, { resources: ["CNN"] });
  if (!decision.authorized || !decision.token.serializedToken) {
    throw new Error("no permit: " + JSON.stringify(decision));
  }
  options.log("authorize CNN: permitted, with a media token");
}

async function logOut(options, v2, mvpd) {
  const { logouts } = await v2("logout", "GET", "logout/" + mvpd + "?redirectUrl="
    + encodeURIComponent(options.redirectUrl), DEVICE);
  const action = logouts[mvpd];
  options.log("logout: " + action.actionName + ", " + action.actionType);
  if (action.actionType === "interactive") {
    await options.openInBrowser(new URL(action.url, options.api).href);
  }
  const { profiles } = await v2("profiles", "GET", "profiles", DEVICE);
  if (Object.keys(profiles).length > 0) throw new Error("still logged in");
}

// options: api (origin), statement, pollSeconds, redirectUrl, and the functions
// log(line), showCode(code) and openInBrowser(url); the last two may be asynchronous.
async function runDevice(options) {
  const call = makeCall(options);
  const bearer = await getBearer(options, call);
  const v2 = (name, method, path, headers, body) => call(name, method,
    "/api/v2/" + PROVIDER + "/" + path, { ...bearer, ...headers }, body);

  const { requestor } = await v2("configuration", "GET", "configuration", DEVICE);
  if (!requestor.mvpds.some((row) => row.id === MVPD)) throw new Error("no " + MVPD);
  const session = await v2("create_session", "POST", "sessions", DEVICE,
    new URLSearchParams({
      mvpd: MVPD, domainName: "adobe.com", redirectUrl: options.redirectUrl,
    }));
  if (session.actionName !== "authenticate") throw new Error(session.actionName);
  options.log("code: " + session.code.length + " characters");
  await options.showCode(session.code);
  const mvpd = await awaitProfile(options, v2, session.code);
  const { profiles } = await v2("profile", "GET", "profiles/" + mvpd, DEVICE);
  options.log("profile: " + profiles[mvpd].type);
  await watch(options, v2, mvpd);
  await logOut(options, v2, mvpd);
  options.log("done");
}

// SPDX-License-Identifier: MIT
// Runs fetch.js in Node 18 or later. The viewer logs in through the control API.
//
//   adobepass sandbox --no-throttle \
//     --exec 'NODE_EXTRA_CA_CERTS=$ADOBEPASS_CA node spec/foreign/node.js'
//
// Environment: ADOBEPASS_API, ADOBEPASS_CONTROL, ADOBEPASS_STATEMENT as --exec sets
// them; POLL_SECONDS, default 3.

"use strict";

const fs = require("fs");
const path = require("path");
const vm = require("vm");

vm.runInThisContext(fs.readFileSync(path.join(__dirname, "fetch.js"), "utf8"));

async function logViewerIn(code) {
  const response = await fetch(process.env.ADOBEPASS_CONTROL + "/sandbox/login", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code, username: "bob" }),
  });
  if (!response.ok) throw new Error(await response.text());
}

/* global runDevice */
runDevice({
  api: process.env.ADOBEPASS_API,
  statement: process.env.ADOBEPASS_STATEMENT,
  pollSeconds: Number(process.env.POLL_SECONDS || 3),
  redirectUrl: process.env.ADOBEPASS_API + "/activate/success",
  log: console.log,
  showCode: logViewerIn,
  openInBrowser: (url) => fetch(url).then((page) => console.log(page.status
    + " provider's logout")),
}).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

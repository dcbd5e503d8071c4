# SPDX-License-Identifier: MIT
"""A TV and its second screen with Python's standard library, to logout.

Written from Adobe's pages of DCR and of the REST API V2 (authentication within a
secondary application without a preselected mvpd); it uses no code of this project.

    adobepass sandbox --no-throttle --exec 'python3 spec/foreign/stdlib.py'

Environment: ADOBEPASS_API, ADOBEPASS_CA, ADOBEPASS_STATEMENT as --exec sets them;
POLL_SECONDS, default 3. Prints "status operation" for each request, and results.
Without --no-throttle the requests exceed Adobe's burst of 10.
"""

import base64
import http.cookiejar
import json
import os
import ssl
import time
from html.parser import HTMLParser
from urllib.parse import quote, urlencode, urljoin
from urllib.request import HTTPCookieProcessor, HTTPSHandler, Request, build_opener

API = os.environ["ADOBEPASS_API"]
PROVIDER = "REF30"
TLS = HTTPSHandler(context=ssl.create_default_context(cafile=os.environ["ADOBEPASS_CA"]))
DONE = API + "/activate/success"


def encode(text):
    return base64.b64encode(text.encode()).decode()


DEVICE_INFO = {"X-Device-Info": encode(json.dumps({
    "primaryHardwareType": "SetTopBox", "model": "urllib", "version": "1.0",
    "osName": "Linux", "osVersion": "6.1", "connectionType": "wired"}))}
DEVICE = {"AP-Device-Identifier": "fingerprint " + encode("python-tv"), **DEVICE_INFO}


def send(opener, name, method, url, headers=None, form=None, body=None):
    """Sends a request; an HTTP error raises. Returns the response and its text."""
    headers = dict(headers or {})
    data = None
    if form is not None:
        data = urlencode(form).encode()
    elif body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    request = Request(url, data=data, method=method, headers=headers)
    with opener.open(request, timeout=30) as response:
        print(response.status, name)
        return response, response.read().decode()


class Application:
    """One registered application: the TV, or the page on the second screen."""

    def __init__(self):
        self.opener = build_opener(TLS)
        registered = self.call("register", "POST", "/o/client/register", DEVICE_INFO,
                               body={"software_statement":
                                     os.environ["ADOBEPASS_STATEMENT"]})
        issued = self.call("token", "POST", "/o/client/token", DEVICE_INFO, form={
            "grant_type": "client_credentials",
            "client_id": registered["client_id"],
            "client_secret": registered["client_secret"]})
        self.bearer = {"Authorization": "Bearer " + issued["access_token"]}

    def call(self, name, method, path, headers=None, **content):
        headers = {"Accept": "application/json;charset=utf-8", **(headers or {})}
        _, text = send(self.opener, name, method, API + path, headers, **content)
        return json.loads(text)

    def v2(self, name, method, path, headers=None, **content):
        return self.call(name, method, f"/api/v2/{PROVIDER}/{path}",
                         {**self.bearer, **(headers or {})}, **content)


class Form(HTMLParser):
    """The action and the hidden fields of a page's form."""

    def __init__(self, text):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "form":
            self.action = values["action"]
        elif tag == "input" and values.get("type") == "hidden":
            self.fields[values["name"]] = values["value"]


class Browser:
    """The viewer's browser: cookies and redirects."""

    def __init__(self):
        self.opener = build_opener(TLS, HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def open(self, name, url, form=None):
        response, text = send(self.opener, name, "POST" if form else "GET", url, form=form)
        return response.url, text


def second_screen(code):
    """The viewer types the code, chooses a provider and logs in there."""
    screen = Application()
    session = screen.v2("session", "GET", "sessions/" + code)
    assert "mvpd" in session["missingParameters"], session
    resumed = screen.v2("resume_session", "POST", "sessions/" + code, form={
        "mvpd": "Comcast_SSO", "domainName": "adobe.com", "redirectUrl": DONE})
    assert resumed["actionName"] == "authenticate", resumed
    browser = Browser()
    url, page = browser.open("authenticate", urljoin(API, resumed["url"]))
    form = Form(page)
    url, _ = browser.open("provider's form", urljoin(url, form.action), {
        **form.fields, "username": "bob", "password": "secret", "do": "sign-in"})
    assert url == DONE, url


def log_in(tv):
    """Shows a code and polls until the viewer has logged in. Returns the mvpd."""
    created = tv.v2("create_session", "POST", "sessions", DEVICE, form={})
    assert created["actionName"] == "resume", created
    code = created["code"]
    print(f"code: {len(code)} characters")
    for poll in range(100):
        profiles = tv.v2("profile_for_code", "GET", "profiles/code/" + code)["profiles"]
        if profiles:
            return next(iter(profiles))
        if poll == 0:
            second_screen(code)
        time.sleep(float(os.environ.get("POLL_SECONDS", "3")))
    raise TimeoutError("no viewer logged in")


def watch(tv, mvpd):
    """Filters a catalog and authorizes one playback."""
    decisions = tv.v2("preauthorize", "POST", "decisions/preauthorize/" + mvpd, DEVICE,
                      body={"resources": ["CNN", "HBO"]})["decisions"]
    for decision in decisions:
        answer = "permitted"
        if not decision["authorized"]:
            answer = "{code}, {details}".format(**decision["error"])
        print(f"preauthorize {decision['resource']}: {answer}")
    [decision] = tv.v2("authorize", "POST", "decisions/authorize/" + mvpd, DEVICE,
                       body={"resources": ["CNN"]})["decisions"]
    assert decision["authorized"] and decision["token"]["serializedToken"], decision
    print("authorize CNN: permitted, with a media token")


def log_out(tv, mvpd):
    """Ends the login, also at the provider."""
    logouts = tv.v2("logout", "GET", f"logout/{mvpd}?redirectUrl={quote(DONE, safe='')}",
                    DEVICE)["logouts"]
    action = logouts[mvpd]
    print(f"logout: {action['actionName']}, {action['actionType']}")
    if action["actionType"] == "interactive":
        Browser().open("provider's logout", urljoin(API, action["url"]))
    assert tv.v2("profiles", "GET", "profiles", DEVICE)["profiles"] == {}


def main():
    tv = Application()
    listed = tv.v2("configuration", "GET", "configuration", DEVICE)["requestor"]["mvpds"]
    assert any(row["id"] == "Comcast_SSO" for row in listed), listed
    mvpd = log_in(tv)
    profile = tv.v2("profile", "GET", "profiles/" + mvpd, DEVICE)["profiles"][mvpd]
    print("profile:", profile["type"])
    watch(tv, mvpd)
    log_out(tv, mvpd)
    print("done")


main()

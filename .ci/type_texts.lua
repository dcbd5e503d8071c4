-- SPDX-License-Identifier: MIT
-- The texts and types of lua/adobepass/types that code cannot give: .ci/types joins
-- them with the option schemas, the operations and the error codes.

local IDENTITY = {
  visitor_id = "The Experience Cloud id",
  subject_token = "Amazon's token for single sign-on",
  roku_token = "Roku's token for single sign-on",
  service_token = "A service token for single sign-on",
  partner_status = "What client:partner_status returned",
}

local METADATA = {
  metadata_key = { "adobepass.core.Key|adobepass.core.Key[]",
    "The private key, or keys, that decrypt encrypted attributes" },
  metadata_padding = "As in key:decrypt of the core",
}

local LOGIN = {
  mvpd = "The provider's id; without it, the second screen chooses",
  domain_name = "A domain of the application; default: that of adobepass.new",
  redirect_url = "Where the browser goes after the login; default: that of "
    .. "adobepass.new",
  activation_url = "Your page where a viewer types the code; default: that of "
    .. "adobepass.new",
  on_code = { "fun(login: adobepass.Login)",
    "Show your activation_url and the code, or the QR code; required if the viewer has "
      .. "to sign in, unless on_poll is given" },
  on_poll = { "fun(login: adobepass.Login)",
    "Called after each poll without a profile" },
  cancel = { "fun(): boolean?",
    "Called after on_code, four times a second while the login waits between requests; "
      .. "true ends it with the error cancelled. The code stays valid until the next "
      .. "login of this device. Task:cancel also ends a running request" },
  choose = { "fun(profiles: adobepass.Profile[]): adobepass.Profile?",
    "Chooses one of several profiles; default: the one valid longest" },
  browser_returned = { "fun(): boolean?",
    "For a login in this device's own browser: polling starts when it is true" },
  interval = "Seconds between two polls, at least 3 (5)",
  fresh = "true asks the service even if a profile is kept",
}

local texts = {}

-- From the name of options.check to the class and the texts of its fields.
texts.options = {
  ["adobepass.new"] = { "Options", {
    service_provider = "The id from the TVE Dashboard, such as REF30",
    environment = { "adobepass.Environment|adobepass.Origins",
      "A name, or the addresses of the service" },
    software_statement = "Needed once, to register",
    record = "A file for the redacted requests and responses of this client",
    redirect_uri = "Sent with the registration",
    redirect_url = "Where the browser goes after a login or logout that names no other",
    domain_name = "A domain of the application, for logins that name no other",
    activation_url = "Your page where a viewer types the code; used by logins that "
      .. "give none",
    management = { "{ software_statement: string }",
      "Another application, whose credentials management calls use" },
    device = { "adobepass.Device", "The device; a gateway uses client:device" },
    identity = { "adobepass.Identity", "The viewer's identifiers for single sign-on" },
    store = { "adobepass.Store", "Keeps credentials and tokens (store.memory)" },
    driver = { "adobepass.Driver", "Adapts to an event loop (driver.block)" },
    on_event = { "fun(event: adobepass.Event)",
      "Called for each request, retry, wait and warning, without secrets" },
    on_request = { "fun(request: adobepass.OutgoingRequest)",
      "Called before each request; may add headers, and sees no secrets" },
    timeout = "Seconds that bound each call (30)",
    http = { "adobepass.HttpOptions", "Options of core.http.new" },
    transport = "A replacement for tests",
    rate_limit = { "adobepass.RateLimitOptions|table|boolean",
      "false for none; or an object that several clients share (Adobe's)" },
    forward_ip_on_registration = "true for a server: registration and token requests "
      .. "send the device's ip",
    retry = { "adobepass.RetryOptions", "Attempts and delays (its defaults)" },
    circuit_breaker = { "adobepass.CircuitBreakerOptions|boolean",
      "false for none (its defaults)" },
    token_margin = "Seconds before its end at which a token is renewed (300)",
    token_jitter = "Seconds of which a random part is added to token_margin (60)",
    random = { "fun(): number", "A replacement for tests" },
    language = { '"en"|"es"', "Of the texts for viewers (en)" },
    messages = { "table<string, string>", "From an error's code to your own text" },
  } },
  ["adobepass.new: identity"] = { "Identity", {
    visitor_id = IDENTITY.visitor_id, subject_token = IDENTITY.subject_token,
    roku_token = IDENTITY.roku_token, service_token = IDENTITY.service_token,
    partner_status = IDENTITY.partner_status,
  } },
  environment = { "Origins", { api = "The URL of the service",
    mgmt = "The URL of the management API" } },
  ["adobepass.new: rate_limit"] = { "RateLimitOptions", {
    rate = "Requests per second (1)", burst = "Requests at once, one time (10)",
    refill = "true refills the burst",
    max_keys = "Addresses that are remembered (10000)",
    allow_listed = { "string[]",
      "Addresses that Adobe does not limit; \"own\" is this host's" } } },
  ["adobepass.new: retry"] = { "RetryOptions", { attempts = "Requests of one call (3)",
    base = "Seconds before the second attempt (0.5)",
    cap = "Seconds of the longest delay (8)" } },
  ["adobepass.new: circuit_breaker"] = { "CircuitBreakerOptions", {
    failures = "Failures in a row that open a circuit (10)",
    base = "Seconds for which it opens first (1)",
    cap = "Seconds for which it opens at most (3)" } },
  ["client:login"] = { "LoginOptions", LOGIN, METADATA, IDENTITY },
  ["client:resume_login"] = { "ResumeOptions", { code = "What the viewer typed",
    mvpd = "The provider that the viewer chose", domain_name = LOGIN.domain_name,
    redirect_url = LOGIN.redirect_url, visitor_id = IDENTITY.visitor_id } },
  ["client:profiles"] = { "IdentityOptions", {}, IDENTITY },
  ["client:check_code"] = { "CodeOptions", { visitor_id = IDENTITY.visitor_id } },
  ["client:refresh_profile"] = { "RefreshOptions",
    { mvpd = "The provider; default: that of the login" }, METADATA, IDENTITY },
  ["client:authorize"] = { "DecisionOptions",
    { mvpd = "The provider; default: that of the login",
      user = "The user of a promotional TempPass, hashed by the caller; "
        .. "client:temporary_access hashes it itself" }, IDENTITY },
  ["client:logout"] = { "LogoutOptions", { mvpd = "Only this provider",
    redirect_url = "Where the provider's page goes; default: that of adobepass.new",
    open_url = { "fun(url: string, mvpd: string): boolean?",
      "Opens a page in a browser; returns false if that failed" },
    on_partner_logout = { "fun(mvpd: string)",
      "Tells the viewer to sign out in the system's settings" } }, IDENTITY },
  ["client:providers"] = { "ProvidersOptions", {
    filter = { "fun(provider: adobepass.Provider): boolean", "false leaves one out" },
    temporary = "Include TempPass", test = "Include test entries" } },
  ["client:temporary_access"] = { "TemporaryAccessOptions", {
    mvpd = { "string|string[]", "A TempPass, or several to use in sequence" },
    user = { "table<string, string>",
      "The user of a promotional pass, such as { email = }; hashed before it is sent" },
    hash = { '"sha256"|"sha512"', "How the user is hashed (sha256)" },
    expiring = "Seconds before the end at which on_expiring is called (60)",
    on_expiring = { "fun(pass: adobepass.Pass)", "Called once for each pass" },
    on_expired = { "fun(pass: adobepass.Pass)", "Called once for each pass" } } },
  ["client:reset_temp_pass"] = { "ResetOptions", { mvpd = "The TempPass",
    device = "A device's identifier",
    key = "A user, hashed before it is sent; or a SHA-256 or SHA-512 in hexadecimal "
      .. "digits",
    hash = { '"sha256"|"sha512"', "How the user is hashed (sha256)" },
    everyone = "true resets it for everyone",
    by = { '"device"|"key"', "With everyone: device for a basic pass, key for a "
      .. "promotional one (device)" } } },
  ["client:partner_login"] = { "PartnerLoginOptions", {
    partner = "The partner's name, such as Apple",
    status = { "adobepass.PartnerStatus|string",
      "What client:partner_status returned; default: of the identity" },
    respond = { "fun(request: table, mvpd: string): string?, "
        .. "(adobepass.PartnerStatus|string)?",
      "Passes Adobe's request to the framework; returns its SAML response and, if it "
        .. "has changed, the status; or nil and the reason" },
    domain_name = LOGIN.domain_name, redirect_url = LOGIN.redirect_url,
    fallback = { "adobepass.LoginOptions",
      "For an ordinary login, if Adobe requires it, the framework gives no response, "
        .. "or Adobe refuses the status" },
    visitor_id = IDENTITY.visitor_id }, METADATA },
  ["client:partner_status"] = { "PartnerStatusOptions", {
    access = { '"granted"|"denied"|"restricted"|"notDetermined"', "The permission" },
    access_error = { "{ code: string, message: string }", "The framework's error" },
    provider_id = "The partner's name of the provider",
    expires_at = "When the provider information ends, in ms since 1970",
    provider_error = { "{ code: string, message: string }",
      "The framework's error" } } },
  ["client:sign_service_token"] = { "SignOptions", {
    key = { "adobepass.core.Key", "A private key of the core" },
    issuer = "Your name at Adobe",
    subject = "Your identifier of the viewer, hashed",
    lifetime = "Seconds until the token ends (3600)", kid = "The id of the key" } },
  ["client:request"] = { "RequestOptions", { base = { '"api"|"mgmt"', "Which host" },
    path = "Starts with /; may have a query", method = "The HTTP method (GET)",
    query = { "table<string, string|number|boolean|(string|number|boolean)[]>",
      "Added to the path" },
    headers = { "table<string, string>", "Not Authorization" },
    body = "Text, or a table that is sent as JSON",
    timeout = "Seconds for the whole call; default: that of adobepass.new",
    once = "true: no retry" } },
  test_client = { "TestClientOptions", {
    client = { "table",
      "Options of adobepass.new, without environment, transport and driver" },
    world = "Merged over the default world",
    throttle = "false disables the sandbox's rate limit (true)",
    time = "The clock's first value, in ms since 1970 (1750000000000)" } },
  ["sandbox.new"] = { "SandboxOptions", {
    now = { "fun(): number", "The clock, in ms since 1970; default: the system's" },
    random = { "fun(n: integer): string", "Returns n bytes; default: of the core" },
    api = "The origin in URLs (https://127.0.0.1:8443)",
    mgmt = "The origin of the management host; default: that of api",
    plain_api = "A second origin of the API, without TLS",
    keys = "The layout of adobepass.sandbox.data.keys",
    throttle = "false disables the rate limit (true)" } },
  ["media_token.verify"] = { "VerifyOptions", {
    key = { "adobepass.core.Key|adobepass.core.Key[]",
      "A public key, or several: the token must be signed by one" },
    now_ms = "The time, in ms since 1970",
    resource = "The expected resource", requestor = "The expected service provider",
    once = { "adobepass.Store",
      "Records used tokens, so that each is accepted once" } } },
  ["store.file"] = { "FileStoreOptions", {
    key = { "string|string[]", "32 bytes; the first encrypts, all decrypt" },
    lock_timeout = "Seconds to wait for another process, at most 5 (5)",
    now = { "fun(): number", "A replacement for tests" } } },
  ["store.memory"] = { "MemoryStoreOptions", { max = "Most entries (10000)",
    now = { "fun(): number", "A replacement for tests" } } },
  ["store.redis"] = { "RedisStoreOptions", {
    host = "Name or address (127.0.0.1)", port = "TCP port (6379)",
    socket = "A Unix socket, instead of host and port",
    sentinels = { "string|string[]", "host:port of Sentinels, with `master`" },
    master = "The master's name, as Sentinel knows it",
    nodes = { "string|string[]", "host:port of some nodes of a Cluster" },
    username = "An ACL user", password = "For AUTH",
    sentinel_username = "An ACL user of the Sentinels",
    sentinel_password = "For AUTH at the Sentinels",
    tls = { "{ ca_file: string, server_name: string? }", "The certificate is "
      .. "always verified; nginx's lua_ssl_trusted_certificate must be ca_file" },
    database = "Selected after connecting (0)", prefix = "Of each key (adobepass:)",
    timeout = "Seconds of each connect, send and receive (5)",
    connect_timeout = "Instead of timeout", send_timeout = "Instead of timeout",
    read_timeout = "Instead of timeout",
    pool_size = "Connections kept for each server and worker (64)",
    idle = "Seconds for which a connection is kept (60)",
    backlog = "Calls that may wait for one of pool_size connections",
    wait_replicas = "Number of replicas that must confirm new credentials",
    connector = { "table", "Of adobepass.store.redis_connector" },
    connect = { "fun(): table", "A connection of your own" } } },
  ["driver.tick"] = { "TickOptions", {
    on_error = { "fun(message: any, task: adobepass.Task)",
      "Called for an error in a task; without it, client:update raises the error" },
    now = { "fun(): number", "A replacement for tests" },
    reuse = "true: tasks share coroutines" } },
  ["driver.luv"] = { "LuvOptions", {
    on_error = { "fun(message: any)", "Called for an error in a task" },
    uv = { "table", "The luv module, if it is not `luv`" } } },
}

-- Tables that the module returns or passes to callbacks: name, text, fields.
-- A `?` marks a field that may be missing.
texts.results = {
  { "HttpOptions", "The options of core.http.new", {
    { "connect_timeout?", "number", "Seconds until a connection is open, also if "
      .. "another request opens it (10)" },
    { "timeout?", "number", "Seconds for a request; a client sets its own (30)" },
    { "max_body?", "integer", "Most bytes of a response's body (4 MiB)" },
    { "max_headers?", "integer", "Most bytes of a response's headers, at most 256 KiB "
      .. "(64 KiB)" },
    { "ca_file?", "string", "Trusted CAs in PEM, which replace the system's; "
      .. "verification cannot be turned off; default: the system's" },
    { "ca_path?", "string", "A folder of trusted CAs; default: the system's" },
    { "min_tls?", '"1.2"|"1.3"', "The lowest version of TLS (1.2)" },
    { "client_cert?", "string", "A file with the client's certificate" },
    { "client_key?", "string", "A file with its private key" },
    { "client_key_password?", "string", "The password of this file" },
    { "pinned_public_key?", "string", "See CURLOPT_PINNEDPUBLICKEY" },
    { "proxy?", "string", "A tunnel for all requests except plain http to this "
      .. "machine; the environment's proxies and no_proxy are ignored" },
    { "resolve?", "string[]", 'Addresses, each "host:port:address"' },
    { "max_connections?", "integer", "0: no limit; as many idle ones are kept open, at "
      .. "least 256 (0)" },
    { "max_host_connections?", "integer", "For each host; 0: no limit (0)" },
    { "dns_cache?", "number", "Seconds for which addresses are kept (30)" },
    { "user_agent?", "string", "The header User-Agent" },
    { "http2?", "boolean", "false: HTTP/1.1 only (true)" },
    { "compression?", "boolean", "true: asks for compressed responses (false)" },
    { "allow_http?", "string[]", "Hosts to which plain http is allowed, besides this "
      .. "machine; never through a proxy" } } },
  { "ServiceTokenOptions", "Exactly one of the options is needed", {
    { "sso_id?", "string", "Identifies the viewer in your system" },
    { "link?", "string", "A code that another device of the viewer shows" },
    { "timeout?", "number", "Seconds for the whole call; default: that of "
      .. "adobepass.new" },
    { "once?", "boolean", "true: no retry" } } },
  { "Device", "A streaming device", {
    { "id", "string", "Identifies the device; must survive updates" },
    { "info?", "table<string, any>|string", "Describes the device: "
      .. "X-Device-Info, or its base64. Without it, logins are shorter" },
    { "ip?", "string", "The device's address, given by a server" },
    { "port?", "integer", "The device's port, given by a server" },
    { "user_agent?", "string", "Of the device, given by a server" },
    { "user?", "table<string, string>|string", "The user of a promotional "
      .. "TempPass, hashed by the caller, such as "
      .. "{ email = core.digest.hex(core.digest.sha256(email)) }; "
      .. "client:temporary_access hashes it itself" },
    { "identity?", "adobepass.Identity", "Replaces fields of adobepass.new" } } },
  { "Profile", "Says that a viewer is authenticated at a provider", {
    { "mvpd", "string", "The provider" },
    { "type?", "string", "regular, temporary, degraded, appleSSO, platformSSO or "
      .. "serviceTokenSSO" },
    { "issuer?", "string", "Who issued it" },
    { "not_before?", "number", "When it becomes valid, in ms since 1970" },
    { "not_after?", "number", "When it ends, in ms since 1970" },
    { "attributes", "table<string, any>", "The viewer's metadata" },
    { "encrypted?", "table<string, string>", "Attributes that were not decrypted" },
    { "attribute_errors?", "table<string, string>", "The error codes of attributes "
      .. "that Adobe could not return, by name" } } },
  { "Login", "A login: plain data, which can be stored, for example as JSON", {
    { "state", "string", "pending or done" },
    { "code?", "string", "What the viewer types on the page activation_url" },
    { "url?", "string", "The provider's login, for a browser on this device: a TV "
      .. "shows activation_url instead. Without mvpd, domain_name and redirect_url it "
      .. "is your activation_url" },
    { "qr?", "string", "The text of the QR code: activation_url with the code" },
    { "mvpd?", "string", "The provider" },
    { "interval?", "number", "Seconds between two polls" },
    { "expires_at?", "number", "When the code ends, in ms since 1970" },
    { "session_id?", "string", "Adobe's opaque identifier of the session, for tracking "
      .. "what the viewer does; missing when no session was needed" },
    { "last_error?", "string", "The code of the last poll's error; nil after a "
      .. "response without an error" },
    { "profile?", "adobepass.Profile", "When the state is done" } } },
  { "Code", "The session of a code", {
    { "code", "string", "The code" },
    { "mvpd?", "string", "The provider, if it was chosen on the TV" },
    { "missing", "string[]", "Parameters for client:resume_login" },
    { "expires_at?", "number", "When it ends, in ms since 1970" } } },
  { "Decision", "Permits or denies one resource", {
    { "resource", "string", "The id of the resource" },
    { "permitted", "boolean", "Whether the viewer may watch it" },
    { "mvpd?", "string", "The provider" },
    { "source?", "string", "mvpd, degradation, temppass or dummy" },
    { "not_before?", "number", "When it becomes valid, in ms since 1970" },
    { "not_after?", "number", "When it ends, in ms since 1970" },
    { "media_token?", "string", "For the player; of a permit to play" },
    { "media_token_not_before?", "number", "When it becomes valid, in ms since 1970" },
    { "media_token_not_after?", "number", "When it ends, in ms since 1970" },
    { "error?", "adobepass.Error", "Of a denial" },
    { "reason?", "string", "Of a denial: a text for the viewer" } } },
  { "Catalog", "The result of client:preauthorize", {
    { "permitted", "string[]", "Resources, in the order given" },
    { "denied", "adobepass.Decision[]", "The denials" },
    { "decisions", "adobepass.Decision[]", "All decisions" },
    { "is_right_to_play", "false", "A permit of a catalog does not allow playback" },
    { "mvpd", "string", "The provider" } } },
  { "LogoutEntry", "What happened at one provider", {
    { "mvpd", "string", "The provider" },
    { "action_name?", "string", "Adobe's actionName" },
    { "action_type?", "string", "Adobe's actionType" },
    { "outcome", "string", "opened, no_browser, complete, viewer_told, "
      .. "viewer_to_be_told, invalid, unknown, refused or failed" },
    { "url?", "string", "The provider's page" },
    { "error?", "adobepass.Error", "Of an entry that failed" } } },
  { "Provider", "An entry of client:providers", {
    { "id", "string", "For the option mvpd" },
    { "display_name", "string", "For the picker" },
    { "logo_url?", "string", "For the picker" },
    { "temporary?", "boolean", "true for a TempPass" },
    { "remembered?", "boolean", "true for the last choice" },
    { "details?", "table", "Adobe's entry" },
    { "platform_mapping_id?", "string", "The provider's id at the partner" },
    { "boarding_status?", "string", "SUPPORTED or PICKER" },
    { "enable_platform_services?", "boolean", "Supports the partner's single sign-on" },
    { "display_in_platform_picker?", "boolean", "For the partner's picker" },
    { "enforce_platform_permissions?", "boolean", "The application must enforce the "
      .. "viewer's permission of the platform" },
    { "required_metadata_fields?", "string[]", "For the partner's request" } } },
  { "PartnerStatus", "Of client:partner_status; opaque", {} },
  { "Response", "Of client:request", {
    { "status", "integer", "The HTTP status" },
    { "headers", "table<string, string>", "Names in lower case" },
    { "body", "string", "The body" },
    { "json?", "any", "The decoded body, if it is JSON" } } },
  { "OutgoingRequest", "What on_request receives", {
    { "operation", "string", "A name of client.api; of client:request, `request:` and "
      .. "the first segment of the path, such as `request:esm`" },
    { "method", "string", "The HTTP method" },
    { "attempt", "integer", "Counts from 1" },
    { "mvpd?", "string", "The provider or TempPass" },
    { "device?", "string", "client:event_name() of the device" },
    { "headers", "table<string, string>", "Empty; headers to add" } } },
  { "Event", "What on_event receives", {
    { "type", '"request"|"retry"|"wait"|"token"|"registration"|"cache_hit"|'
      .. '"circuit_open"|"warning"', "What happened" },
    { "device?", "string", "client:event_name() of the device" },
    { "operation?", "string", "A name of client.api; of client:request, `request:` and "
      .. "the first segment of the path, such as `request:esm`" },
    { "mvpd?", "string", "The provider or TempPass" },
    { "attempt?", "integer", "Counts from 1" },
    { "status?", "integer", "The HTTP status" },
    { "error?", "string", "An error's code" },
    { "code?", "string", "Of a warning" },
    { "message?", "string", "Of a warning" },
    { "reason?", "string", "Of a wait" },
    { "seconds?", "number", "Of a wait, retry, request or open circuit" },
    { "reused?", "boolean", "Of a request: it used an open connection" },
    { "http_version?", "string", "Of a request" },
    { "expires_in?", "number", "Of a token: seconds until it ends" },
    { "what?", "string", "Of a cache hit: permit, profile, configuration or "
      .. "refresh_failed" },
    { "forced?", "boolean", "Of a token: an earlier one was refused" } } },
  { "Error", "What a call returns after nil", {
    { "code", "adobepass.ErrorCode|string", "Adobe's code, or one of the client's" },
    { "message", "string", "For the log" },
    { "action", "string", "What to do, see docs/errors.md" },
    { "http_status?", "integer", "The HTTP status" },
    { "status?", "integer", "The status in Adobe's error" },
    { "details?", "string", "The provider's text" },
    { "help_url?", "string", "Adobe's page" },
    { "trace?", "string", "Adobe's id of the request" },
    { "retry_after?", "number", "Seconds to wait" },
    { "operation?", "string", "What failed" },
    { "hint", "fun(self): string", "Returns what a developer can do" },
    { "viewer_text", "fun(self, language?: string): string", "Returns a text for the "
      .. "viewer; client:viewer_text also knows the option messages" },
    { "provider_text", "fun(self): string?", "Returns the provider's text for the "
      .. "viewer, if the response has one" } } },
  { "Store", "Keeps state", {
    { "get", "fun(self, key: string): string?, string?, string?", "Reads" },
    { "set", "fun(self, key: string, value: string, seconds?: number): boolean?",
      "Writes" },
    { "add", "fun(self, key: string, value: string, seconds: number): boolean?",
      "Writes if there is no value" },
    { "replace", "fun(self, key: string, value: string, expected: string?, "
      .. "seconds?: number): boolean?", "Writes if the value is the expected one" },
    { "delete", "fun(self, key: string, value?: string): boolean?",
      "Deletes; with a value, only if it is stored" } } },
  { "Driver", "Adapts the client to an event loop", {
    { "wait", "fun(transport: userdata, transfer: userdata, deadline: number)",
      "Returns true when the transfer has ended, false at the deadline" },
    { "sleep", "fun(seconds: number)", "Waits" },
    { "now", "fun(): number", "Seconds of a monotonic clock" },
    { "start?", "fun(task: function, ...): adobepass.Task",
      "Of tick: runs a task; its arguments follow" },
    { "update?", "fun(transport?: userdata): integer",
      "Of tick: called once a frame; returns the number of running tasks" },
    { "task?", "fun(): table?", "Returns the running task, whose `cleanups` are "
      .. "called if it is cancelled or fails" },
    { "clock?", "{ monotonic: fun(): number, wall: fun(): number }",
      "A virtual clock" } } },
  { "Task", "A task of driver.tick", {
    { "status", '"running"|"done"|"failed"|"cancelled"', "Its state" },
    { "results?", "table", "What the function returned; `n` is their number" },
    { "error?", "any", "The value that was raised" },
    { "traceback?", "string", "Where it was raised" },
    { "cancel", "fun(self)", "Ends it and its request: its function does not continue. "
      .. "To continue it with an error, use the option cancel of client:login" } } },
}

-- The tables of adobepass.sandbox.
texts.sandbox = {
  { "Replay", "A transport that responds from a recording", {
    { "driver", "fun(self): adobepass.Driver", "Returns a driver that does not wait" },
    { "finish", "fun(self): boolean?, string?, string?", "Returns true if every "
      .. "recorded request was sent, else nil, the first difference and a code" },
    { "close", "fun(self)", "Closes it" } } },
  { "Clock", "The virtual clock of a test", {
    { "sleep", "fun(seconds: number)", "Advances the clock" },
    { "now", "fun(): number", "Returns ms since 1970" } } },
}

local TOKEN = "default: the service_token of the identity"

-- Methods: name, parameters (each `name: type`, or `name: type # text` without commas),
-- results, text.
texts.client = {
  { "profiles", "options?: adobepass.IdentityOptions", "adobepass.Profile[]?",
    "Requests the profiles of this device, the one valid longest first." },
  { "remembered_profile", "", "adobepass.Profile?",
    "Returns the profile kept by the last login, without a request." },
  { "providers", "options?: adobepass.ProvidersOptions", "adobepass.Provider[]?",
    "Returns the providers to choose from." },
  { "remember_provider", "item: adobepass.Provider", "true?",
    "Keeps the viewer's choice." },
  { "remembered_provider", "", "adobepass.Provider?", "Returns the last choice." },
  { "login", "options: adobepass.LoginOptions", "adobepass.Profile?",
    "Logs a viewer in." },
  { "start_login", "options: adobepass.LoginOptions", "adobepass.Login?",
    "Begins a login." },
  { "poll_login", "login: adobepass.Login, options?: adobepass.LoginOptions",
    "adobepass.Profile?", "Requests the profile of a login once. Until it has found "
      .. "one, authorize and preauthorize return not_logged_in." },
  { "check_code", "code: string, options?: adobepass.CodeOptions",
    "adobepass.Code?", "For the second screen: returns the session of a code." },
  { "resume_login", "options: adobepass.ResumeOptions", "string?",
    "For the second screen: returns the URL for the viewer's browser, or \"\" if no "
      .. "login is needed." },
  { "refresh_profile", "options?: adobepass.RefreshOptions", "adobepass.Profile?",
    "Requests the profile again." },
  { "preauthorize", "resources: string[], options?: adobepass.DecisionOptions",
    "adobepass.Catalog?", "Returns which resources the viewer may watch." },
  { "authorize", "resource: string, options?: adobepass.DecisionOptions",
    "adobepass.Decision?", "Requests the decision for one playback." },
  { "logout", "options?: adobepass.LogoutOptions", "adobepass.LogoutEntry[]?",
    "Signs the viewer out." },
  { "temporary_access", "options: adobepass.TemporaryAccessOptions", "adobepass.Pass",
    "Returns a pass: access without a login." },
  { "reset_temp_pass", "options: adobepass.ResetOptions", "true?",
    "Resets a TempPass; give device, key or everyone. It also succeeds if there was "
      .. "nothing to reset." },
  { "partner_login", "options: adobepass.PartnerLoginOptions", "adobepass.Profile?",
    "Logs in through a partner's framework." },
  { "get_service_token", "options: adobepass.ServiceTokenOptions", "string?",
    "Requests a token of the SSO Service; also returns its end in ms." },
  { "renew_service_token", "token: string", "string?",
    "Requests a new token; also returns its end in ms." },
  { "link_device", "token?: string # " .. TOKEN, "string?",
    "Returns a code for another device, and its end in ms." },
  { "unlink_devices", "token: string? # " .. TOKEN .. ", devices: string[]", "table?",
    "Removes devices from the group." },
  { "linked_devices", "token?: string # " .. TOKEN, "table?",
    "Requests the devices of the group." },
  { "partner_status", "status: adobepass.PartnerStatusOptions",
    "adobepass.PartnerStatus?", "Builds the AP-Partner-Framework-Status." },
  { "sign_service_token", "options: adobepass.SignOptions", "string?",
    "Signs a service token with your own key." },
  { "request", "options: adobepass.RequestOptions", "adobepass.Response?",
    "Sends a request to another Adobe API." },
  { "client_id", "", "string?", "Returns the client_id of this device." },
  { "event_name", "", "string", "Returns the name of this device in events." },
  { "forget_failure", "", "true?", "Lets the next token request start at once." },
  { "viewer_text", "err: adobepass.Error", "string",
    "Returns the text of an error for the viewer." },
  { "now_ms", "", "number", "Returns the server's time in ms since 1970." },
  { "device", "fields: adobepass.Device", "adobepass.Client",
    "Returns the client of another device." },
  { "update", "", "integer",
    "Runs the tasks of driver.tick, and returns how many still run; call it once in "
      .. "each frame." },
  { "close", "", nil, "Closes the connections." },
}

texts.pass = {
  { "preauthorize", "resources: string[]", "adobepass.Catalog?",
    "Returns which resources the pass permits." },
  { "authorize", "resource: string", "adobepass.Decision?",
    "Requests the decision for one playback." },
  { "refresh", "", "true?", "Requests what is left." },
  { "remaining_ms", "", "number?", "Returns the ms that are left." },
  { "remaining_resources", "", "number?", "Returns the titles that are left." },
  { "check", "", '"active"|"expiring"|"expired"?',
    "Call it repeatedly during playback." },
}

texts.identity = IDENTITY

-- --- modules with doc comments -------------------------------------------------

-- From a type of a doc comment to a class.
texts.doc_classes = { token = "core.Token", key = "core.Key", lock = "core.Lock",
  transport = "core.Transport", transfer = "core.Transfer", wakeup = "core.Wakeup" }

-- From a function and a parameter, or `result`, to a type that replaces that of the doc
-- comment, which says only `table` or `string`.
texts.doc_types = {
  ["http.new"] = { options = "adobepass.HttpOptions" },
  ["transport:submit"] = { request = "adobepass.core.Request" },
  ["transport:step"] = { ended = "adobepass.core.Transfer[]" },
  ["transport:sockets"] = { result = 'table<integer, "r"|"w"|"rw">' },
  ["transfer:result"] = { result = "adobepass.core.Response" },
  token = { response = "adobepass.core.TokenResponse",
    options = "adobepass.core.TokenOptions" },
  ["token:state"] = { result = '"fresh"|"due"|"expired"' },
  ["key:encrypt"] = { padding = '"pkcs1"|"oaep"|"oaep-sha256"' },
  ["key:decrypt"] = { padding = '"pkcs1"|"oaep"|"oaep-sha256"' },
  ["jws.sign"] = { options = "adobepass.core.JwsOptions", algorithm = '"RS256"' },
  ["jws.verify_signature"] = { algorithm = '"RS256"' },
  ["jws.verify"] = { algorithm = '"RS256"' },
  ["file.read"] = { options = "adobepass.core.ReadOptions" },
  ["file.write"] = { options = "adobepass.core.WriteOptions" },
  ["file.list"] = { options = "adobepass.core.ListOptions" },
  ["system.uname"] = { result = "adobepass.core.Uname" },
  features = { result = "adobepass.core.Features" },
  handle_count = { result = "adobepass.core.HandleCount" },
  ["media_token.inspect"] = { result = "adobepass.media_token.Fields" },
  ["media_token.ends"] = { fields = "adobepass.media_token.Fields" },
  ["media_token.verify"] = { result = "adobepass.media_token.Fields",
    options = "adobepass.VerifyOptions" },
}

-- From a module to the entries of texts.options that belong to it.
texts.doc_options = { media_token = { "media_token.verify" } }

local ENCRYPTION_KEY = { "key?", "string", "32 bytes, for AES-256-GCM" }

-- From a module to the tables of its functions.
texts.doc_results = {
  core = {
    { "core.Request", "A request of transport:submit", {
      { "url", "string", "An absolute URL" },
      { "method?", "string", "The HTTP method (GET)" },
      { "headers?", "table<string, string|string[]>", "A list repeats the header" },
      { "body?", "string", "The body" },
      { "bearer?", "adobepass.core.Token", "Sent in Authorization" },
      { "timeout?", "number", "Seconds; default: the transport's" },
      { "connect_timeout?", "number", "Seconds; default: the transport's" },
      { "max_body?", "integer", "Most bytes of the response's body; default: the "
        .. "transport's" },
      { "fresh?", "boolean", "true: on a new connection (false)" } } },
    { "core.Response", "A response", {
      { "status", "integer", "The HTTP status" },
      { "body", "string", "The body" },
      { "headers", "table<string, string>", "A lookup ignores case; repeated headers "
        .. "are joined with a comma" },
      { "header_list", "string[][]", "Every header as { name, value }, in the order "
        .. "received" },
      { "http_version", "string", "1.0, 1.1 or 2" },
      { "reused", "boolean", "The connection existed before" },
      { "timings", "adobepass.core.Timings", "Seconds from the start" } } },
    { "core.Timings", "Seconds from the start of a request", {
      { "name", "number", "The name was resolved" },
      { "connect", "number", "The connection was open" },
      { "tls", "number", "The TLS handshake was complete" },
      { "first_byte", "number", "The first byte of the response was received" },
      { "total", "number", "The response was complete" } } },
    { "core.TokenResponse", "A response of the token endpoint", {
      { "access_token", "string", "The secret" },
      { "expires_in", "number|string", "Seconds" },
      { "created_at?", "number|string", "Kept unchanged" } } },
    { "core.TokenOptions", "When a token is due", {
      { "now?", "number", "Monotonic seconds; default: the clock's" },
      { "margin?", "number", "Seconds before its end when it is due (300)" },
      { "jitter?", "number", "Seconds of which a random part is added to margin (60)" },
      { "chance?", "number", "That part, from 0 to 1; default: random" } } },
    { "core.JwsOptions", "Fields of the header", {
      { "kid?", "string", "The id of the key" },
      { "typ?", "string", "The type (JWT)" } } },
    { "core.ReadOptions", "Options of file.read", {
      { "max?", "integer", "Most bytes (1 MiB)" }, ENCRYPTION_KEY } },
    { "core.WriteOptions", "Options of file.write", { ENCRYPTION_KEY } },
    { "core.ListOptions", "Options of file.list", {
      { "max?", "integer", "Most entries (1000000)" } } },
    { "core.Uname", "What uname(2) reports", {
      { "sysname", "string", "Such as Linux" },
      { "release", "string", "Such as 6.1.0" },
      { "version", "string", "The version" },
      { "machine", "string", "Such as x86_64" } } },
    { "core.Features", "Of the libraries", {
      { "libcurl", "string", "The version" },
      { "openssl", "string", "The version" },
      { "http2", "boolean", "HTTP/2 is available" },
      { "async_dns", "boolean", "A DNS lookup does not block" } } },
    { "core.HandleCount", "Numbers of open handles", {
      { "transports", "integer", "Open transports" },
      { "transfers", "integer", "Open transfers" },
      { "tokens", "integer", "Open tokens" },
      { "keys", "integer", "Open keys" },
      { "locks", "integer", "Open locks" } } },
  },
  media_token = {
    { "media_token.Fields", "The fields of a media token", {
      { "session_guid?", "string", "The session" },
      { "requestor?", "string", "The service provider" },
      { "resource?", "string", "The resource" },
      { "ttl?", "number", "Its lifetime in ms" },
      { "issue_time?", "string", "When it was issued" },
      { "mvpd?", "string", "The provider" },
      { "proxy_mvpd?", "string", "The provider behind a proxy" } } },
  },
}

return texts

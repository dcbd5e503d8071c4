-- SPDX-License-Identifier: MIT
-- The meanings of the error codes that are not Adobe's enhanced error codes, for
-- .ci/reference. The meaning of an enhanced error code is the sandbox's message.

local INVALID = "The argument is missing, or cannot be sent. No request was sent."

return {
  -- Dynamic client registration
  invalid_client = "The service does not know these credentials.",
  invalid_redirect_uri = "The redirect URI is not one of the application.",
  invalid_request = "The registration or token request is malformed.",
  invalid_software_statement = "The software statement is malformed or was changed.",
  unapproved_software_statement = "The software statement is not approved here.",
  unauthorized_client = "The application may not use this API.",
  unsupported_grant_type = "The server issues no tokens for credentials.",
  -- the SSO Service
  token_invalid = "The service token or the link code is not valid (status 400).",
  token_expired = "The service token has expired (401).",
  header_invalid = "The token's signature or subject is wrong (401).",
  header_missing = "A header is missing (400 or 401).",
  request_invalid = "The body is not as documented (400).",
  request_null = "The body is empty (400).",
  internal_error = "The SSO Service failed (500).",
  -- the client
  not_logged_in = "There is no profile.",
  login_expired = "The code expired before the viewer logged in.",
  login_superseded = "A newer login, or a logout, of this device ended this login.",
  login_denied = "The provider refused the login.",
  cancelled = "The option `cancel` ended the login, or the request was cancelled.",
  partner_failed = "The partner's framework gave no SAML response.",
  partner_fallback = "The partner has no login to share.",
  software_statement_missing =
    "The client must register, and has no software statement.",
  store_failed = "The store could not be read or written.",
  malformed_response = "The response is not as documented.",
  no_decision = "The response has no decision for the resource.",
  unknown_action = "The response has an action that is not documented.",
  foreign_url = "A URL belongs to another origin where this is not allowed.",
  unauthorized = "Status 401, without a code of Adobe's.",
  too_many_requests = "Status 429, without a code of Adobe's.",
  circuit_open = "The operation failed repeatedly, so no request was sent.",
  unknown_error = "A denial without a code.",
  invalid_parameter_token = INVALID, invalid_parameter_sso_id = INVALID,
  invalid_parameter_link = INVALID, invalid_parameter_devices = INVALID,
  -- the core
  timeout = "No complete response came before the timeout.",
  resolve_failed = "The DNS lookup failed.",
  connect_failed = "The TCP connect failed.",
  tls_failed = "Wrong host, unknown or expired certificate, old TLS version, or "
    .. "wrong pin.",
  proxy_failed = "The request to the proxy failed.",
  connection_lost = "The connection closed before the response was complete.",
  protocol_error = "The response is not HTTP.",
  too_large = "The response's body or headers exceed their limit, or the request's "
    .. "headers exceed 1 MiB.",
  invalid_url = "The URL is not supported.",
  insecure_url = "Plain http to another machine.",
  closed = "The client or transport is closed.",
  out_of_memory = "Memory could not be allocated.",
  transfer_failed = "libcurl failed for another reason.",
  decrypt_failed = "The file was encrypted with another key, or was changed.",
  not_found = "The file or folder does not exist.",
  no_access = "The file system refused the access.",
  insecure_file = "Other users can read or write the file.",
  no_space = "The disk is full; the old content is unchanged.",
  read_only = "The file system is read-only.",
  busy = "Another process holds the lock of the file.",
  io_error = "The file system failed; the old content is unchanged.",
  key_needed = "The file is encrypted, and the store has no key.",
}

--- Statements of Adobe's pages about requests, and the specs that prove them.

return {
  { page = "throttling-mechanism",
    statement = "A maximum of 1 request per second, with an initial burst of 10 "
      .. "requests: a one-time allowance on the first interaction of the "
      .. "identified client.",
    status = "kept", tags = { "rate-limit-burst-once", "rate-limit-adobe-scenario",
      "rate-limit-within-window", "deadline-burst-once" } },
  { page = "throttling-mechanism",
    statement = "Each application that receives a 429 response must wait for at "
      .. "least 1 second before generating a new request.",
    status = "kept", tags = { "deadline-stops-device-asks",
      "rate-limit-allow-listed" } },
}

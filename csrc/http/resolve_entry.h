/* SPDX-License-Identifier: MIT */
/* "host:port:address", as CURLOPT_RESOLVE has it. */
#ifndef AP_HTTP_RESOLVE_ENTRY_H
#define AP_HTTP_RESOLVE_ENTRY_H

/* A host, a port, and one address or several with commas between them? */
int ap_resolve_entry_is_one(const char *entry);
/* Is it for the name of a machine that is not this one? */
int ap_resolve_entry_is_of_another(const char *entry);

#endif

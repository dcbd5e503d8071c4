/* SPDX-License-Identifier: MIT */
#ifndef AP_BASE_VERSION_H
#define AP_BASE_VERSION_H

#define ADOBEPASS_VERSION "0.1.0"

#endif

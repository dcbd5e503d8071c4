/* SPDX-License-Identifier: MIT */
#ifndef AP_BASE_VERSION_H
#define AP_BASE_VERSION_H

#define ADOBEPASS_VERSION "1.0.0"

#endif

#!/bin/sh
# SPDX-License-Identifier: MIT
# 10,000 mixed requests, three times, against the sandbox behind nginx: every
# answer must be a good one, and the worker must not grow.
# usage: bench/sandbox_load.sh [requests a round]
# It needs wrk and h2load (Debian: wrk, nghttp2-client).
cd "$(dirname "$0")/.." || exit 1
for tool in wrk h2load; do
  command -v $tool > /dev/null || { echo "$tool is missing" >&2; exit 1; }
done
lua=${LUA:-lua5.4}
export LUA_PATH="./lua/?.lua;./lua/?/init.lua;./?.lua;;"
export LUA_CPATH="./build/$lua/?.so;;"
exec "$lua" bin/adobepass sandbox --no-throttle \
  --exec "exec $lua bench/sandbox_load.lua ${1:-10000}"

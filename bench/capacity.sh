#!/bin/sh
# SPDX-License-Identifier: MIT
# Simulates the traffic of 10 million devices: prints the tables of docs/capacity.md and
# writes its plots. Takes about 5 minutes.
cd "$(dirname "$0")/.." || exit 1
lua=${LUA:-lua5.4}
export LUA_PATH="./lua/?.lua;./lua/?/init.lua;./?.lua;;"
export LUA_CPATH="./build/$lua/?.so;;"
exec "$lua" bench/capacity_report.lua

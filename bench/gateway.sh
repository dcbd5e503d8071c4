#!/bin/sh
# SPDX-License-Identifier: MIT
# Measures the gateway of examples/openresty on this machine.
#
#   bench/gateway.sh files [rounds]      guarded beside unguarded, by wrk
#   bench/gateway.sh play [seconds]      /play beside the sandbox alone, by wrk
#   bench/gateway.sh slow [viewers]      /play while the service takes a second
#   bench/gateway.sh outage [seconds]    the sandbox is gone for so long (30)
#   bench/gateway.sh hour [seconds]      an hour's traffic in so long (300)
#
# The exit status is 1 where a target is missed.
cd "$(dirname "$0")/.." || exit 1
lua=${LUA:-lua5.4}
make -s LUA="$lua" all && make -s LUA=luajit all || exit 1
export LUA_PATH="./lua/?.lua;./lua/?/init.lua;./?.lua;;"
export LUA_CPATH="./build/$lua/?.so;;"
exec "$lua" bench/gateway.lua "$@"

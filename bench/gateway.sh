#!/bin/sh
# SPDX-License-Identifier: MIT
# Measures the gateway of examples/openresty on this machine.
#
#   bench/gateway.sh files [rounds]      files with and without the ticket check (10)
#   bench/gateway.sh cdn [rounds]        segments through Traffic Server (10)
#   bench/gateway.sh slow [viewers]      /play with a service that takes 2 s (400)
#   bench/gateway.sh costs [devices]     CPU, Redis and Adobe of each step (2000)
#   bench/gateway.sh prediction [devices]   a run and its simulation (20000, 12 minutes)
#   bench/gateway.sh hour [seconds]      the traffic of one hour (300)
#   bench/gateway.sh reload [reloads]    requests during reloads of nginx (200)
#
# Exit status 1 if a target is missed.
cd "$(dirname "$0")/.." || exit 1
lua=${LUA:-lua5.4}
case $1 in
files | slow) sh .ci/packages wrk || exit 1 ;;
cdn) sh .ci/packages wrk trafficserver trafficserver-experimental-plugins || exit 1 ;;
esac
make -s LUA="$lua" all && make -s LUA=luajit all || exit 1
export LUA_PATH="./lua/?.lua;./lua/?/init.lua;./?.lua;;"
export LUA_CPATH="./build/$lua/?.so;;"
exec "$lua" bench/gateway.lua "$@"

#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh FOLDER TARGET SECONDS|seeds: runs a fuzz target; prints one line, or the
# complete log when it found a failure.
# run.sh FOLDER table: prints the results of all targets as a table.
folder=$1 target=$2 seconds=$3
rows=$folder/table

if [ "$target" = table ]; then
  echo "| target | seconds | runs | edges | finds |"
  echo "|---|---:|---:|---:|---:|"
  cat "$rows"
  ! grep -q "| [1-9][0-9]* |\$" "$rows"
  exit
fi

seeds=spec/fuzz/corpus/$target
log=$folder/$target.log
mkdir -p "$folder/corpus/$target" "$folder/found"

set -- -print_final_stats=1 -timeout=10 -rss_limit_mb=1024 \
  -artifact_prefix="$folder/found/$target-"
[ -f "spec/fuzz/$target.dict" ] && set -- "$@" -dict="spec/fuzz/$target.dict"
if [ "$seconds" = seeds ]; then
  set -- "$@" -runs=0 "$seeds"
else
  # Above the limits of 64 KiB in jws.h and access_token.h.
  set -- "$@" -max_len=70000 -max_total_time="$seconds" \
    "$folder/corpus/$target" "$seeds"
fi

"$folder/$target" "$@" > "$log" 2>&1
status=$?
if [ $status != 0 ]; then
  cat "$log"
  echo "fuzz $target: FAILED; the input is in $folder/found"
fi
awk -v target="$target" -v finds=$((status != 0)) -v rows="$rows" '
  /cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") covered = $(i + 1) }
  /^#[0-9]/ { runs = substr($1, 2) }
  /^Done /{ runs = $2; seconds = $5 }
  END {
    if (!finds)
      printf "fuzz %-8s %9d runs  %4d s  %5d edges covered, nothing found\n",
        target, runs, seconds, covered
    printf "| %s | %d | %d | %d | %d |\n", target, seconds, runs, covered,
      finds >> rows
  }' "$log"
exit $status

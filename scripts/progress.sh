#!/usr/bin/env bash
# Says how far pip is, while it goes: reads its output, prints every twentieth package of $1. The shell reads it, no awk: mawk
# keeps what it reads until there are 4 kB of it, and says nothing for minutes.
set -euo pipefail
all=$1 n=0
while IFS= read -r line; do
  case $line in
    Collecting\ * | Requirement\ already\ satisfied*)
      n=$((n + 1))
      if [ $((n % 20)) = 0 ]; then printf 'setup:   %d of %d\n' "$n" "$all"; fi ;;
    *Downloading\ *MB*) printf 'setup:   fetching %s\n' "$(sed 's/.*Downloading \([^ ]*\) (\([^)]*\)).*/\1, \2/; s|.*/||' <<<"$line")" ;;
    Installing\ collected*) printf 'setup:   unpacking, half a minute\n' ;;
  esac
done

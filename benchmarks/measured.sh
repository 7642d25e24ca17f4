# For other scripts here: measured LABEL COMMAND... runs a command, and prints its seconds and the most memory that it had, with
# the files that it maps and without them. Afterwards $seconds has the time. If $kill_at names a file, the command is killed as
# soon as that file is there; otherwise the exit status is the command's.
measured() {
  local label=$1 start all=0 own=0 now process status=0
  start=$(date +%s.%N)
  shift
  "$@" &
  process=$!
  while now=$(awk '/VmHWM|RssAnon/ {printf "%s ", $2}' "/proc/$process/status" 2> /dev/null) && [ -n "$now" ]; do
    all=${now%% *}
    now=${now#* }
    [ "${now% }" -le "$own" ] || own=${now% }
    if [ -n "${kill_at:-}" ] && [ -e "$kill_at" ]; then kill -9 "$process" || true; fi
    sleep 0.2
  done
  wait "$process" || status=$?
  seconds=$(awk -v start="$start" -v end="$(date +%s.%N)" 'BEGIN {printf "%.1f", end - start}')
  echo "$label: $seconds s, memory at most $((all / 1024)) MiB, without mapped files $((own / 1024)) MiB"
  [ "$status" = 0 ] || { [ -n "${kill_at:-}" ] && [ "$status" = 137 ]; }
}

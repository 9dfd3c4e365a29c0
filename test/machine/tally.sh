# Sourced by the runners: sums what several test programs say in their closing lines.
passed=0 failed=0
out=$(mktemp)

# tally CMD…: runs it, shows its output, adds its "N passed, N failed". A program that does not get that far has failed.
# 125 says that the machine died, not the program: where the caller has a function `revive`, it is tried once more.
tally() {
  local code line
  attempt "$@"
  if [ "$code" = 125 ] && declare -F revive > /dev/null; then
    echo "# the machine hung or died: once more in a new one"
    revive && attempt "$@"
  fi
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$out" | tail -1)
  if [ -z "$line" ]; then
    echo "not ok - $* ended with $code and without a result"
    failed=$((failed + 1))
    return
  fi
  set -- $line
  passed=$((passed + $1)) failed=$((failed + $3))
  if [ "$code" != 0 ] && [ "$3" = 0 ]; then
    echo "not ok - it ended with $code"
    failed=$((failed + 1))
  fi
}

# Bounded: nothing here takes more than a quarter of this, and what hangs must not take the whole run with it.
attempt() {
  timeout -k 10 1500 "$@" 2>&1 | tee "$out"
  code=${PIPESTATUS[0]}
}

# The closing line, and the exit code that goes with it.
closing_line() {
  rm -f "$out"
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

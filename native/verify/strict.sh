#!/bin/sh
# Compile the hand-written C with every warning an error; the flags are build.py's own.
# Usage: native/verify/strict.sh [python]
set -eu
cd "$(dirname "$0")/.."
flags=$("${1:-python3}" -c 'import build; print(*build.FLAGS, *build.STRICT)')
for source in kernel/*.c plant/*.c; do
    # shellcheck disable=SC2086  # the flags are words
    gcc $flags -c "$source" -o /dev/null
done
echo "strict C: $(ls kernel/*.c plant/*.c | wc -l) files clean"

#!/bin/sh
# What the kernel may ask of the world: nothing but memory moves, square root and the C runtime's own
# guards. Compiles native/kernel strictly (the flags of native/build.py) and reads `nm -u`.
# Usage: tools/check_symbols.sh [python]        exit 1 and the names when something else is there
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
python=${1:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

flags=$(cd "$root/native" && "$python" -c 'import build; print(*build.FLAGS, *build.STRICT)')
for source in "$root"/native/kernel/*.c; do
    # Not position independent, so that constant tables of functions are read-only data here.
    # shellcheck disable=SC2086  # the flags are words
    "${CC:-cc}" $flags -fno-pie -c "$source" -o "$work/$(basename "$source" .c).o"
done
ld -r -o "$work/kernel.o" "$work"/*.o # names the files give one another disappear

allowed='^(memcpy|memmove|memset|memcmp|sqrt|fabs|__assert_fail|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_)$'
foreign=$(nm -u "$work/kernel.o" | awk '{ print $NF }' | grep -Ev "$allowed" || true)
if [ -n "$foreign" ]; then
    echo "native/kernel needs what it may not have:" >&2
    echo "$foreign" >&2
    exit 1
fi
# No state of its own either: a writable global would be one (data and bss symbols, any case).
writable=$(nm "$work/kernel.o" | awk '$2 ~ /^[dDbBC]$/ { print $NF }')
if [ -n "$writable" ]; then
    echo "native/kernel keeps writable globals:" >&2
    echo "$writable" >&2
    exit 1
fi
echo "native/kernel: needs only $(nm -u "$work/kernel.o" | awk '{ print $NF }' | sort | tr '\n' ' ')"

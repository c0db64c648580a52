#!/bin/sh
# Compile the hand-written C with every warning an error. The flags are build.py's own.
set -eu
cd "$(dirname "$0")/../.."
flags=$(python3 - <<'PY'
import ast, pathlib
for node in ast.parse(pathlib.Path("native/build.py").read_text()).body:
    if isinstance(node, ast.Assign) and node.targets[0].id in ("FLAGS", "STRICT"):
        print(*ast.literal_eval(node.value), end=" ")
PY
)
for source in native/kernel/*.c native/plant/*.c; do
    # shellcheck disable=SC2086
    gcc $flags -c "$source" -o /dev/null
done
echo "strict C: $(ls native/kernel/*.c native/plant/*.c | wc -l) files clean"

#!/usr/bin/env bash
# Compiles the SIMD kernels for 64-bit Arm (NEON), which no machine of CI has; nothing is linked or run.
set -euo pipefail
cd "$(dirname "$0")/.."

# Highway is headers only for what the kernels use. Its headers alone, without those of this machine's
# processor beside them.
headers=build/neon
mkdir -p "$headers"
ln -sfn /usr/include/hwy "$headers/hwy"

compile() {
  aarch64-linux-gnu-g++ -std=c++20 -O1 -Wall -Wextra -Werror -Isrc -Iinclude -isystem "$1" -c "$2" -o /dev/null
  echo "neon: $2"
}
export -f compile
grep -l HWY_DYNAMIC_DISPATCH src/dsp/*.cc |
  xargs -P "$(nproc)" -I{} bash -euo pipefail -c 'compile "$0" "$1"' "$headers" {}

#!/usr/bin/env bash
# Installs what is missing on Debian 12, Ubuntu 24.04 and later: packages, then the Python environment.
# usage: tools/setup.sh [run|test|e2e|bench|valgrind|ci]   (default: test)
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-test}
venv=.venv

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# clang's sanitizer runtimes are named after its version.
clang_runtime() {
  local version
  version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]\+\)$/\1/p')
  [ -n "$version" ] && echo "libclang-rt-$version-dev"
}

# Debian 12 names 1.74 as its default, which is too old for us.
boost_headers() {
  local version
  for version in 1.81 1.83 1.88 1.90; do
    [ -n "$(apt-cache show -q=2 "libboost$version-dev" 2>/dev/null)" ] || continue
    echo "libboost$version-dev"
    return 0
  done
  return 1
}

packages=(
  g++ cmake ninja-build ccache pkg-config
  libhwy-dev libsndfile1-dev libssl-dev nlohmann-json3-dev libyaml-cpp-dev libcli11-dev libspdlog-dev libfmt-dev
  libsrtp2-dev libusrsctp-dev libopus-dev
  python3-dev python3-venv
)
to_test=(libgtest-dev libgmock-dev)
case $purpose in
  run) packages+=(pocketsphinx-testdata) ;; # recordings of speech
  test) packages+=("${to_test[@]}" pocketsphinx-testdata) ;;
  e2e) packages+=(pocketsphinx-testdata chromium firefox-esr pulseaudio nodejs) ;;
  bench)
    packages+=(
      libbenchmark-dev libsoxr-dev libspeexdsp-dev libsamplerate0-dev libswresample-dev libavutil-dev
      # recordings and voices of the labelled set
      pocketsphinx-testdata asterisk-core-sounds-en-wav
      espeak-ng flite festival festvox-us-slt-hts festvox-kallpc16k
    )
    ;;
  valgrind) packages+=("${to_test[@]}" valgrind) ;;
  ci) packages+=("${to_test[@]}" pocketsphinx-testdata clang clang-tidy g++-aarch64-linux-gnu) ;;
  *) fail "unknown purpose '$purpose'; expected run, test, e2e, bench, valgrind or ci" ;;
esac

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else fail "installing packages needs root; run as root, or install sudo"
  fi
}

install_packages() {
  local missing=() name
  for name in "$@"; do installed "$name" || missing+=("$name"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  # A fresh image has no package lists, an old one names versions that are gone: update only then.
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "${missing[@]}" 2>/dev/null && return 0
  say "updating the package lists"
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# One list of pinned packages, once; what follows the list are options of pip.
install_requirements() {
  local list=$1 wanted stamp
  shift
  wanted=$(sha256sum "$list")
  stamp=$venv/.$(basename "$list" .txt)-requirements
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
  say "installing $list into $venv"
  "$venv/bin/pip" install -q --disable-pip-version-check --require-hashes "$@" -r "$list"
  echo "$wanted" >"$stamp"
}

make_environment() {
  local python=${PYTHON:-python3}
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "$python is $("$python" --version 2>&1), expected 3.10 or later; set PYTHON=/path/to/python3"
  if [ ! -x "$venv/bin/python" ]; then
    say "creating $venv with $("$python" --version)"
    "$python" -m venv "$venv"
  fi
  if [ "$purpose" = bench ]; then
    "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
      fail "the packages that make bench compares with need Python 3.11; set PYTHON and remove $venv"
  fi
  install_requirements requirements/dev.txt
  if [ "$purpose" = e2e ]; then install_requirements requirements/e2e.txt; fi
  # The list is complete, and one of its packages would want a framework that nothing here uses.
  if [ "$purpose" = bench ]; then install_requirements requirements/bench.txt --no-deps; fi
}

fetch_models() {
  "$venv/bin/python" tools/fetch_models.py ||
    fail "tests and examples of the Silero VAD need its model; see above"
}

command -v dpkg-query >/dev/null ||
  fail "this script knows Debian and Ubuntu; elsewhere install the packages named in it by hand"
boost=$(boost_headers) || {
  say "updating the package lists"
  as_root apt-get update -q
  boost=$(boost_headers) || fail "no package with Boost 1.81 or later is known to apt-cache"
}
install_packages "${packages[@]}" "$boost"
if [ "$purpose" = ci ]; then
  runtime=$(clang_runtime) || fail "the version of clang cannot be told from apt-cache"
  install_packages "$runtime"
fi
make_environment
[ "$purpose" = run ] || fetch_models # the wheel fetches it itself

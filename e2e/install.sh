#!/usr/bin/env bash
# Installs the real clients that the end-to-end tests run: programs from Debian
# where they are missing, pusher-js and the official Node SDK into node_modules,
# the official Python SDK into .venv. What is there already is left alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

say() { echo "e2e: $*" >&2; }

has_python() { python3 -c 'import ensurepip, venv' 2>/dev/null; }

has_chromium() {
	[[ -n ${CHROMIUM:-} ]] || command -v chromium chromium-browser google-chrome >/dev/null
}

debian() {
	local packages=()
	command -v node >/dev/null || packages+=(nodejs)
	command -v npm >/dev/null || packages+=(npm)
	has_python || packages+=(python3-venv)
	has_chromium || packages+=(chromium)
	((${#packages[@]})) || return 0

	local root=()
	if ((EUID != 0)); then
		command -v sudo >/dev/null || { say "please install as root: ${packages[*]}"; return 1; }
		root=(sudo)
	fi
	command -v apt-get >/dev/null || { say "please install: ${packages[*]} (there is no apt-get here to do it)"; return 1; }
	say "installing from Debian: ${packages[*]}"
	local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive timeout 900 apt-get -qq -o Dpkg::Use-Pty=0)
	"${apt[@]}" update
	"${apt[@]}" install --yes --no-install-recommends "${packages[@]}" >/dev/null
}

# npm leaves its own copy of the lock file behind when it is done.
node_modules() {
	[[ node_modules/.package-lock.json -nt package-lock.json && node_modules/.package-lock.json -nt package.json ]] && return 0
	say "installing pusher-js and pusher into node_modules"
	timeout 300 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch node_modules/.package-lock.json
}

# Without the Python SDK its tests are skipped, so that a registry that does not
# serve it stops nothing else.
python_sdk() {
	cmp --silent requirements.txt .venv/installed.txt && return 0
	say "installing the official Python SDK into .venv"
	rm -rf .venv
	python3 -m venv .venv
	if timeout 300 .venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: --requirement requirements.txt; then
		cp requirements.txt .venv/installed.txt
		return 0
	fi
	rm -rf .venv
	say "WARNING: pip could not install the official Python SDK: its tests WILL BE SKIPPED"
}

debian
node_modules
python_sdk

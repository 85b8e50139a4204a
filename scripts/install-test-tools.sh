#!/usr/bin/env bash
# What the tests need beyond Python: Chromium and PostgreSQL from Debian, axe-core from npm. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v chromium >/dev/null; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core
fi
if ! compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null && ! command -v initdb >/dev/null; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends postgresql
fi
if [ ! -f node_modules/axe-core/axe.min.js ]; then
  npm install --no-save --no-package-lock --no-audit --no-fund --silent axe-core
fi

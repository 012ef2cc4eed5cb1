#!/bin/bash
# Connects a dataset to the capacity tier, as a DataLad procedure:
#
#   git config --global datalad.microstage.store ria+file:///data/store
#   datalad create -c microstage section
#   datalad run-procedure cfg_microstage [STORE] [OPTION]...
#
# STORE is a path or URL; without it, or where an option comes first, git's configuration names the store (a person's,
# the system's or the clone's own, never the dataset's committed one). Options are those of `microstage connect`.
set -u

die() { echo "cfg_microstage: $*" >&2; exit 1; }

[[ $# -gt 0 ]] || die "needs a dataset's path; call it with: datalad run-procedure cfg_microstage [STORE] [OPTION]..."
dataset=$1
shift
command -v microstage >/dev/null || die "microstage is not in PATH; install it, or add its directory to PATH"

if [[ $# -gt 0 && $1 != -* ]]; then
  store=$1
  shift
else
  store=$(git -C "$dataset" config --get datalad.microstage.store) ||
    die "no store: name one after cfg_microstage, or: git config --global datalad.microstage.store ria+file:///data/store"
fi
exec microstage connect "$dataset" --store "$store" "$@"

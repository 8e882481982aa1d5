#!/bin/sh
# check_private_keys.sh <repository>: fails, naming the files, if git holds a private key, or would after `git add`.
# check_private_keys.sh --self-test: plants one in a new repository and expects it to be found.
set -eu

# The brackets keep this file from matching itself.
pattern='BEGIN [A-Z ]*PRIVATE[ ]KEY'

# The folder may belong to someone else, as in a container; reading it is harmless.
git_in() {
  folder=$1
  shift
  git -c safe.directory='*' -C "$folder" "$@"
}

check() {
  git_in "$1" rev-parse --git-dir >/dev/null 2>&1 || {
    echo "SKIP: $1 is not a git repository"
    return 77
  }
  status=0
  found=$(git_in "$1" grep --untracked --text --files-with-matches --extended-regexp "$pattern") || status=$?
  case $status in
    0)
      echo "Private keys must never be committed. Remove these; certs-example/make-certs.sh makes some when needed:"
      echo "$found"
      return 1
      ;;
    1) echo "No private keys." ;;
    *) return "$status" ;;
  esac
}

if [ "$1" != --self-test ]; then
  check "$1"
  exit
fi

repository=$(mktemp -d)
trap 'rm -rf -- "$repository"' EXIT
git -c init.defaultBranch=main init -q "$repository"
echo "text" >"$repository/file"
check "$repository"
printf -- '-----BEGIN %s KEY-----\n' PRIVATE >"$repository/file"
if check "$repository"; then
  echo "A planted private key was not found."
  exit 1
fi
echo "The planted key was found."

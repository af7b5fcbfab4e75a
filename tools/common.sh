# What the scripts behind the Makefile share; they read it with `.` from the project's folder.
# shellcheck shell=sh

# shellcheck disable=SC2034 # they use it
venv=$PWD/build/venv

# For pytest: a process a processor. Files are shared out, for their tests share servers.
# shellcheck disable=SC2034 # likewise
parallel='-n auto --dist loadfile'

# Makes a build folder, or changes one whose options are others now. $1: the folder; the rest:
# options. In CI a warning is an error, and so is a library that is missing.
configure()
{
    folder=$1
    shift
    if [ "${CI:-}" = true ]; then
        set -- -Dwerror=true -Dauto_features=enabled "$@"
    else
        set -- -Dwerror=false -Dauto_features=auto "$@"
    fi
    [ ! -f build/ulfius/include/ulfius.h ] ||
        set -- -Dulfius=enabled "-Dulfius_root=$PWD/build/ulfius" "$@"
    if [ ! -f "$folder/build.ninja" ]; then
        meson setup "$folder" "$@"
    elif [ "$(cat "$folder/options.stamp" 2>/dev/null)" != "$*" ]; then
        meson setup --reconfigure "$folder" "$@"
    fi
    printf '%s\n' "$*" >"$folder/options.stamp"
}

# Of Python, that the package is for.
versions='3.10 3.11 3.12 3.13 3.14'

# $1: a version such as 3.12. The path of such an interpreter, on the PATH or of pyenv; nothing
# where there is none. What stands on the PATH may be pyenv's shim of a version that is not switched
# on.
interpreter()
{
    for candidate in "python$1" "$(pyenv root 2>/dev/null)/versions/$1".*/bin/python; do
        "$candidate" -c 'import sys; print(sys.executable)' 2>/dev/null && return
    done
    return 0
}

# The interpreters at hand that the package is for, a line each, the oldest first.
interpreters()
{
    for version in $versions; do
        interpreter "$version"
    done
}

# What the scripts behind the Makefile share; they read it with `.` from the project's folder.
# shellcheck shell=sh

# shellcheck disable=SC2034 # they use it
venv=$PWD/build/venv

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
    if [ ! -f "$folder/build.ninja" ]; then
        meson setup "$folder" "$@"
    elif [ "$(cat "$folder/options.stamp" 2>/dev/null)" != "$*" ]; then
        meson setup --reconfigure "$folder" "$@"
    fi
    printf '%s\n' "$*" >"$folder/options.stamp"
}

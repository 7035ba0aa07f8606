#!/bin/sh
# Install the Debian packages that tests need, where that is allowed; else say which command to run.
# Each argument is package:what, where what is a command, a library or a font that tells whether it is there.
missing=""
for pair in "$@"; do
    package=${pair%%:*}
    what=${pair#*:}
    case $what in
        /*) [ -e "$what" ] ;;
        libasound_module*) find /usr/lib -name "$what" 2>/dev/null | grep -q . ;;
        *.so*) ldconfig -p 2>/dev/null | grep -q "$what" || /sbin/ldconfig -p 2>/dev/null | grep -q "$what" ;;
        *.ttf) fc-list 2>/dev/null | grep -q "$what" || find /usr/share/fonts -name "$what" 2>/dev/null | grep -q . ;;
        *) command -v "$what" >/dev/null 2>&1 ;;
    esac || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then
        become=""
    elif sudo -n true 2>/dev/null; then
        become="sudo"
    else
        become="none"
    fi
    if [ "$become" != none ]; then
        echo "installing:$missing"
        export DEBIAN_FRONTEND=noninteractive
        $become apt-get update -qq && $become apt-get install -y -qq $missing >/dev/null && exit 0
    fi
fi
echo "missing:$missing. The tests that need them are skipped; to install them run:  sudo apt-get install$missing" >&2
[ "${CI:-}" = true ] && exit 1
exit 0

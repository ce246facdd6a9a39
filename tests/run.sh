#!/bin/sh
# `make test`: the fast suite, then the browser suite. GAINSAY_SUITES chooses: "default browser".
set -u
suites=${GAINSAY_SUITES:-default browser}
status=0
case " $suites " in *" default "*)
    "$PYTHON" -m pytest -n 2 || status=$?
    [ -d ../shared ] || echo "no ../shared beside the project: tests on real songs and ratings did not run"
    ;;
esac
case " $suites " in *" browser "*)
    # By whole files: what a file brings to its site is brought once.
    if sh tests/find_chromium.sh "$PYTHON"; then
        "$PYTHON" -m pytest -n 2 --dist loadfile -m browser || status=$?
    elif [ -n "${CI:-}" ]; then
        echo "CI has no Chromium: the browser suite is required there"
        status=1
    else
        echo "no Chromium can be had: install one or set CHROMIUM; the browser suite (tests/e2e) did not run"
    fi
    ;;
esac
exit $status

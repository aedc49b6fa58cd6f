# How ./test runs one test project after another. Sourced after common.sh.

passed=0 failed=0 skipped=0
suite_pid="" scratch="" finished=""

# Every test project, as a path below the checkout.
suites() { (cd "$root" && printf '%s\n' tests/*.Tests/*.csproj | grep -v '\*'); }

# Tests keep their files below one scratch folder and carry a mark in their environment, so that nothing they start or write can outlive ./test unseen.
prepare_suites() {
    results="$root/artifacts/test"
    rm -rf "$results"
    mkdir -p "$results"
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/ostiary-test.XXXXXX")
    # A private PostgreSQL started by root runs as another user, who has to pass through.
    chmod 755 "$scratch"
    export TMPDIR="$scratch" OSTIARY_TEST_RUN="${scratch##*/}"
    # The visitor's own server settings are not the tests'.
    local name
    for name in $(compgen -e | grep '^OSTIARY_' || true); do
        case $name in OSTIARY_CHROMIUM | OSTIARY_TEST_*) ;; *) unset "$name" ;; esac
    done
    trap 'clean_up' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

clean_up() {
    local status=$?
    trap '' INT TERM HUP
    if [ -n "$suite_pid" ]; then
        kill -TERM "$suite_pid" 2>/dev/null || true
        wait "$suite_pid" 2>/dev/null || true
    fi
    kill_leftovers
    # Stopped half-way, by a signal or by a fault of these scripts: that is not a success, and the last line says so.
    [ -n "$finished" ] || echo "$passed passed, $((failed + 1)) failed"
    rm -rf "$scratch" 2>/dev/null || say "Some files are left in $scratch."
    exit "$status"
}

# The processes that a suite started and that are still there: marked in their environment, or working below the scratch folder. One id per line.
leftovers() (
    # What searches here must not find itself: it carries no mark, and reads the folder's name from its input.
    mark=$OSTIARY_TEST_RUN
    unset OSTIARY_TEST_RUN
    {
        grep -lsz -- "^OSTIARY_TEST_RUN=$mark\$" /proc/[0-9]*/environ
        printf '%s/\n' "$scratch" | grep -lsaF -f - /proc/[0-9]*/cmdline
    } | cut -d / -f 3 | sort -un || true
)

describe_process() { printf '    %s %s\n' "$1" "$({ tr '\0' ' ' <"/proc/$1/cmdline" | cut -c 1-180; } 2>/dev/null)"; }

kill_leftovers() {
    local pid
    for pid in $(leftovers); do kill -KILL "$pid" 2>/dev/null || true; done
}

# Attribute of the <assembly> element of a result file, which xUnit writes in one piece; empty when there is none.
figure() { grep -ao '<assembly [^>]*>' "$1" 2>/dev/null | head -n 1 | sed -n "s/.* $2=\"\([0-9.]*\)\".*/\1/p" || true; }

# The last lines of a log without the stack frames, among which a crash hides its reason.
end_of() { grep -av '^ *at ' "$1" | tail -n 30 | cut -c 1-400 || true; }

# A suite that did not end as it should counts as one failure more.
broken() {
    failed=$((failed + 1))
    echo "FAILED $1: $2"
}

# run_suite PROJECT [options for the runner] : runs it, adds to the totals, prints what failed.
run_suite() {
    local project=$1 name assembly xml log status=0 total bad left deadline pid
    shift
    name=$(basename "$project" .csproj)
    assembly=$(assembly_of "$project")
    xml="$results/$name.xml" log="$results/$name.log"
    if [ ! -f "$assembly" ]; then
        broken "$name" "was not built; is it in Ostiary.slnx?"
        return
    fi

    (cd "$root" && exec timeout --kill-after=15 "${OSTIARY_TEST_TIMEOUT:-1200}" \
        dotnet "$assembly" -noLogo -noColor -noAutoReporters -longRunning 120 -xml "$xml" "$@" </dev/null >"$log" 2>&1) &
    suite_pid=$!
    { wait "$suite_pid"; } 2>/dev/null || status=$? # Silenced, because the shell itself would report a crash too.
    suite_pid=""

    total=$(figure "$xml" total)
    if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
        end_of "$log"
        broken "$name" "did not end within ${OSTIARY_TEST_TIMEOUT:-1200} seconds. The end of its output is above, all of it in artifacts/test/$name.log"
    elif [ -z "$total" ]; then
        end_of "$log"
        broken "$name" "ended with code $status and without a result. The end of its output is above, all of it in artifacts/test/$name.log"
    else
        bad=$(($(figure "$xml" failed) + $(figure "$xml" errors)))
        passed=$((passed + $(figure "$xml" passed)))
        failed=$((failed + bad))
        skipped=$((skipped + $(figure "$xml" skipped)))
        if [ "$bad" -gt 0 ]; then
            awk -f "$root/eng/failures.awk" "$xml"
            echo
        fi
        if [ "$(($(figure "$xml" passed) + bad))" -eq 0 ]; then
            broken "$name" "ran no test"
        elif [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
            end_of "$log"
            broken "$name" "ended with code $status although no test failed. The end of its output is above, all of it in artifacts/test/$name.log"
        fi
        [ -z "$verbose" ] || printf '%-28s %5d passed %4d failed %4d skipped %8.1f s\n' "$name" "$(figure "$xml" passed)" "$bad" "$(figure "$xml" skipped)" "$(figure "$xml" time)"
    fi

    # What a suite started has ten seconds to go away.
    deadline=$((SECONDS + 10))
    while left=$(leftovers) && [ -n "$left" ] && [ "$SECONDS" -lt "$deadline" ]; do sleep 0.2; done
    if [ -n "$left" ]; then
        for pid in $left; do describe_process "$pid"; done
        broken "$name" "left the processes above behind; they have been ended"
        kill_leftovers
    fi
}

# What ./run and ./test share: finding the SDK, installing what is missing, building. Sourced, never executed; $root is the checkout.

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false
# A build leaves no server process behind: no MSBuild nodes, no MSBuild server, no compiler server.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false

# Under cron and in bare containers HOME can be missing; NuGet and the SDK need one.
if [ -z "${HOME:-}" ]; then
    HOME=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6)
    export HOME="${HOME:-/tmp}"
fi

# Standard output belongs to the program that is started, so the scripts themselves speak on standard error.
say() { local text="$*"; printf '%s\n' "${text// $'\n'/$'\n'}" >&2; }
die() { say "$@"; exit 1; }

# --- the SDK ---------------------------------------------------------------------------------------------------------------------------------------

# Finds a .NET SDK that satisfies global.json, puts it first on PATH, and keeps its version in $sdk.
need_dotnet() {
    local folder found=""
    for folder in "" "${DOTNET_ROOT:-}" "$HOME/.dotnet" /usr/share/dotnet /usr/lib/dotnet /usr/local/share/dotnet; do
        if [ -n "$folder" ]; then
            [ -x "$folder/dotnet" ] || continue
            if sdk=$(cd "$root" && "$folder/dotnet" --version 2>/dev/null); then
                export DOTNET_ROOT="$folder" PATH="$folder:$PATH"
                return
            fi
            found="$folder/dotnet"
        elif command -v dotnet >/dev/null 2>&1; then
            if sdk=$(cd "$root" && dotnet --version 2>/dev/null); then return; fi
            found=$(command -v dotnet)
        fi
    done

    if [ -z "$found" ]; then
        say "Ostiary needs the .NET 10 SDK, and no 'dotnet' was found."
    else
        say "Ostiary needs the .NET 10 SDK. $found does not have it; it says:"
        (cd "$root" && "$found" --version 2>&1 || true) | sed '/^$/d; s/^/    /' >&2
    fi
    die "Install it in one of these ways, then run this again:" \
        $'\n  Ubuntu 24.04 and later:  sudo apt-get install dotnet-sdk-10.0' \
        $'\n  Debian and others:       https://learn.microsoft.com/dotnet/core/install/linux' \
        $'\n  without root:            the dotnet-install script with --channel 10.0; what it puts into ~/.dotnet is found by itself'
}

# --- what the server needs at run time -------------------------------------------------------------------------------------------------------------

has_chromium() {
    [ -n "${OSTIARY_CHROMIUM:-}" ] && return
    command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1
}

# PostgreSQL 15 or newer, as Debian lays it out, or on PATH.
has_postgres() {
    local postgres major
    for postgres in /usr/lib/postgresql/*/bin/postgres "$(command -v postgres 2>/dev/null)"; do
        [ -x "$postgres" ] || continue
        [ -x "${postgres%/*}/initdb" ] || continue
        major=$("$postgres" --version 2>/dev/null | sed -n 's/^[^0-9]*\([0-9][0-9]*\).*/\1/p')
        [ "${major:-0}" -ge 15 ] && return
    done
    return 1
}

has_liberation_fonts() {
    [ -d /usr/share/fonts/truetype/liberation ] || [ -d /usr/share/fonts/truetype/liberation2 ] || [ -d /usr/share/fonts/liberation ]
}

# Installs Chromium and PostgreSQL from the system's packages where they are missing. "--without-postgres": a database was given.
need_packages() {
    local missing=() names=()
    if ! has_chromium; then
        missing+=(chromium)
        names+=("Chromium")
        has_liberation_fonts || missing+=(fonts-liberation)
        # Where values may be typed is told by it more exactly than without.
        [ -f /usr/share/publicsuffix/public_suffix_list.dat ] || missing+=(publicsuffix)
    fi
    if [ "${1:-}" != --without-postgres ] && ! has_postgres; then
        missing+=(postgresql)
        names+=("PostgreSQL 15 or newer")
    fi
    [ ${#missing[@]} -eq 0 ] && return

    local wanted
    wanted=$(printf ', %s' "${names[@]}")
    wanted=${wanted:2}
    command -v apt-get >/dev/null 2>&1 || die "Ostiary needs $wanted, and installs it by itself on Debian and Ubuntu only (there is no apt-get here)." \
        $'\nInstall it with your system\'s package manager, then run this again.' \
        $'\nAn existing browser or database can be used instead: set OSTIARY_CHROMIUM to its path, OSTIARY_DATABASE to a connection string.'

    local install=(bash "$root/eng/install-packages" "${missing[@]}")
    say "Installing $wanted from the system's packages (once; this can take a few minutes)…"
    if [ "$(id -u)" -eq 0 ]; then
        "${install[@]}" || exit 1
    elif ! command -v sudo >/dev/null 2>&1; then
        die "That needs root, and there is no sudo here. Run this once as root, then try again:" $'\n    '"bash '$root/eng/install-packages' ${missing[*]}"
    elif sudo -n true 2>/dev/null || [ -t 0 ]; then
        sudo "${install[@]}" || exit 1
    else
        die "That needs root; sudo wants a password and there is no terminal to ask on. Run this once, then try again:" \
            $'\n    '"sudo bash '$root/eng/install-packages' ${missing[*]}"
    fi

    has_chromium || die "Chromium was installed, but none of chromium, chromium-browser, google-chrome is on PATH. Set OSTIARY_CHROMIUM to its path."
    [ "${1:-}" = --without-postgres ] || has_postgres || die "PostgreSQL was installed, but no version 15 or newer is in /usr/lib/postgresql or on PATH." \
        $'\n'"This system's own packages may be older: add the packages of https://www.postgresql.org/download/linux/, or set OSTIARY_DATABASE to a connection string."
}

# --- building --------------------------------------------------------------------------------------------------------------------------------------

# One line that changes whenever a file of the checkout is added, removed or written, or the SDK changes.
fingerprint() {
    {
        echo "$sdk"
        find "$root" \( -name bin -o -name obj -o -name node_modules -o -name TestResults -o -path "$root/.git" -o -path "$root/data" -o -path "$root/artifacts" \) -prune \
            -o -type f -printf '%p %T@ %s\n' 2>/dev/null | LC_ALL=C sort
    } | cksum || true
}

# build PATH… : builds projects or solutions (paths below the checkout) in Release, quietly; the log is shown when it fails.
# A project whose output was built from these very files is left alone, so that a second start costs no build.
build() {
    local project stamp print log
    mkdir -p "$root/artifacts/build" 2>/dev/null && [ -w "$root/artifacts/build" ] ||
        die "Cannot write to $root/artifacts. Build as the user who owns the checkout, or clone it again as $(id -un)."

    # One build at a time in one checkout: a second ./run waits here instead of fighting over the same output files.
    exec 9>"$root/artifacts/build/lock"
    if ! flock -n 9; then
        say "Waiting for another build in this checkout…"
        flock 9
    fi

    print=$(fingerprint)
    for project in "$@"; do
        stamp="$root/artifacts/build/$(printf '%s' "$project" | tr '/ ' '__').stamp"
        if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$print $(outputs_of "$project")" ]; then continue; fi

        log="$stamp.log"
        say "Building $project…"
        rm -f "$stamp"
        if ! (cd "$root" && dotnet build "$project" --configuration Release --nologo --verbosity quiet -consoleLoggerParameters:NoSummary -nodeReuse:false </dev/null 9>&-) >"$log" 2>&1; then
            awk '!seen[$0]++' "$log" >&2 # The compiler's errors stand in the log twice.
            die "The build of $project failed."
        fi
        printf '%s %s' "$print" "$(outputs_of "$project")" >"$stamp"
        rm -f "$log"
    done
    exec 9>&-
}

# The built assemblies of a project (or of every project, for a solution) with their sizes and times, as one line.
outputs_of() {
    local folders=()
    case $1 in
        *.csproj) folders=("$root/$(dirname "$1")") ;;
        *) folders=("$root/src" "$root/tests" "$root/samples" "$root/bench") ;;
    esac
    { find "${folders[@]}" -path '*/bin/Release/*' -name 'Ostiary.*.dll' -printf '%p %T@ %s\n' 2>/dev/null | LC_ALL=C sort; } | cksum || true
}

# assembly_of PROJECT.csproj : where its Release build lies.
assembly_of() {
    printf '%s/%s/bin/Release/net10.0/%s.dll' "$root" "$(dirname "$1")" "$(basename "$1" .csproj)"
}

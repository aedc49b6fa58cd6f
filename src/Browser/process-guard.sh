# Ostiary's process guard. It lives outside the server's session and waits on standard input; when the server is gone (end of file, also after
# kill -9) it ends what the server left behind. One command a line:
#   marker NAME=VALUE            end the processes that have this in their environment, their descendants, and the sessions they lead
#   dir PATH                     end the processes that are given PATH as a value (=PATH) on their command line, then remove PATH
#   process PID START SIG[,SIG]  send a signal to one process, the next one 4 seconds later if it still lives; START is field 22 of /proc/PID/stat
#   learn                        remember the sessions that marked processes lead now: a leader that dies first no longer tells
#   forget COMMAND ...           take a command back
#   done                         leave at once, doing nothing
exec >/dev/null 2>&1
trap '' HUP INT QUIT TERM
cd /
newline='
'
markers=
dirs=
processes=
sessions=' '

# The fields of /proc/PID/stat that matter. The name of the program is in brackets and may hold anything, so reading starts after the last one.
stat_of() {
    read -r line <"/proc/$1/stat" || return 1
    set -- ${line##*) }
    state=$1 parent=$2 session=$4 start=${20}
    [ "$state" != Z ] && [ "$state" != X ]
}

marked() {
    found=' '
    old_ifs=$IFS IFS=$newline
    for marker in $markers; do
        for file in $(grep -lsF -e "$marker" /proc/[0-9]*/environ); do add "$file"; done
    done
    for dir in $dirs; do
        for file in $(grep -lsF -e "=$dir" /proc/[0-9]*/cmdline); do add "$file"; done
    done
    IFS=$old_ifs
}

# A file below /proc, or a process id. The guard and its own children are not prey.
add() {
    pid=${1#/proc/} pid=${pid%%/*}
    case $found in *" $pid "*) return 1 ;; esac
    IFS=' '
    stat_of "$pid" && [ "$pid" != $$ ] && [ "$pid" != 1 ] && [ "$parent" != $$ ]
    added=$?
    IFS=$newline
    [ $added = 0 ] || return 1
    found="$found$pid "
}

related() {
    grown=yes
    while [ $grown = yes ]; do
        grown=no
        for folder in /proc/[0-9]*; do
            pid=${folder#/proc/}
            case $found in *" $pid "*) continue ;; esac
            stat_of "$pid" || continue
            case $found in *" $parent "* | *" $session "*) ;; *)
                case $sessions in *" $session "*) ;; *) continue ;; esac ;;
            esac
            [ "$pid" != $$ ] && [ "$pid" != 1 ] && [ "$parent" != $$ ] || continue
            found="$found$pid "
            grown=yes
        done
    done
}

learn() {
    marked
    for pid in $found; do
        stat_of "$pid" && [ "$session" = "$pid" ] || continue
        case $sessions in *" $pid "*) ;; *) sessions="$sessions$pid " ;; esac
    done
}

# $1: how often this was asked before, five times a second.
signal_processes() {
    waiting=no
    old_ifs=$IFS IFS=$newline
    for entry in $processes; do
        IFS=' '
        set -- "$1" $entry
        if stat_of "$2" && [ "$start" = "$3" ]; then
            waiting=yes
            IFS=,
            count=0
            for signal in $4; do
                [ "$1" = $((count * 20)) ] && kill -"$signal" "$2"
                count=$((count + 1))
            done
        fi
        IFS=$newline
    done
    IFS=$old_ifs
}

take_back() {
    kept=
    old_ifs=$IFS IFS=$newline
    for entry in $2; do
        [ "$entry" = "$1" ] || kept="$kept$entry$newline"
    done
    IFS=$old_ifs
}

while IFS= read -r command; do
    value=${command#* }
    case $command in
    'marker '*) markers="$markers$value$newline" ;;
    'dir /'?*) dirs="$dirs$value$newline" ;;
    'process '*) processes="$processes$value$newline" ;;
    learn) learn ;;
    'forget marker '*) take_back "${value#* }" "$markers"; markers=$kept sessions=' ' ;;
    'forget dir '*) take_back "${value#* }" "$dirs"; dirs=$kept ;;
    'forget process '*) take_back "${value#* }" "$processes"; processes=$kept ;;
    'done') exit 0 ;;
    esac
done

# Chromium and its driver have nothing to save, so they are not asked twice.
round=0
while [ $round -lt 150 ]; do
    marked
    related
    [ "$found" = ' ' ] || kill -KILL $found
    signal_processes $round
    [ "$found" = ' ' ] && [ $waiting = no ] && break
    round=$((round + 1))
    sleep 0.2
done
IFS=$newline
for dir in $dirs; do rm -rf -- "$dir"; done

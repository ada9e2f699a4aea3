#!/usr/bin/env bash
# Checks this evidence package with bash, openssl (3 or newer), sha256sum and common tools.
# Usage: ./verify.sh [FINGERPRINT ...]   with the keys' fingerprints as their owner publishes them.
# Exit: 0 everything fits, 1 something does not, 2 a tool is missing.
set -u -o pipefail
export LC_ALL=C
cd "$(dirname "$0")" || exit 2

step() { printf 'ok    %s\n' "$*"; }
note() { printf 'note  %s\n' "$*"; }
fail() { printf 'FAIL  %s\n' "$*"; exit 1; }
for tool in openssl sha256sum sed head tail cmp wc cat cut; do
    command -v "$tool" >/dev/null || { printf 'this needs the program %s\n' "$tool"; exit 2; }
done

sha() { sha256sum | cut -c 1-64; }
# Hexadecimal digits to bytes.
bytes() { printf "$(printf '%s' "$1" | sed 's/../\\x&/g')"; }
# Value of a line "key value" of a file.
value() { sed -n "s/^$2 //p" "$1" | head -n 1; }
number() { [[ $1 =~ ^(0|[1-9][0-9]{0,17})$ ]] || fail "$2: $1 is no number"; }
digest() { [[ $1 =~ ^[0-9a-f]{64}$ ]] || fail "$2: $1 is no SHA-256"; }

shopt -s nullglob
declare -A keys=()
for file in public-key*.pem; do
    openssl pkey -pubin -in "$file" -outform PEM 2>/dev/null | cmp -s - "$file" || fail "$file: not a public key as openssl writes it"
    fingerprint=$(openssl pkey -pubin -in "$file" -outform DER | sha)
    keys[$fingerprint]=$file
    step "$file: fingerprint $fingerprint"
done
[ "${#keys[@]}" -gt 0 ] || fail "no public key, so nothing here is proven"
declare -A trusted=()
for given in "$@"; do
    [[ $given =~ ^[0-9a-f]{64}$ ]] || fail "\"$given\" is no fingerprint: give 64 digits 0-9a-f"
    [ -n "${keys[$given]:-}" ] || fail "no key here has the fingerprint $given"
    trusted[$given]=yes
    step "the fingerprint $given is that of ${keys[$given]}"
done
[ $# -gt 0 ] || note "compare the fingerprints with those that the owner of the log publishes"

for file in seals/*.statement; do
    key=$(value "$file" key)
    digest "$key" "$file"
    [ -n "${keys[$key]:-}" ] || fail "$file: signed with key $key, which is not here"
    [ $# -eq 0 ] || [ -n "${trusted[$key]:-}" ] || fail "$file: signed with key $key, whose fingerprint you did not give"
    openssl pkeyutl -verify -pubin -inkey "${keys[$key]}" -rawin -in "$file" -sigfile "${file%.statement}.sig" >/dev/null 2>&1 ||
        fail "$file: the signature does not fit"
    step "$file: signed with that key"
done

# The root to which a leaf's hash, its index, the number of leaves and the siblings lead.
climb() {
    local node=$1 index=$2 last=$(($3 - 1)) sibling
    shift 3
    for sibling in "$@"; do
        [ "$last" -gt 0 ] || { echo "too many siblings"; return; }
        if [ $((index % 2)) -eq 1 ] || [ "$index" -eq "$last" ]; then
            node=$(bytes "01$sibling$node" | sha)
            while [ $((index % 2)) -eq 0 ] && [ "$index" -ne 0 ]; do index=$((index / 2)) last=$((last / 2)); done
        else
            node=$(bytes "01$node$sibling" | sha)
        fi
        index=$((index / 2)) last=$((last / 2))
    done
    [ "$last" -eq 0 ] && echo "$node" || echo "too few siblings"
}

proven=0
for proof in proofs/*.txt; do
    [ -f "events/$(basename "$proof" .txt).leaf" ] || fail "$proof: its event is missing"
done
for leaf in events/*.leaf; do
    proof=proofs/$(basename "$leaf" .leaf).txt
    [ -f "$proof" ] || fail "$leaf: its proof is missing"
    seal=$(value "$proof" seal)
    [[ $seal =~ ^[0-9]{6,}$ ]] && [ -f "seals/$seal.statement" ] || fail "$proof: its seal is missing"
    first=$(value "$proof" first) last=$(value "$proof" last) count=$(value "$proof" count) index=$(value "$proof" index)
    siblings=()
    while read -r sibling; do digest "$sibling" "$proof"; siblings+=("$sibling"); done < <(sed -n 's/^sibling //p' "$proof")
    # Written anew from what was read, it must be the same file: nothing in it goes unread.
    {
        printf 'seal %s\nfirst %s\nlast %s\ncount %s\nindex %s\n' "$seal" "$first" "$last" "$count" "$index"
        [ "${#siblings[@]}" -eq 0 ] || printf 'sibling %s\n' "${siblings[@]}"
    } | cmp -s - "$proof" || fail "$proof: not in its form"
    for key in first last count; do
        [ "$(value "$proof" "$key")" = "$(value "seals/$seal.statement" "$key")" ] || fail "$proof: $key is not the seal's"
    done
    number "$index" "$proof"; number "$count" "$proof"
    [ "$index" -lt "$count" ] || fail "$proof: index $index is outside of the range"
    hash=$({ printf '\0'; cat "$leaf"; } | sha)
    root=$(climb "$hash" "$index" "$count" "${siblings[@]}")
    [ "$root" = "$(value "seals/$seal.statement" root)" ] || fail "$leaf: does not lead to the root of seals/$seal.statement ($root)"
    step "$leaf: $(value "$leaf" type), position $(value "$leaf" position), sealed by seals/$seal.statement"
    proven=$((proven + 1))
done

# Revisions of each stream: none left out before the last that is shown.
declare -A next=()
for leaf in events/*.leaf unsealed/*.leaf; do
    stream=$(value "$leaf" stream) revision=$(value "$leaf" revision)
    [ -n "$stream" ] || fail "$leaf: names no stream"
    number "$revision" "$leaf"
    [ "$revision" = "${next[$stream]:-0}" ] || fail "$leaf: revision $revision of $stream, where ${next[$stream]:-0} should be"
    next[$stream]=$((revision + 1))
done
for stream in "${!next[@]}"; do step "$stream: ${next[$stream]} events, none left out between them"; done

# One event's part of its stream's hash chain: chain before, id, and type, metadata, data with their lengths.
field() { bytes "$(printf '%016x' "$1")"; cat; }
link() {
    local leaf=$1 before=$2 type start size data rest
    type=$(value "$leaf" type)
    start=$(head -n 6 "$leaf" | wc -c)
    size=$(sed -n '6s/^metadata //p' "$leaf")
    number "$size" "$leaf"
    tail -c +$((start + 1)) "$leaf" | head -c "$size" | sed 's/,"chain":"[0-9a-f]\{64\}"//' >"$scratch"
    rest=$((start + size + 1))
    data=$(tail -c +$((rest + 1)) "$leaf" | head -n 1)
    {
        bytes "$before"
        bytes "$(value "$leaf" id | sed 's/-//g')"
        printf '%s' "$type" | field "${#type}"
        field "$(wc -c <"$scratch")" <"$scratch"
        tail -c +$((rest + ${#data} + 2)) "$leaf" | head -c "${data#data }" | field "${data#data }"
    } | b3sum --no-names
}
if command -v b3sum >/dev/null; then
    scratch=$(mktemp) || exit 2
    trap 'rm -f "$scratch"' EXIT
    declare -A chain=()
    for leaf in events/*.leaf unsealed/*.leaf; do
        stream=$(value "$leaf" stream)
        computed=$(link "$leaf" "${chain[$stream]:-$(printf '%s' "$stream" | b3sum --no-names)}")
        recorded=$(sed -n 's/.*"chain":"\([0-9a-f]\{64\}\)".*/\1/p' "$leaf" | head -n 1)
        [ "$computed" = "$recorded" ] || fail "$leaf: does not continue the hash chain of $stream"
        chain[$stream]=$computed
    done
    for stream in "${!chain[@]}"; do step "$stream: hash chain ends in ${chain[$stream]}"; done
else
    note "b3sum is not installed: the hash chains were not checked; the seals above do not depend on them"
fi

unsealed=(unsealed/*.leaf)
[ "${#unsealed[@]}" -eq 0 ] || note "${#unsealed[@]} events in unsealed/ are not yet sealed: nothing vouches for them; export again after the next seal"
[ "$proven" -gt 0 ] || fail "no event here is sealed, so nothing is proven"
printf 'everything fits: %s events are proven\n' "$proven"

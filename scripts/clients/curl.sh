#!/usr/bin/env bash
# curl's ways of sending: forms, large forms that wait to be welcome, pieces of unknown length, JSON, and only headers.
set -euo pipefail

core=$SERVER/v2beta/stable-image/generate/core
cd "$WORK"

check() {
  local expected=$1 found=$2 what=$3
  if [[ $found != "$expected" ]]; then
    echo "failed: $what: expected '$expected', found '$found'" >&2
    exit 1
  fi
  echo "  ok: $what"
}

# Prints the status; the body goes to `answer`, the headers to `headers`.
send() {
  curl --silent --show-error --max-time 300 --output answer --dump-header headers --write-out '%{http_code}' "$@"
}

is_png() { head -c 4 answer | tail -c 3; }

small=(-F steps=10 -F width=64 -F height=64)

check 200 "$(send -H 'Accept: image/png' -F prompt='a red heart' "${small[@]}" "$core")" "a form"
check PNG "$(is_png)" "its answer is a PNG file"

# What is above 1 MiB is sent only once it is welcome; without that curl would wait for a minute.
head -c 2097152 /dev/urandom >large
start=$SECONDS
check 200 "$(send --expect100-timeout 60 -H 'Accept: image/*' -F prompt='a red heart' -F large=@large "${small[@]}" "$core")" \
  "a form of 2 MiB"
check "HTTP/1.1 100 Continue" "$(head -n 1 headers | tr -d '\r')" "it was welcome"
check true "$([[ $((SECONDS - start)) -lt 50 ]] && echo true)" "at once"

json='{"text_prompts": [{"text": "a red heart"}], "steps": 10, "width": 320, "height": 320, "seed": 7}'
v1=$SERVER/v1/generation/stable-diffusion-v1-6/text-to-image
check 200 "$(send -H 'Content-Type: application/json' -H 'Accept: image/png' -d "$json" "$v1")" "JSON"
cp answer whole
check 200 "$(send -H 'Content-Type: application/json' -H 'Accept: image/png' -H 'Transfer-Encoding: chunked' -d "$json" "$v1")" \
  "JSON in pieces of unknown length"
check same "$(cmp answer whole && echo same)" "a seed gives the same bytes"

check 200 "$(send --head "$SERVER/health")" "only headers"
check 200 "$(send --http2 "$SERVER/health")" "an offer of HTTP/2 is not taken up"
check "200 1 200 0" "$(echo $(curl -s -o answer -o answer -w '%{http_code} %{num_connects} ' "$SERVER/health" "$SERVER/ready"))" \
  "a connection serves several requests"
check 404 "$(send "$SERVER/nothing")" "no such path"
check 400 "$(send "$SERVER/v2beta/results/%0a")" "a path with a control character"
check true "$(grep -q '"errors":' answer && echo true)" "is refused as the API does it"
check 204 "$(send -X OPTIONS -H 'Origin: http://localhost:3000' -H 'Access-Control-Request-Method: POST' "$v1")" \
  "a page of this machine may ask"
check 403 "$(send -H 'Origin: https://example.org' -d "$json" "$v1")" "pages of other sites are refused"
check 403 "$(send -H 'Host: example.org' "$SERVER/health")" "and so are other hosts' names"

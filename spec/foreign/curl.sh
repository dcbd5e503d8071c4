#!/bin/sh
# SPDX-License-Identifier: MIT
# A TV and its second screen in POSIX shell and curl, from registration to logout.
# Written from Adobe's pages of DCR and of the REST API V2 (authentication within a
# secondary application with a preselected mvpd); it uses no code of this project.
#
#   adobepass sandbox --no-throttle --exec 'sh spec/foreign/curl.sh'
#
# Environment: ADOBEPASS_API, ADOBEPASS_CA, ADOBEPASS_STATEMENT as --exec sets them;
# POLL_SECONDS, default 3. Prints "status operation" for each request, and results.
# Without --no-throttle the requests exceed Adobe's burst of 10.
set -eu

provider=REF30 mvpd=Cablevision
done_url=$ADOBEPASS_API/activate/success
form='Content-Type: application/x-www-form-urlencoded'
json='Content-Type: application/json'
accept='Accept: application/json;charset=utf-8'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

encode() { base64 | tr -d '\n'; }

# Sends a request: its name, then arguments of curl. Sets $body.
send() {
  name=$1
  shift
  status=$(curl -sS --max-time 30 --cacert "$ADOBEPASS_CA" \
    -o "$work/body" -w '%{http_code}' "$@")
  body=$(cat "$work/body")
  echo "$status $name"
  case $status in
    2*) ;;
    *) printf '%s\n' "$body" >&2; exit 1 ;;
  esac
}

# Prints the string member $1 of the JSON text in $body.
member() {
  printf '%s' "$body" | tr -d '\n' \
    | sed -n "s/.*\"$1\" *: *\"\(\([^\"\\\\]\|\\\\.\)*\)\".*/\1/p" | sed 's|\\\(.\)|\1|g'
}

# A V2 request of the TV: name, method, path below the provider, arguments of curl.
tv() {
  name=$1 method=$2 path=$3
  shift 3
  send "$name" -X "$method" -H "$accept" -H "Authorization: Bearer $token" \
    -H "AP-Device-Identifier: fingerprint $device" -H "X-Device-Info: $info" \
    "$@" "$ADOBEPASS_API/api/v2/$provider/$path"
}

# A request that needs no device: polling, and the second screen's.
bare() {
  name=$1 path=$2
  send "$name" -H "$accept" -H "Authorization: Bearer $token" \
    "$ADOBEPASS_API/api/v2/$provider/$path"
}

# The browser of the second screen: keeps cookies, follows redirects.
browse() {
  send "$1" -L -c "$work/cookies" -b "$work/cookies" "$2"
}

# The viewer types the code: the second screen checks it and computes the address,
# the browser shows the provider's form, and the viewer fills it in.
second_screen() {
  bare session "sessions/$code"
  printf '%s' "$body" | grep -q "\"mvpd\" *: *\"$mvpd\""
  browse authenticate "$ADOBEPASS_API/api/v2/authenticate/$provider/$code"
  hidden=$(sed -n 's/.*name="token" value="\([^"]*\)".*/\1/p' "$work/body")
  send "provider's form" -L -c "$work/cookies" -b "$work/cookies" \
    --data-urlencode "token=$hidden" --data-urlencode username=bob \
    --data-urlencode password=secret --data-urlencode do=sign-in \
    "$ADOBEPASS_API/mvpd/$mvpd/login?code=$code"
}

device=$(printf 'curl-tv' | encode)
info=$(printf '%s' '{"primaryHardwareType":"TV","model":"Shell","version":"1.0",
"osName":"Linux","osVersion":"6.1","connectionType":"wired"}' | tr -d '\n' | encode)

# DCR: register once, then exchange the credentials for an access token.
send register -H "$accept" -H "X-Device-Info: $info" -H "$json" \
  -d "{\"software_statement\":\"$ADOBEPASS_STATEMENT\"}" "$ADOBEPASS_API/o/client/register"
client_id=$(member client_id) client_secret=$(member client_secret)
send token -H "$accept" -H "X-Device-Info: $info" -H "$form" -d grant_type=client_credentials \
  --data-urlencode "client_id=$client_id" --data-urlencode "client_secret=$client_secret" \
  "$ADOBEPASS_API/o/client/token"
token=$(member access_token)

# The picker's list, and the provider that the viewer chooses on the TV.
tv configuration GET configuration
printf '%s' "$body" | grep -q "\"id\" *: *\"$mvpd\""

tv create_session POST sessions -H "$form" --data-urlencode "mvpd=$mvpd" \
  --data-urlencode domainName=adobe.com --data-urlencode "redirectUrl=$done_url"
[ "$(member actionName)" = authenticate ]
code=$(member code)
echo "code: ${#code} characters"

# Poll until there is a profile for the code.
polls=0
while
  bare profile_for_code "profiles/code/$code"
  ! printf '%s' "$body" | grep -q "\"$mvpd\" *: *{"
do
  [ $polls = 0 ] && second_screen
  polls=$((polls + 1))
  [ $polls -lt 100 ]
  sleep "${POLL_SECONDS:-3}"
done

tv profile GET "profiles/$mvpd"
echo "profile: $(member type)"

tv preauthorize POST "decisions/preauthorize/$mvpd" -H "$json" \
  -d '{"resources":["HBO"]}'
echo "preauthorize HBO: $(member code), $(member details)"
tv authorize POST "decisions/authorize/$mvpd" -H "$json" -d '{"resources":["CNN"]}'
printf '%s' "$body" | grep -q '"authorized" *: *true'
[ "$(member serializedToken)" ]
echo "authorize CNN: permitted, with a media token"

tv logout GET "logout/$mvpd?redirectUrl=$(printf '%s' "$done_url" \
  | sed 's|:|%3A|g; s|/|%2F|g')"
echo "logout: $(member actionName), $(member actionType)"
[ "$(member actionType)" = interactive ] && browse "provider's logout" "$(member url)"

tv profiles GET profiles
printf '%s' "$body" | grep -q '"profiles" *: *{ *}'
echo "done"

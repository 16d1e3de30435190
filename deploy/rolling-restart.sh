#!/bin/sh
# Restarts the replicas of this machine behind nginx, one after the other: no call fails and no stream is cut.
#   rolling-restart.sh 8787 8788
# A replica is first marked "down" for nginx, so that it gets no new call; its own calls end while it drains; and the next one follows
# when it is ready again. What is run can be replaced by variables.
set -eu
UPSTREAMS=${UPSTREAMS:-/etc/nginx/nginx-upstreams.conf}
NGINX_RELOAD=${NGINX_RELOAD:-nginx -s reload}
RESTART=${RESTART:-systemctl restart}
POSTERN=${POSTERN:-node /opt/postern/bin/postern.js}
SOCKETS=${SOCKETS:-/run/postern}
# Seconds for which workers of nginx that were told to end may still hand on a request that they had begun to read.
SETTLE=${SETTLE:-2}

mark() {
  sed -E "s/^( *server [^ ;]*:$1( [a-z_]+=[^ ;]+)*)( down)?;/\1$2;/" "$UPSTREAMS" > "$UPSTREAMS.new"
  mv "$UPSTREAMS.new" "$UPSTREAMS"
  $NGINX_RELOAD
}

for port in "$@"; do
  grep -Eq "^ *server [^ ;]*:$port[ ;]" "$UPSTREAMS" || { echo "$UPSTREAMS has no replica at port $port." >&2; exit 1; }
done
for port in "$@"; do
  mark "$port" ' down'
  sleep "$SETTLE"
  $RESTART "postern@$port"
  tries=0
  until $POSTERN health --socket "$SOCKETS/$port.sock" > /dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 120 ] || { echo "The replica at port $port is not ready; it stays marked down." >&2; exit 1; }
    sleep 0.5
  done
  mark "$port" ''
  sleep "$SETTLE"
  echo "The replica at port $port is restarted."
done

# shellcheck shell=bash
# tls.sh - the certificates of a lab with LAB_TLS=1. Sourced by lab/up.
#
# One authority, one certificate of every server (its name, loopback, the lab's address; it is a client's as well, for members talk to each
# other), one of a client: `ekimi`. They lie in LAB_STATE/tls-PREFIX until `lab/down`.

# sign DIRECTORY NAME SUBJECT EXTENSIONS
sign() {
  openssl req -newkey rsa:2048 -nodes -keyout "$1/$2.key" -out "$1/$2.csr" -subj "/$3" 2>/dev/null
  openssl x509 -req -in "$1/$2.csr" -CA "$1/ca.crt" -CAkey "$1/ca.key" -CAcreateserial -days 30 -out "$1/$2.crt" -extfile <(printf '%s\n' "$4") 2>/dev/null
  cat "$1/$2.crt" "$1/$2.key" >"$1/$2.pem"
  rm "$1/$2.csr"
}

# make_certificates DIRECTORY ADDRESS: once for a lab.
make_certificates() {
  [ ! -s "$1/client.pem" ] || return 0
  mkdir -p "$1"
  chmod 700 "$1"
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=lab $LAB_PREFIX" -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$1/ca.key" -out "$1/ca.crt" 2>/dev/null
  # Python 3.13 and newer go by the letter: each certificate names the key that signed it.
  local name letter=$'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid' names="DNS:localhost,IP:127.0.0.1,IP:$2"
  for name in "${ETCDS[@]}" "${MEMBERS[@]}" haproxy; do names+=",DNS:$name"; done
  sign "$1" server CN=server "$letter"$'\n'"subjectAltName=$names"
  # With users in etcd its JSON gateway, by which Patroni speaks, refuses a certificate that has a common name.
  local subject=CN=ekimi
  [ "${LAB_RIGHTS:-0}" != 1 ] || subject=O=ekimi
  sign "$1" client "$subject" "$letter"$'\n'"extendedKeyUsage=clientAuth"
  chmod 600 "$1"/*.key "$1"/*.pem
}

# etcd, HAProxy and PgBouncer of the base's own Debian. Built by lab/images.
ARG BASE
FROM $BASE

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates curl etcd-client etcd-server haproxy iproute2 iptables iputils-arping jq openssl pgbouncer procps socat \
 && rm -rf /var/lib/apt/lists/*

RUN install -d -m 700 /etcd-data
ENV ETCDCTL_API=3
COPY haproxy.cfg haproxy-two.cfg /etc/haproxy/
COPY etcd-entrypoint haproxy-entrypoint pgbouncer-entrypoint /usr/local/bin/

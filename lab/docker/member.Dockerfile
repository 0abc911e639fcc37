# One cluster member: PostgreSQL 15 and Patroni. Built by lab/images.
#
# PATRONI chooses the release line. 3.0 is Debian 12's own package. 4.0 and 4.1 are pure Python packages of later Debian releases, unpacked over
# the same dependencies: the newest release of that line which the mirror has in any of $SUITES.
FROM ekimi-lab/base:bookworm

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates curl iproute2 iptables jq procps \
      postgresql-15 \
      python3 python3-click python3-dateutil python3-dnspython python3-etcd python3-prettytable python3-psutil python3-psycopg2 \
      python3-six python3-urllib3 python3-yaml \
 && rm -rf /var/lib/apt/lists/* /var/lib/postgresql/15

ARG PATRONI=4.1
ARG SUITES="trixie forky sid"
COPY install-patroni /usr/local/bin/
RUN install-patroni "$PATRONI" "$SUITES"

RUN install -d -o postgres -g postgres -m 700 /var/lib/patroni /var/lib/patroni/data \
 && install -d -o postgres -g postgres -m 2775 /var/run/postgresql \
 && install -o postgres -g postgres -m 644 /dev/null /etc/patroni.yml
ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
COPY member-entrypoint /usr/local/bin/
VOLUME /var/lib/patroni
EXPOSE 5432 8008
ENTRYPOINT ["member-entrypoint"]

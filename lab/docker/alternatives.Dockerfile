# What a user may pick instead: PostgreSQL with pg_auto_failover and with repmgr, of the base's own Debian. Built by lab/measure/alternatives.mjs.
ARG BASE
FROM $BASE

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql-common \
 && sed -i 's/^#* *create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      pg-auto-failover-cli postgresql-15 postgresql-15-auto-failover postgresql-15-repmgr procps repmgr \
 && rm -rf /var/lib/apt/lists/*

ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
USER postgres
ENV HOME=/var/lib/postgresql USER=postgres PGDATA=/var/lib/postgresql/data
# What does the work is started from outside: a container that is killed takes all of it along.
ENTRYPOINT ["sleep", "infinity"]

# One cluster member: PostgreSQL and Patroni, both of the base's own Debian. Built by lab/images.
ARG BASE
FROM $BASE

ARG PATRONI
ARG POSTGRESQL
COPY install-member /usr/local/bin/
RUN install-member "$PATRONI" "$POSTGRESQL"

RUN install -d -o postgres -g postgres -m 700 /var/lib/patroni /var/lib/patroni/data \
 && install -d -o postgres -g postgres -m 2775 /var/run/postgresql \
 && install -o postgres -g postgres -m 644 /dev/null /etc/patroni.yml
ENV PATH=/usr/lib/postgresql/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
COPY member-entrypoint /usr/local/bin/
VOLUME /var/lib/patroni
EXPOSE 5432 8008
ENTRYPOINT ["member-entrypoint"]

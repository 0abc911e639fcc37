# Ekimi in an image: `docker run IMAGE check` works like `ekimi check`; without arguments it is the daemon.
#
# Configuration: mount ekimi.yaml and policy.yaml at /etc/ekimi. Journal and spool: a volume at /var/lib/ekimi (journal.directory:
# /var/lib/ekimi/journal, notifications.spool.directory: /var/lib/ekimi/notifications).
# Where the base image cannot be pulled, lab/node-image names one that can be used instead.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package needs its install script to run; none gets to.
RUN npm ci --ignore-scripts --loglevel=error
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/bundle.mjs scripts/assets.mjs scripts/dashboard.mjs scripts/freshness.mjs scripts/
COPY src src
RUN npm run --silent build \
 && npm prune --omit=dev --ignore-scripts --loglevel=error \
 && rm -f dist/.tsbuildinfo && find dist node_modules -name '*.map' -delete \
 && find dist -name '*.js' ! -path 'dist/bundle/*' ! -path 'dist/cli/main.js' ! -path 'dist/api/dashboard/*' -delete && find dist -type d -empty -delete \
 && chmod 755 dist/cli/main.js

FROM ${NODE_IMAGE}
# 10001: no user of the host by accident. The folders must exist before the volume does, or it belongs to root.
RUN groupadd --gid 10001 ekimi \
 && useradd --uid 10001 --gid ekimi --no-create-home --home-dir /var/lib/ekimi --shell /usr/sbin/nologin ekimi \
 && install -d -o root -g root -m 755 /etc/ekimi \
 && install -d -o ekimi -g ekimi -m 750 /var/lib/ekimi /var/lib/ekimi/journal /var/lib/ekimi/notifications \
 && ln -s /app/dist/cli/main.js /usr/local/bin/ekimi
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY config config
# What malloc got free goes back to the system: by itself it keeps more the larger what it once gave back (docs/benchmarks.md).
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=1 \
    MALLOC_TRIM_THRESHOLD_=131072 \
    MALLOC_MMAP_THRESHOLD_=131072 \
    EKIMI_CONFIG=/etc/ekimi/ekimi.yaml
USER ekimi
VOLUME /var/lib/ekimi
EXPOSE 8470
STOPSIGNAL SIGTERM
# EKIMI_URL, if api.listen is not port 8470 on loopback or on every interface.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(new URL('/healthz', process.env.EKIMI_URL || 'http://127.0.0.1:8470'), { signal: AbortSignal.timeout(4000) }).then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
# Some passes long, so that what a pass leaves is gone before it is taken for something that stays; collected by one thread (docs/benchmarks.md).
ENTRYPOINT ["node", "--min-semi-space-size=2", "--max-semi-space-size=8", "--single-threaded-gc", "/app/dist/cli/main.js"]
CMD ["run"]

import type { CertificatesPort } from '../ports/certificates.js';
import type { CheckPort } from '../ports/check.js';
import type { Clock } from '../ports/clock.js';
import type { DcsPort } from '../ports/dcs.js';
import type { HostPort } from '../ports/host.js';
import type { NamesPort } from '../ports/names.js';
import type { NotifyHealthPort } from '../ports/notifier.js';
import type { PatroniPort } from '../ports/patroni.js';
import type { PostgresPort } from '../ports/postgres.js';
import type { PoolerPort } from '../ports/pooler.js';
import type { PowerPort } from '../ports/power.js';
import type { ProxyPort } from '../ports/proxy.js';
import type { TagsPort } from '../ports/tags.js';

/** The world as one cluster needs it. What is not configured is null, and its readings are then `not-configured`. */
export interface Ports {
  readonly clock: Clock;
  readonly patroni: PatroniPort;
  readonly dcs: DcsPort;
  readonly postgres: PostgresPort | null;
  /** By the names of the configuration; empty: none is configured. */
  readonly proxies: Readonly<Record<string, ProxyPort>>;
  /** By the names of the configuration. Absent: none is configured. */
  readonly poolers?: Readonly<Record<string, PoolerPort>>;
  readonly host: HostPort | null;
  readonly tags: TagsPort | null;
  /** Absent: nothing cuts the power of a machine. */
  readonly power?: PowerPort | null;
  /** Absent: there is no TLS. */
  readonly certificates?: CertificatesPort | null;
  /** How our own messages to persons fare. Absent: they go to the log alone. */
  readonly notifications?: NotifyHealthPort;
  /** Absent: the data of no member is checked. */
  readonly checks?: CheckPort | null;
  /** Absent: names are compared as they are written. */
  readonly names?: NamesPort | null;
}

/** Ends every connection and timer of the ports; one that will not close does not keep the others open. */
export const closePorts = async (ports: Ports): Promise<void> => {
  const { patroni, dcs, postgres, proxies, poolers = {}, host, power = null, checks = null } = ports;
  const closable = [
    patroni,
    dcs,
    postgres,
    ...Object.values(proxies),
    ...Object.values(poolers),
    host,
    power,
    checks,
  ].filter((port) => port !== null);
  await Promise.allSettled(closable.map((port) => port.close()));
};

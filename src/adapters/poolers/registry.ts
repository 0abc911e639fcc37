import type { PoolerConfig } from '../../model/config.js';
import type { PoolerDriverName } from '../../model/pooler-drivers.js';
import type { Clock } from '../../ports/clock.js';
import type { PoolerPort } from '../../ports/pooler.js';
import { pgbouncerAdapter } from './pgbouncer/pgbouncer-adapter.js';

/** Every kind of the table has its adapter, or this does not compile. */
const DRIVERS: Readonly<
  Record<PoolerDriverName, (config: PoolerConfig, deadlineMs: number, clock: Clock) => PoolerPort>
> = {
  pgbouncer: pgbouncerAdapter,
};

export const poolerPortOf = (config: PoolerConfig, deadlineMs: number, clock: Clock): PoolerPort =>
  DRIVERS[config.driver](config, deadlineMs, clock);

/** A kind of pooler as configuration and documentation tell it; what it does is in `src/adapters/poolers`, a folder each. */
export interface PoolerDriverRow {
  readonly summary: string;
  /** What its contract tests run it against. */
  readonly shownWith: string;
}

/** All kinds by the name that `poolers.NAME.driver` has. Configuration, the registry of adapters and the documentation follow this table. */
export const POOLER_DRIVERS = {
  pgbouncer: {
    summary: 'PgBouncer by its admin console',
    shownWith: 'PgBouncer 1.18, 1.24 and 1.26',
  },
} as const satisfies Readonly<Record<string, PoolerDriverRow>>;

export type PoolerDriverName = keyof typeof POOLER_DRIVERS;
export const POOLER_DRIVER_NAMES = Object.keys(POOLER_DRIVERS) as readonly PoolerDriverName[];

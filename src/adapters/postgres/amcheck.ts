import type { ClusterConfig } from '../../model/config.js';
import { checkMoved, isCleanReport } from '../../model/data-check.js';
import type { CheckReport, CheckRequest, DataCheck } from '../../model/data-check.js';
import { safeLogLine } from '../../model/log-line.js';
import type { CheckPort, CheckProbe } from '../../ports/check.js';
import type { Clock } from '../../ports/clock.js';
import { runCommand } from '../hosts/command/run.js';
import { readCheck } from './amcheck-output.js';
import { checkedPlaces } from './checked-places.js';

type Postgres = NonNullable<ClusterConfig['postgres']>;

/** As long as the configuration says nothing of it. */
export const CHECK_DEFAULTS = {
  program: 'pg_amcheck',
  withinMs: 4 * 60 * 60_000,
  statementTimeoutMs: 30 * 60_000,
  schedule: null,
} as const;

const NOTHING: CheckReport = { findings: [], found: 0, gaps: [] };

const cannotRun = (program: string, why: string): string => `${program} cannot be run here (${why})`;

const INSTALL =
  'install the client programs of PostgreSQL 14 or newer (Debian: postgresql-client-NN, in /usr/lib/postgresql/NN/bin; Red Hat: postgresqlNN-contrib), or name it in postgres.check.program';

/** It reads nothing and connects nowhere. */
const PROBE_MS = 10_000;

async function probed(program: string, hidden: readonly string[]): Promise<CheckProbe> {
  const outcome = await runCommand([program, '--version'], { deadlineMs: PROBE_MS, hidden });
  if (outcome.kind === 'fault') return { ok: false, why: cannotRun(program, outcome.fault.why), remedy: INSTALL };
  const said = safeLogLine(outcome.stdout.toString('utf8').split('\n')[0] ?? '');
  if (outcome.code === 0 && /^pg_amcheck\b/.test(said)) return { ok: true, version: said };
  const instead = said === '' ? safeLogLine(outcome.stderr.split('\n')[0] ?? '') : said;
  const why = cannotRun(program, `--version ended with ${outcome.code ?? 'a signal'}: ${instead}`);
  return { ok: false, why, remedy: INSTALL };
}

/** What it had found by then. */
function unfinished(stdout: Buffer | undefined, why: string): CheckReport {
  const so = readCheck(null, stdout?.toString('utf8') ?? '', '');
  return { ...so, gaps: [...so.gaps, `it did not come to its end: ${why}`] };
}

/** Where, as whom and how long: by the environment, since whoever lists processes reads arguments. */
function environmentOf({ hosts, user, password, tls }: Postgres, member: string, statementTimeoutMs: number) {
  const { host, port } = hosts[member] ?? { host: '', port: 0 };
  const files = tls?.files;
  const set = (name: string, value: string | null | undefined): Record<string, string> =>
    value == null ? {} : { [name]: value };
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGAPPNAME: 'ekimi check-data',
    PGCONNECT_TIMEOUT: '10',
    LC_ALL: 'C',
    PGSSLMODE: tls === null ? 'prefer' : tls.insecure ? 'require' : 'verify-full',
    // The last: a server notices within 5 s that whoever asked was ended.
    PGOPTIONS: [
      `statement_timeout=${statementTimeoutMs}`,
      'lock_timeout=5000',
      'default_transaction_read_only=on',
      'client_connection_check_interval=5000',
    ]
      .map((option) => `-c ${option}`)
      .join(' '),
    ...set('PGPASSWORD', password),
    ...set('PGSSLROOTCERT', files?.ca ?? (tls === null || tls.insecure ? null : 'system')),
    ...set('PGSSLCERT', files?.cert),
    ...set('PGSSLKEY', files?.key),
  };
}

/** One connection, one relation after the other, of a relation that is wrong no more than its first page. */
const argumentsOf = (database: string | null, maintenance: string): readonly string[] => [
  // What it takes is a pattern: `a*` names a database of that very name, and no other.
  database === null ? '--all' : `--database="${database.replaceAll('"', '""')}"`,
  `--maintenance-db=${maintenance}`,
  '--jobs=1',
  '--on-error-stop',
  '--no-password',
];

/**
 * `pg_amcheck`, run where Ekimi runs. It comes with the client programs of PostgreSQL, knows which functions each version has, and does not stop at a
 * relation that is wrong.
 */
export function amcheck(cluster: ClusterConfig & { readonly postgres: Postgres }, clock: Clock): CheckPort {
  const { postgres, secretEnv = [] } = cluster;
  const how = { ...CHECK_DEFAULTS, ...postgres.check };
  const known: Record<string, DataCheck> = {};
  let isClosing = false;
  let running: { readonly stop: AbortController; readonly ended: Promise<void> } | null = null;

  async function run({ member, database }: CheckRequest, stop: AbortSignal): Promise<CheckReport> {
    const outcome = await runCommand([how.program, ...argumentsOf(database, postgres.database)], {
      deadlineMs: how.withinMs,
      env: environmentOf(postgres, member, how.statementTimeoutMs),
      hidden: secretEnv.filter((name) => name !== 'PGPASSWORD'),
      stderrChars: 100_000,
      // What it has found is in its own buffer until it ends.
      interruptMs: 5_000,
      stop,
    });
    if (outcome.kind === 'ended' && outcome.code !== null)
      return readCheck(outcome.code, outcome.stdout.toString('utf8'), outcome.stderr);
    if (outcome.kind === 'ended') return unfinished(outcome.stdout, 'a signal ended it');
    const { why } = outcome.fault;
    if (!outcome.started) return { ...NOTHING, gaps: [`${cannotRun(how.program, why)}: ${INSTALL}`] };
    return unfinished(outcome.stdout, why);
  }

  /** Asked of one that found nothing: what else it would say settles nothing. */
  async function withPlaces({ member, database }: CheckRequest, report: CheckReport, asked: readonly string[]) {
    const place = postgres.hosts[member];
    if (asked.length === 0 || place === undefined || database !== null || !isCleanReport(report)) return report;
    // A certificate that cannot be read while it is renewed: the check itself has come to its end.
    const places = await checkedPlaces(postgres, place, asked).catch(() => null);
    return places === null ? report : { ...report, places };
  }

  /** Whatever happens to it, it ends: else no other could ever begin. */
  async function reportOf(request: CheckRequest, stop: AbortSignal, asked: readonly string[]): Promise<CheckReport> {
    try {
      return await withPlaces(request, await run(request, stop), asked);
    } catch (error) {
      return { ...NOTHING, gaps: [`it did not come to its end: ${safeLogLine(String(error))}`] };
    }
  }

  return {
    schedule: how.schedule,
    checks: () => ({ ...known }),
    begin: (request, by, asked = []) => {
      if (running !== null || isClosing) return false;
      const { member, database, leader } = request;
      const stop = new AbortController();
      const startedMs = clock.now();
      const check: DataCheck = { ...NOTHING, by, ...(leader && { leader }), database, startedMs, endedMs: null };
      known[member] = check;
      const ended = reportOf(request, stop.signal, asked).then((report) => {
        const { startedMs: begunMs } = known[member] ?? check;
        const interrupted = isClosing && { interrupted: true as const };
        known[member] = { ...check, startedMs: begunMs, ...report, endedMs: clock.now(), ...interrupted };
        running = null;
      });
      running = { stop, ended };
      return true;
    },
    stop: (why) => {
      running?.stop.abort(why);
    },
    adopt: (member, check) => {
      if (known[member]?.endedMs !== null) known[member] = check;
    },
    setBack: (ms) => {
      for (const [member, check] of Object.entries(known)) known[member] = checkMoved(check, -ms);
    },
    probe: () => probed(how.program, secretEnv),
    close: async () => {
      isClosing = true;
      const last = running;
      last?.stop.abort('Ekimi ends');
      await last?.ended;
    },
  };
}

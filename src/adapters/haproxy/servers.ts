import type { ProxyAddress, ProxyAdmin, ProxyServer } from '../../model/proxy.js';
import { csvRecords } from './csv.js';

/**
 * `srv_admin_state` of `show servers state`, as in HAProxy's server-t.h: MAINT is 0x01 forced, 0x02 inherited, 0x20 a name that
 * does not resolve; DRAIN is 0x08 forced, 0x10 inherited. 0x04 (in maintenance by the configuration) stays set after an operator has
 * made the server ready, and 0x40 (FQDN set at run time) is no maintenance: neither counts.
 */
const MAINT = 0x01 | 0x02;
const DRAIN = 0x08 | 0x10;
const RESOLUTION = 0x20;

/** `srv_op_state`: 0 stopped, 1 starting (slow start, takes connections), 2 running, 3 stopping softly (takes no new ones). */
const RUNNING: readonly string[] = ['1', '2', '3'];
const STOPPING = '3';

export interface ServerState {
  readonly running: boolean;
  /** As an operator or the configuration set it, 0 while it stops; null: not told. */
  readonly weight: number | null;
  readonly admin: ProxyAdmin;
  /** As it was resolved; null: not told, or a name that does not resolve. */
  readonly address: ProxyAddress | null;
}

const keyOf = (backend: string, server: string): string => `${backend}/${server}`;

/** `show servers state` by `backend/server`; null when the text has no header line that names the columns. */
export function serverStates(text: string): ReadonlyMap<string, ServerState> | null {
  const lines = text.split('\n');
  const header = lines
    .find((line) => line.startsWith('# '))
    ?.slice(2)
    .trim()
    .split(/\s+/);
  if (header === undefined) return null;
  const column = (name: string): number => header.indexOf(name);
  const columns = [column('be_name'), column('srv_name'), column('srv_op_state'), column('srv_admin_state')] as const;
  if (columns.includes(-1)) return null;
  const weightColumn = column('srv_uweight');
  const where = [column('srv_addr'), column('srv_port'), column('srv_fqdn')] as const;
  const states = new Map<string, ServerState>();
  for (const line of lines) {
    const fields = line.trim().split(/\s+/);
    const [backend, server, operational, flags] = columns.map((index) => fields[index]);
    if (line.startsWith('#') || backend === undefined || server === undefined || flags === undefined) continue;
    // A word that is no number is no state: the statistics alone speak for that server.
    if (operational === undefined || !/^\d+$/.test(flags)) continue;
    const set = weightColumn === -1 ? undefined : fields[weightColumn];
    const weight = operational === STOPPING ? 0 : set !== undefined && /^\d+$/.test(set) ? Number(set) : null;
    states.set(keyOf(backend, server), {
      running: RUNNING.includes(operational),
      weight,
      admin: adminFrom(Number(flags)),
      address: addressFrom(...where.map((index) => fields[index])),
    });
  }
  return states;
}

const PORT = /^[1-9]\d{0,4}$/;

/** `-` is a name that does not resolve, and a socket of this host has a path; neither is a place on the network. */
function addressFrom(host?: string, port?: string, fqdn?: string): ProxyAddress | null {
  const named = fqdn === undefined || fqdn === '-' || fqdn === '' ? {} : { fqdn: fqdn.toLowerCase() };
  if (host === undefined || port === undefined || !PORT.test(port)) return null;
  return /^[0-9A-Fa-f:.]*[.:][0-9A-Fa-f:.]*$/.test(host)
    ? { host: host.toLowerCase(), port: Number(port), ...named }
    : null;
}

export const adminFrom = (flags: number): ProxyAdmin => ({
  drain: (flags & DRAIN) !== 0,
  maint: (flags & MAINT) !== 0,
  resolution: (flags & RESOLUTION) !== 0,
});

/**
 * The same from the statistics' status word, for a proxy without a runtime API. It shows one thing at a time: a server that is
 * drained and down says only DOWN, so `drain: false` proves nothing there.
 */
export const adminFromStatus = (status: string): ProxyAdmin => ({
  drain: status.startsWith('DRAIN'),
  maint: status.startsWith('MAINT') && !status.includes('resolution'),
  resolution: status.startsWith('MAINT') && status.includes('resolution'),
});

const COLUMNS = ['pxname', 'svname', 'status', 'scur', 'check_status', 'lastchg', 'type', 'weight', 'bck'];

/** UP and `UP 1/3`, DRAIN and NOLB are states of a server that runs; `DOWN 1/2` is on its way but not there. */
const RUNNING_STATUS = /^(UP|DRAIN|NOLB|no check)/;

/**
 * Server lines of the statistics (`;csv`, by column name), joined with `show servers state` where there is one. Null when the text
 * is not HAProxy's CSV. The status word is as HAProxy prints it; `up` is operational and says nothing of drain or maintenance.
 */
export function serversFrom(
  csv: string,
  states: ReadonlyMap<string, ServerState> | null,
): readonly ProxyServer[] | null {
  const records = csvRecords(csv, COLUMNS);
  const first = records[0];
  if (first === undefined || !('pxname' in first && 'svname' in first && 'status' in first)) return null;
  return records.filter(isServer).map((record) => {
    const backend = record['pxname'] ?? '';
    const server = record['svname'] ?? '';
    const status = record['status'] ?? '';
    const state = states?.get(keyOf(backend, server));
    return {
      backend,
      server,
      status,
      up: state?.running ?? RUNNING_STATUS.test(status),
      weight: lesser(numberIn(record['weight']), state?.weight ?? null),
      backup: record['bck'] === '1',
      admin: state?.admin ?? adminFromStatus(status),
      sessions: Number(record['scur'] ?? 0) || 0,
      checkStatus: record['check_status'] ?? '',
      lastChangeSeconds: record['lastchg'] === undefined || record['lastchg'] === '' ? null : Number(record['lastchg']),
      ...(state?.address == null ? {} : { address: state.address }),
    };
  });
}

const numberIn = (text: string | undefined): number | null =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : null;

/** The statistics have the weight in force (an agent's included), `show servers state` the one that was set: either may take it away. */
const lesser = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);

/** `type` 2 is a server; without that column the two summary lines of each proxy go by their names. */
const isServer = (record: Readonly<Partial<Record<string, string>>>): boolean =>
  record['type'] === undefined || record['type'] === ''
    ? !['FRONTEND', 'BACKEND'].includes(record['svname'] ?? '')
    : record['type'] === '2';

import type { DcsConfig, DcsKeys, DcsMember } from '../../model/dcs.js';
import { shownDocument } from '../../model/config-patch.js';
import { lsnFromNumber, memberName, type Lsn } from '../../model/names.js';
import type { ConfigDocument } from '../../model/plan.js';
import { configFrom } from '../patroni/parse.js';

/** One key as etcd returns it; revisions and lease are decimal strings, a lease of `0` is none. */
export interface KeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly create_revision: string;
  readonly mod_revision: string;
  readonly lease: string;
}

export type Parsed = { readonly ok: true; readonly keys: DcsKeys } | { readonly ok: false; readonly why: string };

/** Patroni's base path: slashes joined and doubled ones removed, as its own code does. Ends with a slash. */
export const pathOf = (namespace: string, scope: string): string => `/${namespace}/${scope}/`.replace(/\/+/g, '/');

type Fields = Readonly<Record<string, unknown>>;

export const fieldsOf = (text: string | undefined): Fields | null => {
  if (text === undefined) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
  } catch {
    return null;
  }
};

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
const wholeOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;

const lsnOf = (value: unknown): Lsn | null => {
  const bytes = wholeOf(typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value);
  return bytes === null ? null : lsnFromNumber(bytes);
};

/** Host and port of `postgres://HOST:PORT/DATABASE`; what else stands in it (a user, a password) is not kept. */
function connOf(text: string | null): Exclude<DcsMember['conn'], undefined> {
  if (text === null || !URL.canParse(text)) return null;
  const { hostname, port } = new URL(text);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return host === '' ? null : { host, port: port === '' ? 5432 : Number(port) };
}

/** A key that cannot be read still proves that the member is registered: its role and state are then `unknown`. */
function memberOf(name: string, text: string): DcsMember {
  const fields = fieldsOf(text) ?? {};
  const role = textOf(fields['role']) ?? 'unknown';
  return {
    name: memberName(name),
    role: role === 'master' ? 'primary' : role, // Patroni before 4.0 says master
    state: textOf(fields['state']) ?? 'unknown',
    timeline: wholeOf(fields['timeline']),
    xlogLocation: lsnOf(fields['xlog_location']),
    apiUrl: textOf(fields['api_url']),
    conn: connOf(textOf(fields['conn_url'])),
  };
}

/** null: no request. Text that is neither JSON nor Patroni's old `leader:candidate` is `undefined`: somebody wants something of the leader. */
function failoverOf(text: string | undefined): DcsKeys['failover'] | undefined {
  if (text === undefined || text.trim() === '') return null;
  const fields = fieldsOf(text);
  if (fields === null) {
    const old = /^([\w.-]*):([\w.-]*)$/.exec(text.trim());
    return old === null ? undefined : { leader: textOf(old[1]), member: textOf(old[2]), scheduledAt: null };
  }
  const request = {
    leader: textOf(fields['leader']),
    member: textOf(fields['member']),
    scheduledAt: textOf(fields['scheduled_at']),
  };
  return request.leader === null && request.member === null && request.scheduledAt === null ? null : request;
}

function syncOf(text: string | undefined): DcsKeys['sync'] {
  const fields = fieldsOf(text);
  if (fields === null) return null;
  const standbys = textOf(fields['sync_standby'])?.split(',') ?? [];
  return {
    leader: textOf(fields['leader']),
    standbys: standbys.map((name) => name.trim()).filter((name) => name !== ''),
    quorum: wholeOf(fields['quorum']),
  };
}

/** `{name: api_url}`; what cannot be read says nothing. */
function failsafeOf(text: string | undefined): readonly string[] | null {
  const fields = fieldsOf(text);
  return fields === null ? null : Object.keys(fields);
}

/** Patroni itself goes on with its last copy where the key is gone or is no object, so that neither reads as "not paused". [config.py] */
function configOf(path: string, text: string | undefined): DcsConfig {
  if (text === undefined) return { known: false, why: `there is no key ${path}config` };
  const fields = fieldsOf(text);
  if (fields === null) return { known: false, why: `${path}config holds no JSON object` };
  return { known: true, value: configFrom(fields), document: shownDocument(fields as ConfigDocument) };
}

const isName = (text: string): boolean => text !== '' && text.length <= 256 && !/[\p{Cc}\p{Cf}\uFFFD]/u.test(text);

/**
 * Patroni's keys of one scope from one range. Values are whatever somebody wrote: a part that cannot be read is null, except the leader and
 * the failover request, where null would mean "absent"; there the whole reading is refused. [patroni.md section 6]
 */
export function parseKeys(path: string, rows: readonly KeyValue[], revision: string): Parsed {
  const byName = new Map(rows.map((row) => [row.key.toString('utf8').slice(path.length), row]));
  const text = (name: string): string | undefined => byName.get(name)?.value.toString('utf8');
  const leader = byName.get('leader');
  const holder = leader?.value.toString('utf8') ?? null;
  if (holder !== null && !isName(holder)) return { ok: false, why: `${path}leader holds no member name` };
  const failover = failoverOf(text('failover'));
  if (failover === undefined) return { ok: false, why: `${path}failover is neither JSON nor leader:candidate` };
  const members = [...byName].filter(([name]) => name.startsWith('members/') && name.length > 8);
  return {
    ok: true,
    keys: {
      leader: {
        holder: holder === null ? null : memberName(holder),
        leaseId: leader === undefined || leader.lease === '0' ? null : BigInt(leader.lease).toString(16), // as etcdctl prints it
        leaseTtlMs: null,
        modRevision: leader?.mod_revision ?? null,
        createRevision: leader?.create_revision ?? null,
      },
      members: members.map(([name, row]) => memberOf(name.slice(8), row.value.toString('utf8'))),
      failover,
      failoverRevision: byName.get('failover')?.mod_revision ?? null,
      sync: syncOf(text('sync')),
      optimeLsn: lsnOf(fieldsOf(text('status'))?.['optime']) ?? lsnOf(text('optime/leader')),
      systemIdentifier: textOf(text('initialize')),
      failsafe: failsafeOf(text('failsafe')),
      config: configOf(path, text('config')),
      configRevision: byName.get('config')?.mod_revision ?? null,
      revision,
    },
  };
}

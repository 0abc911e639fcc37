import { ownerOf, type ProxyServer } from '../model/proxy.js';
import type { Lsn } from '../model/names.js';
import type { ClusterView } from '../model/view.js';
import type { Evidence } from '../model/channel.js';
import { says } from './finding.js';
import { answers, linesIn, lineText, memberLines, type ProxyLine } from './proxy-lines.js';

/** HAProxy's words for a check that got no connection: refused or no route, and no answer in time. The star says that the next one is under way. */
const NO_CONNECTION = /^(\* )?(L4CON|L4TOUT)$/;
/** What says nothing of the way: no check yet, none in maintenance. */
const NO_WORD = /^(\* )?(|INI|UNK|SOCKERR)$/;

type Word = 'reached' | 'not reached' | null;

/** Up is up, whatever the last check said: HAProxy still sends clients there. */
function wordOf({ up, admin, checkStatus }: ProxyServer): Word {
  if (up) return 'reached';
  if (admin.maint) return null;
  if (admin.resolution || NO_CONNECTION.test(checkStatus)) return 'not reached';
  return NO_WORD.test(checkStatus) ? null : 'reached';
}

const textOf = (view: ClusterView, line: ProxyLine): string =>
  `${lineText(view, line)} is ${line.row.status}${line.row.checkStatus === '' ? '' : `, ${line.row.checkStatus.replace('* ', '')}`}`;

/**
 * That no proxy which routes writes and answers gets a connection to a member, by which checks, and which of them told nothing; null: one does get it,
 * or none says so. A check that is answered with a wrong status, or too late, has a connection. A proxy that does not answer us says nothing, and
 * neither does a server that nobody can place.
 */
export function notReached(view: ClusterView, name: string): string | null {
  const proxies = view.proxies.filter(({ pools }) => pools.writes !== null);
  const lines = proxies
    .flatMap((proxy) => [...linesIn(proxy, 'writes'), ...linesIn(proxy, 'reads')])
    .filter(({ row }) => ownerOf(row) === name);
  const words = lines.map(({ row }) => wordOf(row));
  if (words.includes('reached') || !words.includes('not reached')) return null;
  const cut = lines.filter((_, index) => words[index] === 'not reached');
  const asked = new Set(cut.map(({ proxy }) => proxy));
  const others = proxies.filter((proxy) => !asked.has(proxy.name));
  const untold = others.map((proxy) => `${proxy.name} ${answers(proxy) ? 'does not tell' : 'gave no answer'}`);
  const by = cut.map((line) => textOf(view, line)).join(', ');
  const whom =
    others.length === 0 ? 'no proxy reaches' : `${[...asked].join(', ')} ${asked.size > 1 ? 'do' : 'does'} not reach`;
  return `${[`${whom} ${name}`, ...untold].join('; ')} (${by})`;
}

/**
 * What a proxy's own checks of a leader say while it hangs: they get a connection and no answer in time. A sign beside others, as old as the last check and by way of Patroni's
 * API, which stands still without its PostgreSQL or with the whole machine: no proof of either. Empty: no proxy says so.
 */
export const timesOutBy = (view: ClusterView, name: string): readonly Evidence[] =>
  memberLines(view, 'writes', name)
    .filter(({ row }) => /^(\* )?L7TOUT$/.test(row.checkStatus))
    .map((line) => {
      const text = `${lineText(view, line)}: the check of its health gets a connection and no answer in time (L7TOUT)`;
      return says('proxy', text, view.atMs);
    });

/** Of a candidate for leadership what is asked here. */
interface Successor {
  readonly name: string;
  readonly timeline: number | null;
  readonly lsn: Lsn | null;
  /** The operator's order among equals. */
  readonly priority: number;
  readonly against: readonly string[];
  readonly unreached: string | null;
}

/** Where we choose who leads: of those within all guards, whom a proxy reaches comes first. Else the order stays. */
export function reachedFirst<Row extends Successor>(rows: readonly Row[]): readonly Row[] {
  const isLast = (row: Row): boolean => row.against.length === 0 && row.unreached !== null;
  const firstBeyond = rows.findIndex((row) => row.against.length > 0);
  const within = firstBeyond === -1 ? rows : rows.slice(0, firstBeyond);
  return [
    ...within.filter((row) => !isLast(row)),
    ...within.filter(isLast),
    ...(firstBeyond === -1 ? [] : rows.slice(firstBeyond)),
  ];
}

/**
 * Why an election that is brought forward would help no client of the proxies: of those that Patroni may elect now, which are the furthest, none is reached.
 * Null: one is, or nobody may be elected. `rows`: best first.
 */
export function electsUnreached(rows: readonly Successor[]): string | null {
  const best = rows.find((row) => row.against.length === 0);
  if (best === undefined) return null;
  const level = rows.filter(
    (row) =>
      row.against.length === 0 &&
      row.timeline === best.timeline &&
      row.lsn === best.lsn &&
      row.priority === best.priority,
  );
  if (level.some((row) => row.unreached === null)) return null;
  return level.map(unreachedText).join('; ');
}

/** Within all guards, of the same timeline and with more WAL than this one, and passed over only because no proxy reaches it; null: nobody is. */
export function aheadUnreached<Row extends Successor>(rows: readonly Row[], { timeline, lsn }: Successor): Row | null {
  if (lsn === null) return null;
  return (
    rows.find(
      (row) =>
        row.unreached !== null &&
        row.against.length === 0 &&
        row.timeline === timeline &&
        row.lsn !== null &&
        row.lsn > lsn,
    ) ?? null
  );
}

/** For whoever has to agree: what one that is behind would drop. */
export const aheadText = (row: Pick<Successor, 'name' | 'unreached'> | null): string | null =>
  row === null ? null : `${row.name} has more WAL, which would be dropped, and ${row.unreached ?? ''}`;

/** For whoever has to agree. */
export const unreachedText = ({ unreached }: Pick<Successor, 'unreached'>): string =>
  `${unreached ?? ''}: their clients could not write if it led`;

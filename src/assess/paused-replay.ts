import { furthest, formatLsn, type Lsn } from '../model/names.js';
import { freshValue } from '../model/reading.js';
import { STANDBY_SETTINGS, type StandbySetting } from '../model/sql.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { signsOf } from './copy-fault.js';
import { followedIn } from './leader.js';

/**
 * Why replay is paused, as far as that can be told. `hand`: nothing speaks for another cause. `target`: it stopped where recovery was told to
 * stop, and to resume would promote it. `setting`: one of its settings is below the leader's, and to resume would shut it down. `unknown`:
 * which of these it is cannot be told now.
 */
export interface PauseCause {
  readonly kind: 'hand' | 'target' | 'setting' | 'unknown';
  readonly text: string;
}

/** Null: its SQL does not say that replay is paused. */
export function pauseCauseOf(view: ClusterView, member: MemberView): PauseCause | null {
  const sql = freshValue(member.sql);
  if (sql?.replayPaused !== true) return null;
  const { recoveryTarget, standbySettings: own } = sql;
  if (recoveryTarget === undefined || own === undefined)
    return { kind: 'unknown', text: `the settings of ${member.name} are not known` };
  if (recoveryTarget !== null)
    return { kind: 'target', text: `${recoveryTarget} is set on ${member.name}: to resume would promote it` };
  const logged = signsOf(view, member)?.find(({ sign }) => sign === 'setting');
  if (logged !== undefined)
    return { kind: 'setting', text: `the log of ${member.name} says: ${logged.text}; to resume would shut it down` };
  const leader = followedIn(view);
  const leaders = leader === null ? null : (freshValue(leader.sql)?.standbySettings ?? null);
  if (leader === null || leaders === null)
    return { kind: 'unknown', text: 'the settings of the leader are not known, and below them it would shut down' };
  const below = STANDBY_SETTINGS.filter((name) => own[name] < leaders[name]);
  if (below.length === 0) return { kind: 'hand', text: 'no setting and no recovery target has paused it' };
  const figures = below.map(
    (name) => `${name} is ${own[name]} on ${member.name} and ${leaders[name]} on ${leader.name}`,
  );
  return { kind: 'setting', text: `${figures.join(', ')}: to resume would shut it down` };
}

/** How long a log is read back: what paused it earlier stands there no more. */
const LOG_REACHES_MS = 150_000;

/** Can its log have told a setting that the leader had for a while and has no more? A text: why it cannot. */
export function unreadCause(view: ClusterView, member: MemberView, sinceMs: number): string | null {
  if (signsOf(view, member) === null) return `the log of ${member.name} cannot be read`;
  return view.atMs - sinceMs < LOG_REACHES_MS ? null : `the log of ${member.name} reaches back too short a time`;
}

/** The leader's settings, as the request carries them; null: not known. */
export function leadersSettings(view: ClusterView): Readonly<Record<StandbySetting, number>> | null {
  const leader = followedIn(view);
  return leader === null ? null : (freshValue(leader.sql)?.standbySettings ?? null);
}

/** Bytes that it has received and does not show; null: not known. */
export function heldBack(member: MemberView): number | null {
  const sql = freshValue(member.sql);
  const received: Lsn | null = furthest(sql?.receiveLsn, sql?.walReceiver?.latestEndLsn);
  return sql?.replayLsn == null || received === null ? null : Math.max(0, Number(received - sql.replayLsn));
}

/** Where replay stands, as PostgreSQL writes it. */
export const standsAt = (member: MemberView): string | null => {
  const lsn = freshValue(member.sql)?.replayLsn ?? null;
  return lsn === null ? null : formatLsn(lsn);
};

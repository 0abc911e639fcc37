import { isStreaming } from '../assess/replica.js';
import { evacuationOf } from '../ledger/evacuations.js';
import type { Ledger } from '../model/ledger.js';
import type { ProcedureName } from '../model/procedure.js';
import type { ActionStage, StageProgress, WaitStage } from '../model/procedure-run.js';
import { freshValue, recentValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';

/** One action on one member; its key is what it is called in a plan. */
export const onMember = (action: ProcedureName, name: string, text: string): ActionStage => ({
  kind: 'action',
  key: `${action} ${name}`,
  action,
  target: name,
  candidate: null,
  leader: null,
  text,
});

/** What comes about by itself. */
export const waitFor = (
  key: string,
  text: string,
  withinMs: number,
  progress: StageProgress | null = null,
): WaitStage => ({
  kind: 'wait',
  key,
  text,
  withinMs,
  progress,
});

/** Started, and over with as soon as it answers: whether it follows is waited for by what comes next. */
export const startStage = (name: string): ActionStage => ({
  ...onMember('start-member', name, `start ${name}`),
  parameters: { until: 'answers' },
});

/** Started, rewound where that is needed, recovered, caught up. */
const STREAMS_MS = 15 * 60_000;

/** Until a member that was started is a replica at work. */
export const awaitStream = (name: string): WaitStage => ({
  ...waitFor(`streams ${name}`, `${name} runs and streams`, STREAMS_MS),
  awaits: [name],
});

/** Why nothing of another procedure is done to it: a person took it out; null: nobody did. */
export function takenFrom(ledger: Pick<Ledger, 'evacuations'>, name: string): string | null {
  const row = evacuationOf(ledger, name);
  return row === null
    ? null
    : `${row.by} took ${name} out already (${row.reason}): ekimi run-procedure give-back ${name}`;
}

/** Leadership from whoever holds it; `to` null: the best of the others. */
export const handOver = (from: string, to: string | null): ActionStage => ({
  kind: 'action',
  key: `switchover from ${from}`,
  action: 'switchover',
  target: null,
  candidate: to,
  leader: from,
  text: `hand leadership from ${from} to ${to ?? 'the best of the others'}`,
});

/** Taken out of the read pool by Ekimi, for whomever. */
export const isDrained = ({ drains }: Pick<Ledger, 'drains'>, name: string): boolean =>
  drains.some((row) => row.member === name && !row.shadow);

/** By its host driver, which is read more seldom while all is well; what a stage sends is authorised by what is then read. */
export const isStopped = (member: MemberView | null): boolean =>
  member !== null && recentValue(member.host)?.state === 'stopped';

/** A replica at work: it runs by its own word, and streams. */
export function follows(view: ClusterView, name: string): boolean {
  const member = memberOf(view, name);
  const api = member === null ? null : freshValue(member.api);
  return member !== null && api?.role === 'replica' && api.state === 'running' && isStreaming(view, member);
}

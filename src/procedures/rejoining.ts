import { copyFaultOf, loggedOf } from '../assess/copy-fault.js';
import { divergenceOf } from '../assess/divergence.js';
import { leaderKeyHolder } from '../assess/leader.js';
import { lostSlotOf } from '../assess/lost-slot.js';
import { isBeingRewound } from '../assess/rewinding.js';
import { servesReads } from '../assess/rotation.js';
import { memberLines, silentProxies } from '../assess/proxy-lines.js';
import { memberName } from '../model/names.js';
import type { AcceptedLoss } from '../model/procedure.js';
import type { ActionStage, Stage } from '../model/procedure-run.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type MemberView } from '../model/view.js';
import type { ProcedureInput } from './procedure.js';
import { follows, isDrained, isStopped, onMember, startStage, waitFor } from './stages.js';

/** What a run that brings a member back is bound to. */
export interface Rejoining {
  /** When it began: a history that parted from the leader's is Patroni's to rewind for so long. */
  readonly sinceMs: number;
  /** What a person gave up of the WAL that only this member has, at the start of the run; null: nothing. */
  readonly acceptLoss: AcceptedLoss | null;
}

/** Patroni finds the parted history in a loop, rewinds, and tries to start. */
const REWIND_MS = 3 * 60_000;
/** What only its copy holds is read once it runs, and is part of the question. */
const READ_MS = 60_000;
const REJOIN_MS = 15 * 60_000;
const COPY_MS = 4 * 60 * 60_000;
/** Health checks of the proxies, and the opening of what a fence closed. */
const TRAFFIC_MS = 2 * 60_000;

/** It leads, or follows whoever does. */
export const isBack = ({ view }: ProcedureInput, name: string): boolean =>
  leaderKeyHolder(view) === name || follows(view, name);

/** Readers, or writers, get to it; a proxy that does not answer is not waited for, and a drain is somebody's will. */
export function hasTraffic({ view, ledger }: ProcedureInput, name: string): boolean {
  if (view.proxies.length === 0 || silentProxies(view).length > 0) return true;
  if (leaderKeyHolder(view) === name || isDrained(ledger, name)) return true;
  return memberLines(view, 'reads', name).length === 0 || servesReads(view, name);
}

/**
 * By what is known to be beyond Patroni's own means: a log that says so, a slot that lost its WAL, or a history that parted and was not rewound in the
 * time that this takes. Never while it is being rewound: it says `stopped` meanwhile, and nothing may be sent over it.
 */
function isAtFault(input: ProcedureInput, member: MemberView, { sinceMs }: Rejoining): boolean {
  if (freshValue(member.api) === null || isBeingRewound(input, member)) return false;
  const isUnread = input.view.surplus?.[member.name]?.kind === 'unknown';
  if (isUnread && input.nowMs - sinceMs < READ_MS) return false;
  if (loggedOf(input.view, member, 'copy') !== null || lostSlotOf(input.view, member) !== null) return true;
  return input.nowMs - sinceMs > REWIND_MS && copyFaultOf(input, member).kind === 'sign';
}

/**
 * All that is left until a member follows again: started where it is stopped, rewound or caught up by Patroni, and, where that cannot be, copied anew,
 * which is asked for with what only its old copy holds. Nothing where it follows.
 */
export function* rejoining(input: ProcedureInput, name: string, bond: Rejoining): Generator<Stage> {
  const member = memberOf(input.view, memberName(name));
  if (member === null) return;
  if (!isBack(input, name)) {
    if (isStopped(member)) yield startStage(name);
    if (freshValue(member.api)?.state !== 'creating-replica') yield* untilCopied(input, member, bond);
    yield { ...waitFor(`copy ${name}`, `${name} copies the leader, and streams`, COPY_MS), awaits: [name] };
  }
  if (!isBack(input, name) || !hasTraffic(input, name))
    yield waitFor(`traffic ${name}`, `the proxies give ${name} readers`, TRAFFIC_MS);
}

function* untilCopied(input: ProcedureInput, member: MemberView, bond: Rejoining): Generator<Stage> {
  const { name } = member;
  const key = `give up ${name}`;
  const isGivenUp = input.confirmed.includes(key);
  const held = divergenceOf(input, member).text;
  if (!isGivenUp && !isAtFault(input, member, bond))
    yield {
      ...waitFor(
        `rejoin ${name}`,
        `${name} streams: Patroni starts it, and rewinds it where it must (${held})`,
        REJOIN_MS,
      ),
      awaits: [name],
    };
  if (!isGivenUp) yield { kind: 'confirm', key, text: `copy ${name} anew, unless it streams by then? ${held}` };
  const rebuild: ActionStage = {
    ...onMember('reinitialize-replica', name, `copy ${name} anew, unless it streams by then`),
    mayFallAway: true,
  };
  yield bond.acceptLoss === null ? rebuild : { ...rebuild, acceptLoss: bond.acceptLoss };
}

/** The loss that was agreed to, as it is typed; empty: none was. */
export const lossArgument = (loss: AcceptedLoss | null): string => (loss === null ? '' : ` --set accept-loss=${loss}`);

/** `--set accept-loss=BYTES|any`, as `run-procedure reinitialize-replica --accept-loss` takes it; a text: what is wrong with it. */
export function lossOf(text: string | undefined): { readonly loss: AcceptedLoss | null } | string {
  if (text === undefined) return { loss: null };
  if (text === 'any') return { loss: text };
  return /^\d{1,15}$/.test(text)
    ? { loss: Number(text) }
    : `accept-loss is ${JSON.stringify(text)}: it is a number of bytes, or any`;
}

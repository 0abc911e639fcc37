import { z } from 'zod';
import { whyNoRoomBeside } from '../assess/copy-beside.js';
import { whyNoCopy } from '../assess/copy-proof.js';
import { copyFaultOf, loggedOf } from '../assess/copy-fault.js';
import { divergenceOf } from '../assess/divergence.js';
import { leaderKeyHolder, leadershipOf } from '../assess/leader.js';
import { lostSlotOf } from '../assess/lost-slot.js';
import { isBeingRewound } from '../assess/rewinding.js';
import { diskOf } from '../assess/room.js';
import { servesReads } from '../assess/rotation.js';
import { memberLines, silentProxies } from '../assess/proxy-lines.js';
import { asidesOf, asideSuffix, isAsideUnread } from '../model/aside.js';
import { memberName } from '../model/names.js';
import type { AcceptedLoss } from '../model/procedure.js';
import type { ActionStage, Stage } from '../model/procedure-run.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type MemberView } from '../model/view.js';
import { isMoved, movingAside } from './member-stages.js';
import type { ProcedureInput } from './procedure.js';
import { follows, isDrained, isStopped, onMember, startStage, waitFor } from './stages.js';

/** What a run that brings a member back is bound to. */
export interface Rejoining {
  /** When it began: a history that parted from the leader's is Patroni's to rewind for so long. */
  readonly sinceMs: number;
  /** What a person gave up of the WAL that only this member has, at the start of the run; null: nothing. */
  readonly acceptLoss: AcceptedLoss | null;
  /** Its old directory becomes NAME.`suffix` before it is copied anew; null: Patroni destroys it, for nobody can move it, or a person said so. */
  readonly suffix: string | null;
}

/** What a goal has of it, also one that an older version bound. */
export const REJOINING = {
  sinceMs: z.number(),
  acceptLoss: z.union([z.number(), z.literal('any')]).nullable(),
  suffix: z.string().nullable().default(null),
};

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
    if (isStopped(member) && !isLeftDown(input, name, bond)) yield startStage(name);
    if (freshValue(member.api)?.state !== 'creating-replica') yield* untilCopied(input, member, bond);
    yield { ...waitFor(`copy ${name}`, `${name} copies the leader, and streams`, COPY_MS), awaits: [name] };
  }
  if (!isBack(input, name) || !hasTraffic(input, name))
    yield waitFor(`traffic ${name}`, `the proxies give ${name} readers`, TRAFFIC_MS);
}

const givenUp = (name: string): string => `give up ${name}`;

function* untilCopied(input: ProcedureInput, member: MemberView, bond: Rejoining): Generator<Stage> {
  const { name } = member;
  const key = givenUp(name);
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
  const becomes =
    bond.suffix === null
      ? 'its old copy is destroyed by Patroni'
      : `its old directory is moved aside, to NAME.${bond.suffix}, and kept`;
  if (!isGivenUp)
    yield { kind: 'confirm', key, text: `copy ${name} anew, unless it streams by then? ${held}; ${becomes}` };
  // It came back since it was given up, or is on its way: its good copy is not moved away under it.
  if (isGivenUp && bond.suffix !== null && !isDue(input, member, { ...bond, suffix: bond.suffix })) return;
  for (const stage of copiedAnew(input, member, bond)) yield { ...stage, mayFallAway: true };
}

/** Beyond Patroni's means still, or on the way to its copy by this run. */
const isDue = (input: ProcedureInput, member: MemberView, bond: Rejoining & { readonly suffix: string }): boolean =>
  isAtFault(input, member, bond) || isStopped(member) || isMoved(input, { member: member.name, suffix: bond.suffix });

/** It was given up, so that who stopped it did so to move its directory aside: it is not started before that. */
const isLeftDown = ({ confirmed }: ProcedureInput, name: string, { suffix }: Rejoining): boolean =>
  suffix !== null && confirmed.includes(givenUp(name));

function* copiedAnew(input: ProcedureInput, member: MemberView, bond: Rejoining): Generator<ActionStage> {
  const { name } = member;
  const { suffix, acceptLoss } = bond;
  if (suffix === null) {
    const rebuild = onMember('reinitialize-replica', name, `copy ${name} anew, unless it streams by then`);
    yield acceptLoss === null ? rebuild : { ...rebuild, acceptLoss };
    return;
  }
  const moved = isMoved(input, { member: name, suffix });
  const isDown = isStopped(member) && isLeftDown(input, name, bond);
  if (!moved && !isDown) yield onMember('stop-member', name, `stop ${name}, unless it streams by then`);
  if (!moved) yield movingAside(name, suffix);
  if (!moved || isDown) yield onMember('begin-copy', name, `start ${name}: its Patroni copies the leader`);
}

/** Why it is not stopped to be moved aside: a copy would not come about, or has no room beside the old one. Null: it may be, or is done. */
export function whyNotAside(input: ProcedureInput, name: string, bond: Rejoining): string | null {
  const member = memberOf(input.view, memberName(name));
  const leadership = leadershipOf(input.view);
  const { suffix } = bond;
  if (member === null || suffix === null || leadership.kind !== 'proven') return null;
  if (isBack(input, name) || !isLeftDown(input, name, bond) || isMoved(input, { member: name, suffix })) return null;
  if (freshValue(member.api)?.state === 'creating-replica') return null;
  // Nothing is stopped for what may turn out to be impossible; where it is stopped already, the move itself says so.
  if (!isStopped(member) && isAsideUnread(input.view, name))
    return `what lies aside of ${name} is not read yet: whether its directory can be moved is not known; or begin it with --set old=delete`;
  // Of what does not run nobody reads the disk, as a rule: that there is room was asked before it was stopped.
  const isUnread = isStopped(member) && diskOf(member) === null;
  return whyNoCopy(input, member) ?? (isUnread ? null : whyNoRoomBeside(input, member, leadership.member));
}

/** Where what was moved lies, for people; empty: nothing was. */
export const asideText = (input: ProcedureInput, name: string, { suffix }: Pick<Rejoining, 'suffix'>): string =>
  suffix === null || !isMoved(input, { member: name, suffix })
    ? ''
    : `; the old directory of ${name} is kept aside under .${suffix}: ekimi status lists it and how to delete it`;

type Old = { readonly suffix: string | null } | { readonly why: string };

/**
 * `--set old=aside|delete`. By itself it is moved aside where the host driver of each can, and where nobody has said so yet: what is kept can be
 * deleted later. `why`: what is wrong with what was asked.
 */
export function suffixOf(input: ProcedureInput, names: readonly string[], old: string | undefined): Old {
  if (old !== undefined && old !== 'aside' && old !== 'delete')
    return { why: `old is ${JSON.stringify(old)}: it is aside or delete` };
  const unable = names.find((name) => asidesOf(input.view, name) === null && !isAsideUnread(input.view, name));
  if (old === 'aside' && unable !== undefined)
    return { why: `the data directory of ${unable} cannot be moved aside by its host driver: --set old=delete` };
  return { suffix: old === 'delete' || unable !== undefined ? null : asideSuffix(input.nowMs) };
}

/** What was agreed to at the start, as it is typed: the loss, and that the old copy is destroyed. */
export const agreedArguments = ({ acceptLoss, suffix }: Pick<Rejoining, 'acceptLoss' | 'suffix'>): string =>
  `${lossArgument(acceptLoss)}${suffix === null ? ' --set old=delete' : ''}`;

/** The loss that was agreed to, as it is typed; empty: none was. */
const lossArgument = (loss: AcceptedLoss | null): string => (loss === null ? '' : ` --set accept-loss=${loss}`);

/** `--set accept-loss=BYTES|any`, as `run-procedure reinitialize-replica --accept-loss` takes it; a text: what is wrong with it. */
export function lossOf(text: string | undefined): { readonly loss: AcceptedLoss | null } | string {
  if (text === undefined) return { loss: null };
  if (text === 'any') return { loss: text };
  return /^\d{1,15}$/.test(text)
    ? { loss: Number(text) }
    : `accept-loss is ${JSON.stringify(text)}: it is a number of bytes, or any`;
}

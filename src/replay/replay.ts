import { decide } from '../decide/decide.js';
import { haltAt } from '../decide/second-look.js';
import type { Decision } from '../model/decision.js';
import { holdsPolicy, type EntryBody, type JournalEntry } from '../model/entry.js';
import { toJson } from '../model/json.js';
import type { Policy } from '../model/policy.js';
import { situationFrom } from '../model/situation.js';
import { changesBetween } from './changes.js';
import { withLaterActions } from './policy-of-then.js';
import type { Redecided } from './redecided.js';

interface Standing {
  policy: Policy | null;
  hash: string;
  isBeyond: boolean;
}

const OLD = 'written by a version that did not keep what its decisions were made of';

/** Takes the entries of a journal one after the other and makes every pass and every second look again; null: nothing was decided there. */
export type Replayer = (entry: JournalEntry) => Redecided | null;

/**
 * Through the same core as then. `policy` in place of the recorded one: what would have been decided under it, from the first difference
 * that matters on only as a guess. Pure.
 */
export function replayer(policy: Policy | null = null): Replayer {
  const scopes = new Map<string, Standing>();
  const standingOf = (scope: string): Standing => {
    const known = scopes.get(scope) ?? { policy, hash: '', isBeyond: false };
    scopes.set(scope, known);
    return known;
  };
  return (entry) => {
    const standing = standingOf(entry.scope);
    const { body } = entry;
    if (holdsPolicy(body)) {
      standing.hash = body.kind === 'start' ? body.policyHash : body.hash;
      standing.policy = policy ?? withLaterActions(body.policy as Policy);
      standing.isBeyond = body.kind === 'start' ? false : standing.isBeyond;
      return null;
    }
    try {
      return redecide(entry, standing, policy !== null);
    } catch (err) {
      // What another version wrote, or anybody: one entry that nobody can decide by is not the end of the reading.
      const { seq, atMs, scope } = entry;
      const why = `this version cannot decide by it: ${err instanceof Error ? err.message : String(err)}`;
      return { kind: 'skipped', seq, atMs, scope, why };
    }
  };
}

function redecide(entry: JournalEntry, standing: Standing, isOther: boolean): Redecided | null {
  const { seq, atMs, scope, body } = entry;
  const skipped = (why: string): Redecided => ({ kind: 'skipped', seq, atMs, scope, why });
  if ((body.kind === 'pass' || (body.kind === 'intent' && !body.shadow)) && body.lost !== undefined)
    return skipped(body.lost);
  const kept = keptIn(body);
  if (kept === null) return null;
  if (kept === 'old') return skipped(OLD);
  if (standing.policy === null || (!isOther && standing.hash !== kept.circumstances.policyHash))
    return skipped('its policy is not in the journal: the entry that held it was pruned');
  const situation = situationFrom(kept, standing.policy);
  const told = { seq, atMs, scope, isBeyond: standing.isBeyond };
  const same = { ...told, parts: false, changes: [] };
  const parting = (): boolean => {
    const isFirst = !standing.isBeyond;
    standing.isBeyond = true;
    return isFirst;
  };
  if (body.kind === 'intent' && body.look !== undefined) {
    const halt = haltAt(situation, body.plan, body.look.asked);
    if (halt === null) return { ...same, kind: 'second-look' };
    const { action, target } = body.plan;
    const changes = [{ what: `${action} ${target}`, was: 'sent', is: halt.why, gates: [] }];
    return { ...told, kind: 'second-look', parts: parting(), changes };
  }
  if (body.kind !== 'pass') return null;
  const decisions = decide(situation);
  if (toJson(decisions) === toJson(body.decisions)) return { ...same, kind: 'pass' };
  const parts = toJson(actIn(decisions)) !== toJson(actIn(body.decisions)) && parting();
  return { ...told, kind: 'pass', parts, changes: changesBetween(body.decisions, decisions) };
}

const actIn = (decisions: readonly Decision[]) => {
  const acting = decisions.find((decision) => decision.kind === 'act');
  return acting === undefined ? null : [acting.plan.action, acting.plan.target];
};

/** null: an entry of which nothing was decided. */
function keptIn(body: EntryBody) {
  if (body.kind === 'intent') return body.shadow ? null : (body.look ?? 'old');
  if (body.kind !== 'pass' || body.isLast === true) return null;
  const { view, states, circumstances } = body;
  if (view === null || states === null) return null;
  return circumstances === undefined ? 'old' : { view, states, circumstances };
}

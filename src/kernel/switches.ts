import type { KillSwitch } from '../model/ledger.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { write } from './record.js';
import { startGrace } from './authority.js';
import type { LocalSwitch, Session } from './session.js';

/** How long an etcd that did not take a switch is left alone. */
const RETRY_MS = 5_000;

/** What etcd says in this view about switches; null: nothing that could be relied on. */
const listed = (view: ClusterView): readonly KillSwitch[] | null => freshValue(view.dcs.keys)?.switches ?? null;

/** Every switch that counts in this view: thrown here, seen in etcd (now, or last when it does not answer), or left in the ledger of old. */
export function switchesInForce(session: Session, view: ClusterView | null): readonly KillSwitch[] {
  const shared = (view === null ? null : listed(view)) ?? session.seenSwitches ?? [];
  const local = session.localSwitches.map(({ killSwitch }) => killSwitch);
  const ids = new Set(local.map(({ id }) => id));
  return [...session.ledger.switches, ...local, ...shared.filter(({ id }) => id === undefined || !ids.has(id))];
}

/** etcd answers and keeps the switches from us: whether somebody switched us off is not known. */
export const areSwitchesDenied = (view: ClusterView): boolean => freshValue(view.dcs.keys)?.switches === null;

/** Writes it for all instances. Returns why it could not be, null when it is. */
export async function writeSwitch(session: Session, local: LocalSwitch): Promise<string | null> {
  const { clock, dcs } = session.parts.ports;
  local.triedAtMs = clock.monotonic();
  const answer = await dcs.putSwitch(local.killSwitch.id, local.killSwitch);
  if (!answer.written) return answer.why;
  local.written = true;
  // Ours and journaled already: no news when the next view shows it.
  session.seenSwitches = [...(session.seenSwitches ?? []), local.killSwitch];
  return null;
}

/**
 * After each look: what is written is from now on read from etcd, what is not is tried again, and what other instances threw or lifted is
 * noted here too. A switch that was lifted elsewhere gives rights back, so a grace begins.
 */
export async function settleSwitches(session: Session, view: ClusterView): Promise<void> {
  const now = listed(view);
  session.localSwitches = session.localSwitches.filter((local) => !isOver(local.killSwitch, view.atMs));
  if (now === null) return;
  session.localSwitches = session.localSwitches.filter((local) => !local.written);
  await noteNews(session, now, view.atMs);
  const { clock } = session.parts.ports;
  for (const local of session.localSwitches)
    if (clock.monotonic() - local.triedAtMs >= RETRY_MS) await writeSwitch(session, local);
}

const isOver = ({ expiresAtMs }: KillSwitch, nowMs: number): boolean => expiresAtMs !== null && expiresAtMs <= nowMs;

async function noteNews(session: Session, now: readonly KillSwitch[], nowMs: number): Promise<void> {
  const before = session.seenSwitches;
  session.seenSwitches = now;
  if (before === null || (before.length === 0 && now.length === 0)) return;
  const has = (rows: readonly KillSwitch[], { id }: KillSwitch): boolean => rows.some((row) => row.id === id);
  for (const one of now)
    if (!has(before, one)) await write(session, { kind: 'switch', change: 'on', switch: one, by: one.owner });
  for (const one of before) {
    if (has(now, one) || isOver(one, nowMs)) continue;
    startGrace(session, `${one.subject} was resumed`);
    await write(session, { kind: 'switch', change: 'off', switch: one, by: 'another instance' });
  }
}

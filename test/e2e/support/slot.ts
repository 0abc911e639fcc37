import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The last part of the loopback address of a lab, and of its prefix: two runs on one machine must not share one. */
const SLOTS = [60, 61, 62, 63, 64] as const;

const lockOf = (slot: number): string => join(tmpdir(), `ekimi-e2e-${slot}.pid`);

function isTaken(slot: number): boolean {
  try {
    const pid = Number(readFileSync(lockOf(slot), 'utf8'));
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch {
    // No such file, or no such process: what it left behind is taken over and cleared away.
    return false;
  }
}

export function claimSlot(): number {
  const slot = SLOTS.find((candidate) => !isTaken(candidate));
  if (slot === undefined) throw new Error(`all of 127.0.0.${SLOTS.join(', 127.0.0.')} are in use by other e2e runs`);
  writeFileSync(lockOf(slot), String(process.pid));
  return slot;
}

export function releaseSlot(slot: number): void {
  if (!isTaken(slot)) rmSync(lockOf(slot), { force: true });
}

import type { HostStatus } from './host.js';
import { isSilent, lastValue, type Reading } from './reading.js';

/** Whether a member's machine has power, by what switches it (BMC, PDU, hypervisor). */
export interface PowerStatus {
  readonly isOn: boolean;
  /** The outlet that was asked, by the operator's own name for it. */
  readonly outlet: string;
}

/**
 * What runs a member, by its host driver; where that was asked and is silent, by its power: what has none does not run, and what has some may.
 * A driver that answers, and be it with a refusal or nonsense, does not hang with its machine: it is to be put right, not replaced. The one form
 * in which power may stand for the driver: whatever starts or restarts reads the driver alone.
 */
export function runOf(member: {
  readonly host: Reading<HostStatus>;
  readonly power?: Reading<PowerStatus>;
}): Reading<HostStatus> {
  const { host, power } = member;
  if (!isSilent(host)) return host;
  return power === undefined || power.kind === 'unknown' ? host : { ...power, value: byPower(power.value) };
}

/**
 * What ran there at last sight, for what begins a count and proves nothing: by its power too while the driver has been asked and may still answer.
 * Null: nobody says.
 */
export function runAtLast(member: Runs): HostStatus | null {
  const on = isAwaited(member) && member.power !== undefined ? lastValue(member.power) : null;
  return on === null ? lastValue(runOf(member)) : byPower(on);
}

type Runs = Parameters<typeof runOf>[0];

const isAwaited = ({ host }: Runs): boolean => host.kind === 'unknown' && host.fault === 'not-read-yet';

/** For people: what `runAtLast` says, who says so, and how old that is. Null: nobody says. */
export function runAtLastText(member: Runs, ageText: (ms: number) => string): string | null {
  const run = runAtLast(member);
  if (run === null || !isAwaited(member)) return run === null ? null : runText(run);
  const { power } = member;
  const age = power?.kind === 'stale' ? `, read ${ageText(power.ageMs)} ago` : '';
  return `${run.state === 'stopped' ? 'without power' : 'on'} by its power${age}, and its host driver has not answered yet`;
}

const byPower = ({ isOn, outlet }: PowerStatus): HostStatus => ({
  state: isOn ? 'running' : 'stopped',
  id: `power ${outlet}`,
  by: 'power',
  startedAtMs: null,
  finishedAtMs: null,
  exitCode: null,
  oomKilled: false,
  restartCount: 0,
});

/** For people: its state and who says so. */
export const runText = ({ state, by }: HostStatus): string =>
  by !== 'power'
    ? `${state} by its host driver`
    : state === 'stopped'
      ? 'without power'
      : 'on by its power, and its host driver gives no answer';

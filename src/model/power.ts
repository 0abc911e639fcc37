import type { HostStatus } from './host.js';
import { isSilent, type Reading } from './reading.js';

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
  if (power === undefined || power.kind === 'unknown') return host;
  const { isOn, outlet } = power.value;
  const value: HostStatus = {
    state: isOn ? 'running' : 'stopped',
    id: `power ${outlet}`,
    by: 'power',
    startedAtMs: null,
    finishedAtMs: null,
    exitCode: null,
    oomKilled: false,
    restartCount: 0,
  };
  return { ...power, value };
}

/** For people: its state and who says so. */
export const runText = ({ state, by }: HostStatus): string =>
  by !== 'power'
    ? `${state} by its host driver`
    : state === 'stopped'
      ? 'without power'
      : 'on by its power, and its host driver gives no answer';

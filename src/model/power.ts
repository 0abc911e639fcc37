import type { HostStatus } from './host.js';
import type { Reading, ReadingFault } from './reading.js';

/** Whether a member's machine has power, by what switches it (BMC, PDU, hypervisor). */
export interface PowerStatus {
  readonly isOn: boolean;
  /** The outlet that was asked, by the operator's own name for it. */
  readonly outlet: string;
}

/** The host driver was asked and gave no answer that can be used. One that was not asked, or is only late, is waited for. */
const GIVES_NOTHING: readonly ReadingFault[] = [
  'timeout',
  'refused',
  'unresolved',
  'closed',
  'unreachable',
  'denied',
  'certificate',
  'http-status',
  'bad-reply',
  'wrong-scope',
];

/**
 * What runs a member, by its host driver; where that gives nothing, by its power: what has none does not run, and what has some may. The one
 * form in which power may stand for the driver: whatever starts or restarts reads the driver alone.
 */
export function runOf(member: {
  readonly host: Reading<HostStatus>;
  readonly power?: Reading<PowerStatus>;
}): Reading<HostStatus> {
  const { host, power } = member;
  if (host.kind !== 'unknown' || !GIVES_NOTHING.includes(host.fault)) return host;
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

import { machineAdvice } from '../assess/machine-faults.js';
import type { Reading } from '../model/reading.js';
import type { DoctorFinding } from './doctor-finding.js';

/** What a reading says of the part that was asked, and what is lost without it. `part`: it is a program of the operator's, with what to do about it. */
export function row(
  check: string,
  reading: Reading<unknown>,
  what: string,
  disables: readonly string[],
  weight: 'warn' | 'fail',
  part?: 'hosts' | 'power',
): DoctorFinding {
  if (reading.kind !== 'unknown') return { check, verdict: 'ok', detail: `${what} answers`, disables: [] };
  if (reading.fault === 'not-configured')
    return { check, verdict: 'off', detail: `${what} is not configured`, disables };
  const advice = part === undefined ? '' : machineAdvice(part, reading.fault);
  // Most reasons name whom they are about.
  const reason = reading.reason.startsWith(what) ? reading.reason : `${what}: ${reading.reason}`;
  return { check, verdict: weight, detail: `${reason}${advice}`, disables };
}

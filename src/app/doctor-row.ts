import { machineRemedy } from '../assess/machine-faults.js';
import type { Reading } from '../model/reading.js';
import { remedyFor, type AskedPart } from '../words/doctor-remedy.js';
import type { DoctorFinding } from './doctor-finding.js';

/** What a reading says of the part that was asked, what is lost without it, and what to do about it. */
export function row(
  check: string,
  reading: Reading<unknown>,
  what: string,
  disables: readonly string[],
  weight: 'warn' | 'fail',
  part: AskedPart,
): DoctorFinding {
  if (reading.kind !== 'unknown') return { check, verdict: 'ok', detail: `${what} answers`, disables: [] };
  if (reading.fault === 'not-configured')
    return {
      check,
      verdict: 'off',
      detail: `${what} is not configured`,
      disables,
      remedy: remedyFor(part, reading.fault),
    };
  // Most reasons name whom they are about.
  const reason = reading.reason.includes(what) ? reading.reason : `${what}: ${reading.reason}`;
  const ofMachine = part === 'hosts' || part === 'power' ? machineRemedy(part, reading.fault) : null;
  return { check, verdict: weight, detail: reason, disables, remedy: ofMachine ?? remedyFor(part, reading.fault) };
}

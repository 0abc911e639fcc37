import type { Reading } from '../model/reading.js';
import type { DoctorFinding } from './doctor-finding.js';

/** What a reading says of the part that was asked, and what is lost without it. */
export function row(
  check: string,
  reading: Reading<unknown>,
  what: string,
  disables: readonly string[],
  weight: 'warn' | 'fail',
): DoctorFinding {
  if (reading.kind !== 'unknown') return { check, verdict: 'ok', detail: `${what} answers`, disables: [] };
  if (reading.fault === 'not-configured')
    return { check, verdict: 'off', detail: `${what} is not configured`, disables };
  return { check, verdict: weight, detail: `${what}: ${reading.reason}`, disables };
}

import { isPaused, pausedIn } from '../model/pooler.js';
import { lastValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { REMEDY } from '../words/doctor-remedy.js';
import type { DoctorFinding } from './doctor-finding.js';
import { row } from './doctor-row.js';

const DISABLES = ['clients that wait around a switchover'];

/** One row a pooler: does its console answer, which version is it, and which of its databases would be held. None where none is configured. */
export function poolerRows({ poolers = [] }: ClusterView): readonly DoctorFinding[] {
  return poolers.map(({ name, seen }): DoctorFinding => {
    const check = `pooler ${name}`;
    const report = lastValue(seen);
    if (report === null) return row(check, seen, `console of ${name}`, DISABLES, 'warn', 'pooler');
    const names = report.databases.map((database) => database.name).join(', ');
    if (names === '')
      return {
        check,
        verdict: 'warn',
        detail: `PgBouncer ${report.version} has no database of poolers.${name}.databases`,
        disables: DISABLES,
        remedy: REMEDY['pooler-databases'],
      };
    if (isPaused(report))
      return {
        check,
        verdict: 'warn',
        detail: `PgBouncer ${report.version} is paused (${pausedIn(report).join(', ') || 'all of it'})`,
        disables: DISABLES,
        remedy: REMEDY['pooler-paused'],
      };
    return {
      check,
      verdict: 'ok',
      detail: `PgBouncer ${report.version} answers; held would be: ${names}`,
      disables: [],
    };
  });
}

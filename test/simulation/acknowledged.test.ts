import { expect, it } from 'vitest';
import { noteChange } from '../../src/kernel/audit.js';
import { acknowledge } from '../../src/kernel/pages.js';
import type { PageRow } from '../../src/model/page.js';
import { incident } from '../support/scenarios.js';
import { changeLedger, rig } from '../support/simulated.js';

const row = (incidentId: string, key: string, subject: string): PageRow => ({
  code: 'member-down',
  subject,
  thing: `member-down/${subject}`,
  level: 'critical',
  atMs: 0,
  incident: incidentId,
  key,
});

/** `early` was joined to `late`, in whose name what is told anew stands; what was told before keeps its key. */
const ROWS = [row('late', 'early', 'patroni1'), row('late', 'late', 'patroni2'), row('other', 'other', 'patroni3')];

it.each([
  ['the incident that it is now', 'late', 2],
  ['what it was before it was joined', 'early', 2],
  ['another one', 'other', 1],
  ['none that was told', 'nothing', 0],
])('whoever names %s looks after all of that incident, and each key is told so', async (_case, id, count) => {
  const { session, notifier } = rig();
  const early = { ...incident(), id: 'early', endedAtMs: 1, joinedTo: 'late' };
  const incidents = [early, { ...incident(), id: 'late' }, { ...incident(), id: 'other' }];
  changeLedger(session, (ledger) => ({ ...ledger, incidents, pages: ROWS }));
  const meant = await acknowledge(session, id, 'dba', 'mine');
  expect(meant).toHaveLength(count);
  expect(session.ledger.pages.filter(({ acknowledged }) => acknowledged?.by === 'dba')).toHaveLength(count);
  expect(notifier.pages.map(({ change }) => change)).toEqual(meant.map(() => 'acknowledged'));
  expect(notifier.pages.map(({ key }) => key)).toEqual(meant.map(({ key }) => key));
});

it('what was told under an id that was joined to another is told, kept and journaled under the one that it is now', async () => {
  const ekimi = rig();
  const { session, notifier } = ekimi;
  const early = { ...incident(), id: 'early', endedAtMs: 1, joinedTo: 'late' };
  const late = { ...incident(), id: 'late' };
  changeLedger(session, (ledger) => ({
    ...ledger,
    incidents: [early, late],
    pages: [row('early', 'early', 'patroni1')],
  }));
  await acknowledge(session, 'early', 'dba', 'mine');
  expect(session.ledger.pages.map((page) => page.incident)).toEqual(['late']);
  expect(notifier.pages.map((page) => [page.incident, page.key])).toEqual([['late', 'early']]);
  const about = { by: 'dba', role: 'operator', from: '::1', requestId: 'r', status: 200, method: 'POST' };
  noteChange(session, { ...about, path: '/v1/clusters/c/incidents/early/acknowledge' });
  noteChange(session, { ...about, path: '/v1/clusters/c/incidents/unheard-of/acknowledge' });
  await session.inbox.take();
  expect(ekimi.entries('api-change').map(({ body }) => body.incident)).toEqual(['late', undefined]);
});

import type { Heartbeat } from '../../src/model/heartbeat.js';
import { memberName } from '../../src/model/names.js';
import type { ProblemCode } from '../../src/model/problem.js';
import { fresh, unknown, type ReadingFault } from '../../src/model/reading.js';
import type { SituationRow } from './leader-situations.js';
import { leaderKey, NOW_MS, silent, sql, type Change } from './view.js';

export const beat =
  (refused: Heartbeat['refused'], { name = 'patroni1', agoMs = 0 } = {}): Change =>
  (view) => ({
    ...view,
    heartbeat: fresh({ member: memberName(name), refused }, NOW_MS - agoMs, `heartbeat ${name}`),
  });
export const refusedBy = (code: string | null) => ({ code, text: 'cannot execute INSERT' });
const none =
  (fault: ReadingFault): Change =>
  (view) => ({ ...view, heartbeat: unknown(fault, 'no row was written', NOW_MS, 'heartbeat patroni1') });

export const HEARTBEAT_SITUATIONS = {
  'leader-cannot-write': {
    subject: 'patroni1',
    seen: [
      { name: '[P10] read-only', view: [beat(refusedBy('25006'))] },
      { name: '[P10] its disk is full', view: [beat(refusedBy('53100'))] },
      { name: '[P10] an error of the system under it', view: [beat(refusedBy('58030'))] },
      { name: '[P10] it takes the statement and does not finish it', view: [beat(refusedBy(null))] },
    ],
    friends: [
      { name: 'the heartbeat is off' },
      { name: 'not configured', view: [none('not-configured')] },
      { name: 'the row was written', view: [beat(null)] },
      { name: 'the table is missing', view: [none('denied')] },
      { name: 'no connection', view: [none('refused')] },
      { name: 'another one leads since', view: [beat(refusedBy('25006')), leaderKey('patroni2')] },
      { name: 'it was demoted', view: [beat(refusedBy('25006')), sql('patroni1', { inRecovery: true })] },
      { name: 'it does not answer by SQL', view: [beat(refusedBy('25006')), silent('patroni1', 'sql')] },
      { name: 'a beat of a minute ago', view: [beat(refusedBy('25006'), { agoMs: 60_000 })] },
      { name: 'a beat of somebody else', view: [beat(refusedBy('25006'), { name: 'patroni2' })] },
    ],
  },
} satisfies Partial<Record<ProblemCode, SituationRow>>;

import { describe, expect, it } from 'vitest';
import { assessStaleSessions } from '../../../src/assess/stale-sessions.js';
import { findingsIn } from '../../../src/assess/assess.js';
import { unknown } from '../../../src/model/reading.js';
import type { ReadingFault } from '../../../src/model/reading.js';
import { eachProxy } from '../../support/proxies.js';
import { assessmentOf, NOW_MS, proxyServer, viewOf, type Change } from '../../support/view.js';

const blocked = proxyServer('postgres_primary', 'patroni1', { up: false, status: 'DOWN' });
/** The same proxy once more, as `south`. */
const second =
  (fault: ReadingFault | null): Change =>
  (view) => ({
    ...view,
    proxies: view.proxies.flatMap((proxy) => [
      proxy,
      { ...proxy, name: 'south', ...(fault === null ? {} : { seen: unknown(fault, 'no answer', NOW_MS, 'south') }) },
    ]),
  });
const told = (...changes: readonly Change[]) =>
  findingsIn(assessmentOf(viewOf(...changes)))
    .filter(({ code }) => code === 'leader-unrouted' || code === 'proxy-mismatch')
    .map(({ code, verdict, evidence }) => [code, verdict, verdict === 'unknown' ? evidence[0]?.text : '']);

describe('a leader that no proxy that answers reaches', () => {
  it('is told where all of them answer', () => {
    expect(told(blocked, second(null))).toEqual([['leader-unrouted', 'seen', '']]);
  });

  it('cannot be told of while one is silent: that one may reach it, and what is wrong is said of the other', () => {
    expect(told(blocked, second('timeout'))).toEqual([
      ['leader-unrouted', 'unknown', 'south does not answer'],
      ['proxy-mismatch', 'seen', ''],
    ]);
  });

  it("does not wait for another cluster's", () => {
    expect(told(blocked, second('wrong-scope'))).toEqual([['leader-unrouted', 'seen', '']]);
  });

  it('is none where one reaches it, whoever is silent', () => {
    expect(told(second('timeout'))).toEqual([]);
  });
});

describe('sessions on a server that is down, at a proxy without a runtime API', () => {
  const kept = proxyServer('postgres_primary', 'patroni2', { sessions: 3, lastChangeSeconds: 12 });
  const mute: Change = (view) => eachProxy(view, () => ({ mute: true }));

  it('[S13] may be those that a person lets end: it is said, and nobody is paged', () => {
    const findings = assessStaleSessions(assessmentOf(viewOf(kept, mute)));
    expect(findings).toMatchObject([{ code: 'sessions-stay', verdict: 'unknown' }]);
    expect(findings[0]?.evidence[0]?.text).toMatch(/keeps 3 sessions.*whether a person drains it cannot be told/);
    expect(assessStaleSessions(assessmentOf(viewOf(kept)))).toMatchObject([{ verdict: 'seen' }]);
  });
});

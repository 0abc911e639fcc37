import { describe, expect, it } from 'vitest';
import { contradicted } from '../../../src/assess/contradiction.js';
import { login, ONE_CAUSE } from '../../support/channel-situations.js';
import { assessmentOf, findingOf, host, planOf, seenIn, silent, viewOf } from '../../support/view.js';

describe('a channel that is refused by all members at once', () => {
  it.each(ONE_CAUSE)('[N4] is one problem: $name', ({ subject, view }) => {
    const seen = seenIn(assessmentOf(viewOf(...view))).filter((key) => key.startsWith('channel-silent/'));
    expect(seen).toEqual([`channel-silent/${subject}`]);
  });

  it('[N4] says what to look at and what cannot be done meanwhile', () => {
    const text = (fault: 'denied' | 'timeout') =>
      findingOf(assessmentOf(viewOf(silent('patroni2', 'sql', fault))), 'channel-silent')?.evidence[0]?.text;
    expect(text('denied')).toContain('refuses us: password, certificate or permission');
    expect(text('timeout')).toContain('no answer in time');
    expect(text('denied')).toContain('without it no expedite-failover');
  });

  it('[N4] a Patroni that refuses our password is told with what cannot be done there', () => {
    const at = assessmentOf(viewOf(login({ patroni1: false, patroni2: true })));
    expect(seenIn(at).filter((key) => key.startsWith('channel-silent/'))).toEqual([
      'channel-silent/patroni2 patroni.auth',
    ]);
    expect(findingOf(at, 'channel-silent')).toMatchObject({
      evidence: [
        {
          text: 'changes through Patroni of patroni2: it refuses us: password, certificate or permission (PATCH patroni2: status 401); without it no restart-member, reinitialize-replica, drain by tag, failover and switchover there',
        },
      ],
    });
  });
});

describe('a plan for a member whose channels contradict each other', () => {
  it('[O12] is told why nothing is concluded of it', () => {
    const view = viewOf(host('patroni3', { state: 'stopped' }));
    expect(contradicted(view, planOf('start-member', 'patroni3'))).toBe(
      'patroni3 is stopped by its host driver, but the API of patroni3 answers, but PostgreSQL on patroni3 answers',
    );
    expect(contradicted(view, planOf('start-member', 'patroni2'))).toBeNull();
  });
});

import { expect, it } from 'vitest';
import { rig } from '../support/simulated.js';
import { leading } from '../support/situations.js';

it('a page about what waits for a person names the question, and no page that nothing waits for does', async () => {
  const ekimi = rig({ policy: leading({}, { 'expedite-failover': { mode: 'approve' } }) });
  await ekimi.run(15);
  ekimi.cluster.killContainer('patroni1');
  await ekimi.run(8);
  const [asked] = ekimi.approvals('waiting');
  const about = ekimi.notifier.pages.filter(({ code }) => code === 'leader-down');
  expect(about[0]?.approvals).toEqual([asked?.id]);
  await ekimi.answer('rejected');
  await ekimi.run(90);
  const after = ekimi.notifier.pages.slice(about.length).filter(({ change }) => change !== 'ended');
  expect(after.filter(({ approvals = [] }) => approvals.includes(asked?.id ?? ''))).toEqual([]);
});

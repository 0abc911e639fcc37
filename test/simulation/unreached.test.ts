import { describe, expect, it } from 'vitest';
import { NO_ADDRESS_ANSWERS } from '../../src/assess/unreachable.js';
import { snapshotOf } from '../../src/kernel/snapshot.js';
import { headline } from '../../src/words/headline.js';
import { rig, type Rig } from '../support/simulated.js';
import { leading } from '../support/situations.js';

const away = ({ cluster }: Rig, ...left: readonly string[]): void => {
  for (const part of [...cluster.options.members, ...cluster.options.dcs, 'proxy'])
    if (!left.includes(part)) cluster.cutLink('controller', part);
};
const pagesOf = ({ notifier }: Rig): readonly string[] => notifier.pages.map(({ change, code }) => `${change} ${code}`);

describe('a cluster of which no address answers', () => {
  it.each(['from the start', 'later'])('is one cause, one incident and one page, %s', async (since) => {
    const ekimi = rig({ policy: leading(), without: ['host'] });
    if (since === 'later') await ekimi.run(15);
    away(ekimi);
    await ekimi.run(240);
    expect(pagesOf(ekimi)).toEqual(['opened observer-impaired']);
    const [page] = ekimi.notifier.pages;
    expect(page?.level).toBe('critical');
    expect(page?.text.startsWith(NO_ADDRESS_ANSWERS)).toBe(true);
    expect(page?.unblock.join(' ')).toMatch(/^Check the network .* ekimi doctor/);
    expect(page?.unblock.join(' ')).not.toContain('Restart');
    const snapshot = snapshotOf(ekimi.session);
    expect(headline(snapshot)).toBe('unknown: no address answers');
    expect(snapshot.sentence.startsWith(NO_ADDRESS_ANSWERS)).toBe(true);
    const incidents = ekimi.session.ownIncidents.map(({ cause }) => cause);
    expect(incidents).toEqual(since === 'later' ? ['observer-impaired'] : []);
  });

  it('is told in full as soon as one of them answers', async () => {
    const ekimi = rig({ policy: leading(), without: ['host'] });
    await ekimi.run(15);
    away(ekimi);
    await ekimi.run(60);
    ekimi.cluster.healLink('controller', 'proxy');
    await ekimi.run(60);
    expect(pagesOf(ekimi)).toContain('opened dcs-quorum-lost');
    expect(snapshotOf(ekimi.session).sentence).not.toContain('No address answers');
  });

  it('is not said where an etcd endpoint or the proxy answers', async () => {
    for (const answers of ['etcd1', 'proxy']) {
      const ekimi = rig({ policy: leading(), without: ['host'] });
      await ekimi.run(15);
      away(ekimi, answers);
      await ekimi.run(60);
      expect(headline(snapshotOf(ekimi.session))).not.toContain('no address answers');
      expect(ekimi.notifier.pages.map(({ text }) => text).join(' ')).not.toContain('No address answers');
    }
  });

  it('a cluster that its host driver proves to be down is told as that', async () => {
    const ekimi = rig({ policy: leading() });
    await ekimi.run(15);
    for (const name of ekimi.cluster.options.members) ekimi.cluster.killContainer(name);
    away(ekimi);
    await ekimi.run(120);
    expect(ekimi.notifier.pages.map(({ text }) => text).join(' ')).not.toContain('No address answers');
    expect(pagesOf(ekimi).some((page) => page.startsWith('opened') && !page.endsWith('observer-impaired'))).toBe(true);
  });
});

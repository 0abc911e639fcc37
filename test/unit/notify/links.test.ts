import { describe, expect, it } from 'vitest';
import { linksOf } from '../../../src/notify/links.js';

const about = { scope: 'email-cluster', change: 'opened', incident: '7f3a19c2', approvals: ['a-1'] } as const;

describe('what a message leads to', () => {
  it('is its incident, its question and the word that somebody looks after it', () => {
    const at = 'https://ekimi.example.com/#/email-cluster';
    expect(linksOf('https://ekimi.example.com/', about)).toEqual({
      link: `${at}/incident/7f3a19c2`,
      answers: [
        { does: 'approve', id: 'a-1', href: `${at}/approval/a-1/approve` },
        { does: 'reject', id: 'a-1', href: `${at}/approval/a-1/reject` },
        { does: 'acknowledge', id: '7f3a19c2', href: `${at}/incident/7f3a19c2/acknowledge` },
      ],
    });
  });

  it.each(['ended', 'acknowledged', 'test', 'report'] as const)('has nothing to answer where it is %s', (change) => {
    expect(linksOf('https://e', { ...about, change })).not.toHaveProperty('answers');
  });

  it('is the cluster where there is no incident', () => {
    expect(linksOf('https://e', { ...about, incident: null, approvals: [] })).toEqual({
      link: 'https://e/#/email-cluster',
    });
  });

  it('where there is no incident is what it goes by, and the word that somebody looks after that', () => {
    const own = { ...about, incident: null, page: 'ekimi/email-cluster', approvals: [] };
    const at = 'https://e/#/email-cluster/page/ekimi%2Femail-cluster';
    expect(linksOf('https://e', own)).toEqual({
      link: at,
      answers: [{ does: 'acknowledge', id: 'ekimi/email-cluster', href: `${at}/acknowledge` }],
    });
    expect(linksOf('https://e', { ...own, change: 'ended' })).toEqual({ link: at });
  });

  it('has at most three questions, and the page has the rest', () => {
    const { answers = [] } = linksOf('https://e', { ...about, approvals: ['1', '2', '3', '4'] });
    expect(answers.filter(({ does }) => does === 'approve').map(({ id }) => id)).toEqual(['1', '2', '3']);
  });

  it('is nothing without an address', () => {
    expect(linksOf(null, about)).toEqual({ link: null });
  });

  it('takes what a cluster is called as one part of the address', () => {
    expect(linksOf('https://e', { ...about, scope: 'a/../b#"<' }).link).toBe(
      'https://e/#/a%2F..%2Fb%23%22%3C/incident/7f3a19c2',
    );
  });
});

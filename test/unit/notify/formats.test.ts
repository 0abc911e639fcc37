import { describe, expect, it } from 'vitest';
import type { Notice, NotifyChannel, Outgoing } from '../../../src/model/notify.js';
import { digestTitle, slackText, written } from '../../../src/notify/formats.js';
import { globMatches, routed } from '../../../src/notify/routes.js';
import { CHAT, config, notice, NOW_MS, PAGER } from './notices.js';

const ALERTS: NotifyChannel = { kind: 'alertmanager', name: 'am', url: 'http://am', auth: null, tls: null };
const MAIL: NotifyChannel = {
  kind: 'email',
  name: 'mail',
  host: 'h',
  port: 25,
  security: 'none',
  auth: null,
  from: 'a@b',
  to: ['c@d'],
  tls: null,
};
const HOOK: NotifyChannel = { kind: 'webhook', name: 'hook', url: 'http://h', secret: null, tls: null };
const ALL = [PAGER, CHAT, ALERTS, MAIL, HOOK] as const;

const json = (message: Outgoing): unknown => (message.via === 'http' ? (JSON.parse(message.body) as unknown) : null);

const HOSTILE = 'p"><script>alert(1)</script>\r\nBcc: x@evil\u001b[2J<!channel> @all';

describe.each(ALL)('$kind, told of a member with a hostile name', (channel) => {
  const message = written(
    channel,
    [notice({ subject: HOSTILE, text: `${HOSTILE} is gone`, unblock: [HOSTILE] })],
    NOW_MS,
  );

  it('gives it nothing but text', () => {
    if (message.via === 'http') {
      const parsed = JSON.stringify(json(message));
      if (channel.kind !== 'webhook') expect(parsed).not.toMatch(/\\r|\\n(?=Bcc)|\\u001b/);
      if (channel.kind === 'slack') {
        expect(message.body).not.toContain('<script');
        expect(message.body).not.toContain('<!channel>');
        expect(message.body).not.toContain('@all');
      }
    } else {
      expect(message.subject).not.toMatch(/[\r\n]/);
      expect(message.html).not.toContain('<script');
      expect(message.text).not.toMatch(/^Bcc/m);
    }
  });
});

describe('what a person can do', () => {
  const text = 'nobody leads; what you can do: no, that is its name; since then; what you can do: look; or restart it';
  const told = notice({ text, unblock: ['look at patroni1.', 'ekimi approve 1f --reason "..."'] });
  const lines = [
    'nobody leads; what you can do: no, that is its name; since then',
    'What you can do:',
    '- look at patroni1.',
    '- ekimi approve 1f --reason "..."',
  ];

  it('stands in a mail on a line each, once', () => {
    const mail = written(MAIL, [told], NOW_MS);
    expect(mail.via === 'mail' ? mail.text.split('\n').slice(0, 4) : []).toEqual(lines);
    expect(mail.via === 'mail' ? mail.text.match(/restart it|What you can do:/g) : []).toHaveLength(1);
  });

  it('stands in a chat on a line each', () => {
    const { attachments } = json(written(CHAT, [told], NOW_MS)) as { attachments: { text: string }[] };
    expect(attachments[0]?.text.split('\n').slice(0, 4)).toEqual(lines);
  });
});

describe('Alertmanager', () => {
  it('is told the end of an alert of another level when the level changes', () => {
    const alerts = json(written(ALERTS, [notice({ change: 'changed', level: 'warning' })], NOW_MS)) as {
      labels: { severity: string; incident: string };
      endsAt: string;
    }[];
    const firing = alerts.filter(({ endsAt }) => Date.parse(endsAt) > NOW_MS).map(({ labels }) => labels.severity);
    expect(firing).toEqual(['warning']);
    expect(alerts.map(({ labels }) => labels.severity).sort()).toEqual(['critical', 'info', 'warning']);
  });

  const severitiesAt = (atMs: number, change: Parameters<typeof notice>[0]): readonly string[] =>
    (json(written(ALERTS, [notice(change)], NOW_MS)) as { labels: { severity: string }; endsAt: string }[]).flatMap(
      ({ labels, endsAt }) => (Date.parse(endsAt) > atMs ? [labels.severity] : []),
    );

  it('is not told the end of what is worse and stands under the same key', () => {
    expect(severitiesAt(NOW_MS, { change: 'changed', level: 'warning', worst: 'critical' })).toEqual(['critical']);
    expect(severitiesAt(NOW_MS, { change: 'opened', level: 'info', worst: 'critical' })).toEqual(['critical']);
  });

  it('is told a test that fires for five minutes, and ends by itself', () => {
    expect(severitiesAt(NOW_MS + 4 * 60_000, { change: 'test', level: 'info' })).toEqual(['info']);
    expect(severitiesAt(NOW_MS + 5 * 60_000, { change: 'test', level: 'info' })).toEqual([]);
  });

  it('has the same labels at the beginning and the end', () => {
    const of = (change: 'opened' | 'ended') =>
      (
        json(
          written(ALERTS, [notice({ change, code: change === 'ended' ? 'leaderless' : 'leader-down' })], NOW_MS),
        ) as {
          labels: unknown;
        }[]
      )[0]?.labels;
    expect(of('ended')).toEqual(of('opened'));
  });
});

describe('a report', () => {
  const document = {
    title: 'Report of email-cluster, 2026-01-08 to 2026-01-15',
    summary: ['2 incidents, none open; 1 page.'],
    sections: [{ title: 'Incidents', note: 'n', head: ['id', 'subject'], rows: [['7f3a19c2', HOSTILE]] }],
  };
  const told = notice({
    change: 'report',
    code: 'report',
    level: 'info',
    text: `2 incidents\n- ${HOSTILE.replaceAll(/[\r\n]+/g, ' ')}`,
    report: document,
  });

  it('is a few lines in a chat, and none of them is markup or a mention', () => {
    const { text, attachments } = json(written(CHAT, [told], NOW_MS)) as {
      text: string;
      attachments: { text: string }[];
    };
    expect(text).toBe(`[REPORT] ${document.title}`);
    expect(attachments[0]?.text.split('\n')).toHaveLength(2);
    expect(attachments[0]?.text).not.toMatch(/<script|<!channel>|@all/);
  });

  it('is all of it by mail, as text and as a page without script', () => {
    const mail = written(MAIL, [told], NOW_MS);
    if (mail.via !== 'mail') throw new Error('it is no mail');
    expect(mail.subject).toBe(`[REPORT] ${document.title}`);
    expect(mail.text).toContain('INCIDENTS');
    expect(mail.html).toContain('<table>');
    expect(mail.html).not.toContain('<script');
    expect(mail.text).not.toMatch(/^Bcc/m);
  });

  it('is all of it to a program', () => {
    expect(json(written(HOOK, [told], NOW_MS))).toMatchObject({ notices: [{ change: 'report', report: document }] });
  });
});

it('PagerDuty gets a summary that it takes', () => {
  const { payload } = json(written(PAGER, [notice({ text: 'x'.repeat(5_000) })], NOW_MS)) as {
    payload: { summary: string };
  };
  expect(payload.summary.length).toBeLessThanOrEqual(1_024);
});

it('a link opens the page, and nothing else', () => {
  const link = 'https://ekimi.example.com/#email-cluster';
  for (const channel of ALL) {
    const message = written(channel, [notice({ link })], NOW_MS);
    expect(message.via === 'http' ? message.body : message.text).toContain(link);
  }
});

const ANSWERS: NonNullable<Notice['answers']> = [
  { does: 'approve', id: 'a-1', href: 'https://e/#/c/approval/a-1/approve' },
  { does: 'reject', id: 'a-1', href: 'https://e/#/c/approval/a-1/reject' },
  { does: 'acknowledge', id: '7f3a19c2', href: 'https://e/#/c/incident/7f3a19c2/acknowledge' },
];

it.each(ALL)('$kind is told where to see it, to approve, to reject and to acknowledge', (channel) => {
  const message = written(channel, [notice({ link: 'https://e/#/c/incident/7f3a19c2', answers: ANSWERS })], NOW_MS);
  const text = message.via === 'http' ? message.body : message.text;
  for (const { href } of ANSWERS) expect(text).toContain(href);
  expect(text).toContain('https://e/#/c/incident/7f3a19c2');
});

it.each([CHAT, MAIL])('$kind says in words what each link is for, that it only asks, and what to type', (channel) => {
  const message = written(channel, [notice({ link: 'https://e/', answers: ANSWERS })], NOW_MS);
  const text = message.via === 'http' ? message.body : message.text;
  for (const words of [
    'See it in Ekimi',
    'Approve a-1',
    'Reject a-1',
    'Say that you look after it',
    'nothing is done before you confirm it',
    'To acknowledge it from a shell: ekimi acknowledge 7f3a19c2 --reason',
  ])
    expect(text).toContain(words);
});

it('PagerDuty names its links, and says where an acknowledgement counts', () => {
  const event = json(written(PAGER, [notice({ link: 'https://e/', answers: ANSWERS })], NOW_MS)) as {
    client_url: string;
    links: { text: string }[];
    payload: { custom_details: { acknowledge: string } };
  };
  expect(event.links.map(({ text }) => text)).toEqual([
    'See it in Ekimi',
    'Approve a-1',
    'Reject a-1',
    'Say that you look after it',
  ]);
  expect(event.payload.custom_details.acknowledge).toMatch(/does not reach Ekimi: ekimi acknowledge 7f3a19c2/);
  expect(json(written(PAGER, [notice({ change: 'acknowledged' })], NOW_MS))).toMatchObject({
    event_action: 'acknowledge',
    dedup_key: 'email-cluster/7f3a19c2',
  });
});

it('a mail says how to acknowledge, by an id that is safe to copy, while there is something to acknowledge', () => {
  const text = (change: Parameters<typeof notice>[0]): string => {
    const message = written(MAIL, [notice(change)], NOW_MS);
    return message.via === 'mail' ? message.text : '';
  };
  expect(text({})).toContain('ekimi acknowledge 7f3a19c2 --reason');
  for (const change of [
    { incident: 'x; rm -rf /' },
    { incident: null },
    { change: 'ended' },
    { change: 'test' },
  ] as const)
    expect(text(change)).not.toContain('ekimi acknowledge');
});

it('what is part of no incident is acknowledged by what it goes by, and never by what is not safe to copy', () => {
  const text = (change: Parameters<typeof notice>[0]): string =>
    JSON.stringify(written(CHAT, [notice({ incident: null, ...change })], NOW_MS));
  const own = { key: 'email-cluster/ekimi/email-cluster', page: 'ekimi/email-cluster' };
  expect(text(own)).toContain('ekimi acknowledge email-cluster/ekimi/email-cluster --reason');
  const hostile = 'lag/p; rm -rf $HOME';
  for (const change of [{ key: `email-cluster/${hostile}`, page: hostile }, { ...own, change: 'ended' } as const])
    expect(text(change)).not.toContain('ekimi acknowledge');
});

it('a pager is promised a link to acknowledge by only where the message has one', () => {
  const told = (change: Parameters<typeof notice>[0]): string =>
    JSON.stringify(written(PAGER, [notice(change)], NOW_MS));
  expect(told({ link: null })).toContain('ekimi acknowledge 7f3a19c2');
  expect(told({ link: null })).not.toContain('by the link');
  expect(told({ link: 'https://e', answers: ANSWERS })).toContain('or by the link');
});

it('text for Slack keeps its words', () => {
  expect(slackText('a & b < c > d')).toBe('a &amp; b &lt; c &gt; d');
});

it('a digest says how many there are of each level', () => {
  expect(digestTitle([notice(), notice({ level: 'warning' }), notice({ change: 'ended' })])).toBe(
    '3 messages at once: 1 critical, 1 warning, 1 over',
  );
});

describe('routes', () => {
  const night = { cron: '0 18 * * *', forMs: 1, timezone: 'UTC', reason: '' };
  const route = { to: ['pager'], levels: ['critical'], subjects: ['*'], clusters: ['email-*'], during: null } as const;
  const names = (routes: readonly (typeof route)[], change = {}, isOpen = true): readonly string[] =>
    routed(config({ routes }), notice(change), () => isOpen);

  it.each([
    ['none: all channels', [], {}, ['pager', 'chat']],
    ['level and cluster fit', [route], {}, ['pager']],
    ['another level', [route], { level: 'warning' }, []],
    ['another cluster', [route], { scope: 'web' }, []],
  ] as const)('%s', (_case, routes, change, expected) => {
    expect(names(routes, change)).toEqual(expected);
  });

  it('a time that is not now', () => {
    expect(routed(config({ routes: [{ ...route, during: night }] }), notice(), () => false)).toEqual([]);
    expect(routed(config({ routes: [{ ...route, during: night }] }), notice(), () => true)).toEqual(['pager']);
  });

  it.each([
    ['patroni*', 'patroni1', true],
    ['patroni*', 'xpatroni1', false],
    ['p.1', 'pa1', false],
    ['*', 'a\nb', true],
    ['(', '(', true],
  ])('%s and %s: %s', (glob, text, expected) => {
    expect(globMatches(glob, text)).toBe(expected);
  });
});

import type { Notice, NotificationsConfig, NotifyChannel } from '../../../src/model/notify.js';
import type { PageMessage } from '../../../src/model/page.js';

export const NOW_MS = Date.UTC(2026, 0, 15, 2, 0, 0);

export const message = (change: Partial<PageMessage> = {}): PageMessage => ({
  scope: 'email-cluster',
  code: 'leader-down',
  subject: 'patroni1',
  level: 'critical',
  change: 'opened',
  text: 'patroni1 is gone',
  unblock: ['ekimi approve 1f'],
  sinceMs: NOW_MS,
  atMs: NOW_MS,
  incident: '7f3a19c2',
  key: '7f3a19c2',
  isLast: false,
  toldBy: null,
  ...change,
});

export const ended = (change: Partial<PageMessage> = {}): PageMessage =>
  message({ change: 'ended', isLast: true, toldBy: 'one', text: 'over: leader-down patroni1', ...change });

export const notice = (change: Partial<Notice> = {}): Notice => {
  const { key, incident, step: _step, toldBy: _toldBy, ...rest } = message();
  return { ...rest, key: `email-cluster/${key}`, incident: incident ?? null, by: 'one', link: null, ...change };
};

export const PAGER: NotifyChannel = {
  kind: 'pagerduty',
  name: 'pager',
  url: 'http://127.0.0.1:1/v2/enqueue',
  routingKey: 'R0',
  tls: null,
};
export const CHAT: NotifyChannel = { kind: 'slack', name: 'chat', url: 'http://127.0.0.1:1/hook', tls: null };

export const config = (change: Partial<NotificationsConfig> = {}): NotificationsConfig => ({
  link: 'https://ekimi.example.com/',
  spool: { directory: '/nowhere', maxBytes: 1_000_000 },
  deadlineMs: 1_000,
  digest: { count: 10, withinMs: 60_000 },
  channels: [PAGER, CHAT],
  routes: [],
  escalation: [],
  ...change,
});

import { isLoopback } from './addresses.js';
import { repeated, type ConfigFacts } from './config-facts.js';
import type { Breach, Rule } from './rule.js';

type Check = Rule<ConfigFacts>['check'];

const named: Check = ({ config: { notifications } }) =>
  repeated(
    (notifications?.channels ?? []).map(({ kind, name }) => [`notifications.${kind}.${name}`, name] as const),
    'each name once among all channels',
    'rename one: routes and messages tell channels apart by it',
  );

/** A route to nobody is a person who is not told. */
const known: Check = ({ config: { notifications }, values }) => {
  if (notifications === undefined) return [];
  const channels = notifications.channels.map(({ name }) => name);
  const contacts = values.notifications?.contacts ?? {};
  const expected = `one of ${channels.join(', ')}`;
  const strange = (key: string, to: readonly string[]): readonly Breach[] =>
    to
      .filter((one) => !channels.includes(one))
      .map((one) => ({ key, found: one, expected, remedy: 'name a channel that is configured, or configure it' }));
  return [
    ...Object.entries(contacts).flatMap(([name, to]) => strange(`notifications.contacts.${name}`, to)),
    ...Object.keys(contacts)
      .filter((name) => channels.includes(name))
      .map((name) => ({
        key: `notifications.contacts.${name}`,
        found: `${name}, which is a channel too`,
        expected: 'a name of its own',
        remedy: 'rename the contact: a route could mean either',
      })),
    ...(['routes', 'escalation', 'reports'] as const).flatMap((part) =>
      (values.notifications?.[part] ?? []).flatMap(({ to }, index) => {
        const direct = to.filter((one) => contacts[one] === undefined);
        return strange(`notifications.${part}[${index}].to`, direct);
      }),
    ),
  ];
};

/** Steps are told in order: one that comes after a later one would wait for it. */
const inOrder: Check = ({ config: { notifications } }) =>
  (notifications?.escalation ?? []).flatMap(({ afterMs }, index, all) => {
    const before = all[index - 1];
    return before === undefined || before.afterMs <= afterMs
      ? []
      : [
          {
            key: `notifications.escalation[${index}].after`,
            found: 'a step that comes before the one above it',
            expected: 'steps in the order of their time',
            remedy: 'sort them',
          },
        ];
  });

/** A level of which no route tells anybody is told in the log alone. */
const levelsCovered: Check = ({ config: { notifications } }) => {
  if (notifications === undefined || notifications.routes.length === 0) return [];
  const always = notifications.routes.filter(
    ({ during, subjects, clusters, to }) =>
      during === null && subjects.includes('*') && clusters.includes('*') && to.length > 0,
  );
  return always.some(({ levels }) => levels.includes('critical'))
    ? []
    : [
        {
          key: 'notifications.routes',
          found: 'no route that tells somebody of everything critical at any time',
          expected: 'one with level critical, without subjects, clusters and during',
          remedy: 'add one, or what no route fits stands in the log alone',
        },
      ];
};

/** What counts by incident would wake somebody with a report, and never be told that it is over. */
const reportsRead: Check = ({ config: { notifications } }) =>
  (notifications?.reports ?? []).flatMap(({ to }, index) =>
    (notifications?.channels ?? [])
      .filter(({ kind, name }) => to.includes(name) && (kind === 'pagerduty' || kind === 'alertmanager'))
      .map(({ kind, name }) => ({
        key: `notifications.reports[${index}].to`,
        found: `${name}, of kind ${kind}, which calls somebody for each message`,
        expected: 'channels of kind slack, webhook or email',
        remedy: 'name a chat, a mail or a webhook',
      })),
  );

const isHttps = (url: string): boolean => URL.canParse(url) && new URL(url).protocol === 'https:';

const slackUrls: Check = ({ config: { notifications } }) =>
  (notifications?.channels ?? [])
    .filter((channel) => channel.kind === 'slack')
    .filter(({ url }) => url !== '' && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)))
    .map(({ name }) => ({
      key: `notifications.slack.${name}`,
      found: 'a secret, not shown, that is no http or https URL',
      expected: 'the URL of the incoming webhook',
      remedy: 'copy it anew from the page of the webhook',
    }));

/** What is a secret, or a login, must not travel in clear to another host. */
const inClear: Check = ({ config: { notifications } }) =>
  (notifications?.channels ?? []).flatMap((channel): Breach[] => {
    const key = `notifications.${channel.kind}.${channel.name}`;
    const remedy = 'use https or TLS, or make sure that the network is trusted';
    const breach = (found: string): Breach[] => [{ key, found, expected: 'an encrypted connection', remedy }];
    if (channel.kind === 'email')
      return channel.security === 'none' && channel.auth !== null && !isLoopback(channel.host)
        ? breach('a password that is sent in clear')
        : [];
    const { url } = channel;
    if (!URL.canParse(url) || isHttps(url) || isLoopback(new URL(url).hostname)) return [];
    const isSecret =
      channel.kind === 'pagerduty' ||
      channel.kind === 'slack' ||
      (channel.kind === 'alertmanager' && channel.auth !== null);
    return isSecret ? breach('a secret that is sent in clear') : [];
  });

/** Whoever can answer in its place decides what is done. */
const vetoInClear: Check = ({ config: { notifications } }) => {
  const url = notifications?.veto?.hook.url;
  if (url === undefined || !URL.canParse(url) || isHttps(url) || isLoopback(new URL(url).hostname)) return [];
  return [
    {
      key: 'notifications.veto.url',
      found: 'an answer that comes in clear',
      expected: 'an encrypted connection',
      remedy: 'use https: whoever sits between may say go or no',
    },
  ];
};

export const NOTIFICATION_RULES: readonly Rule<ConfigFacts>[] = [
  { id: 'notify-name-unique', severity: 'error', keys: ['notifications'], check: named },
  {
    id: 'notify-route-known',
    severity: 'error',
    keys: ['notifications.routes', 'notifications.contacts'],
    check: known,
  },
  { id: 'notify-escalation-order', severity: 'error', keys: ['notifications.escalation'], check: inOrder },
  { id: 'notify-report-kind', severity: 'error', keys: ['notifications.reports'], check: reportsRead },
  { id: 'notify-slack-url', severity: 'error', keys: ['notifications.slack'], check: slackUrls },
  { id: 'notify-critical-routed', severity: 'warning', keys: ['notifications.routes'], check: levelsCovered },
  { id: 'notify-veto-in-clear', severity: 'warning', keys: ['notifications.veto'], check: vetoInClear },
  { id: 'notify-in-clear', severity: 'warning', keys: ['notifications'], check: inClear },
];

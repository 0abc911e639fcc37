import type { AnswerLink, Notice, NotifyChannel, NotifyKind, Outgoing } from '../model/notify.js';
import type { ReportDocument } from '../model/report-document.js';
import { counted } from '../words/amounts.js';
import { clean } from '../words/clean.js';
import { dayText } from '../words/moments.js';
import { WAYS_OUT } from '../words/page.js';
import { reportHtml, reportText } from '../words/report-forms.js';

/** How a message is written for each kind of channel. What comes from a cluster is text everywhere, never markup, a mention or a header. */

type Format<K extends NotifyKind> = (
  notices: readonly Notice[],
  channel: Extract<NotifyChannel, { kind: K }>,
  nowMs: number,
) => Outgoing;

/** Longest that any of them takes in one piece; PagerDuty's summary is the shortest. */
const LONGEST_SUMMARY = 1_000;
const LONGEST_TEXT = 8_000;

const cut = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);
const line = (text: string): string => clean(text).trim();

const WORDS = {
  opened: '',
  changed: 'changed: ',
  reminder: 'still unanswered: ',
  escalated: 'nobody has reacted: ',
  acknowledged: 'acknowledged: ',
  ended: 'over: ',
  test: 'test: ',
  report: '',
} as const satisfies Readonly<Record<Notice['change'], string>>;

/** `email-cluster: leader-down patroni1`. */
const titleOf = ({ scope, change, code, subject, report }: Notice): string =>
  change === 'test'
    ? `Ekimi: a test of this channel`
    : change === 'report'
      ? line(report?.title ?? `No report of ${scope}`)
      : line(`${WORDS[change]}${scope}: ${code}${subject === scope ? '' : ` ${subject}`}`);

/** A level as it stands before a title; what is over has none. */
const levelOf = ({ change, level }: Notice): string =>
  change === 'ended' || change === 'test' ? 'OK' : change === 'report' ? 'REPORT' : level.toUpperCase();

/** What a person may copy into a shell is nothing that a cluster has named. */
const PLAIN_ID = /^[\w./-]+$/;
const STANDS: readonly Notice['change'][] = ['opened', 'changed', 'reminder', 'escalated'];

/** null: there is nothing to take on, or no id that is safe to copy. */
function acknowledgeCommand({ incident, page, key, change }: Notice): string | null {
  const id = incident ?? (page === undefined ? null : key);
  return id !== null && PLAIN_ID.test(id) && STANDS.includes(change) ? `ekimi acknowledge ${id} --reason "..."` : null;
}

interface Way {
  readonly text: string;
  readonly href: string;
}

const WHERE: Readonly<Record<AnswerLink['does'], string>> = {
  approve: 'Approve',
  reject: 'Reject',
  acknowledge: 'Say that you look after it',
};

/** Where to see it, then where to answer it: of several questions each by its id. */
const waysIn = ({ change, link, answers = [] }: Notice): readonly Way[] => [
  ...(link === null ? [] : [{ text: change === 'report' ? 'See more in Ekimi' : 'See it in Ekimi', href: link }]),
  ...answers.map(({ does, id, href }) => ({
    text: line(does === 'acknowledge' ? WHERE[does] : `${WHERE[does]} ${id}`),
    href,
  })),
];

/** So that nobody fears to open one, and nobody believes that opening was enough. */
const asksFirst = ({ answers = [] }: Notice): readonly string[] =>
  answers.length === 0
    ? []
    : ['A link opens the page, which asks first: nothing is done before you confirm it there with a token.'];

/** Of one of many so much. */
const LONGEST_OF_MANY = 300;

/** What is seen and since when on one line, each way out on a line of its own: at night nobody looks for the third clause. */
function saidLines(notice: Notice, isOne: boolean): readonly string[] {
  const all = linesIn(notice);
  // The last: what a cluster has named may read so too.
  const end = all.lastIndexOf(WAYS_OUT);
  if (!isOne || end < 0 || notice.unblock.length === 0)
    return cut(all, isOne ? LONGEST_TEXT : LONGEST_OF_MANY).split('\n');
  return [
    cut(all.slice(0, end), LONGEST_TEXT),
    'What you can do:',
    ...notice.unblock.map((way) => `- ${cut(line(way), LONGEST_SUMMARY)}`),
  ];
}

const bodyLines = (notice: Notice, isOne: boolean): readonly string[] => {
  const command = acknowledgeCommand(notice);
  return [
    ...saidLines(notice, isOne),
    ...waysIn(notice).map(({ text, href }) => `${text}: ${href}`),
    ...asksFirst(notice),
    ...(command === null ? [] : [`To acknowledge it from a shell: ${command}`]),
  ];
};

/** Of many at once: how many there are of each level, the worst first. */
export function digestTitle(notices: readonly Notice[]): string {
  const counts = (['critical', 'warning', 'info'] as const).flatMap((level) => {
    const count = notices.filter((one) => one.level === level && one.change !== 'ended').length;
    return count === 0 ? [] : [`${count} ${level}`];
  });
  const over = notices.filter(({ change }) => change === 'ended').length;
  return `${counted(notices.length, 'message')} at once: ${[...counts, ...(over === 0 ? [] : [`${over} over`])].join(', ')}`;
}

/** What a cluster named stays within its line; the lines of a report are ours. */
const linesIn = ({ change, text }: Notice): string =>
  change === 'report' ? text.split('\n').map(line).join('\n') : line(text);

const only = (notices: readonly Notice[]): Notice => {
  const [first] = notices;
  if (first === undefined) throw new Error('there is nothing to tell');
  return first;
};

const http = (body: unknown): Outgoing => ({ via: 'http', body: JSON.stringify(body) });

/** What is acknowledged there Ekimi does not hear of, and goes on to remind and to escalate. */
const ACKNOWLEDGED_WHERE =
  'Acknowledge it in Ekimi, which then calls nobody else and acknowledges it here; an acknowledgement here alone does not reach Ekimi';

/** A link is promised only where the message has it. */
const orByLink = ({ answers = [] }: Notice): string =>
  answers.some(({ does }) => does === 'acknowledge') ? ', or by the link' : '';

/** One incident there is one key here. */
const pagerduty: Format<'pagerduty'> = (notices, { routingKey }) => {
  const notice = only(notices);
  const about = { routing_key: routingKey, dedup_key: cut(notice.key, 255) };
  if (notice.change === 'ended') return http({ ...about, event_action: 'resolve' });
  if (notice.change === 'acknowledged') return http({ ...about, event_action: 'acknowledge' });
  const { level, scope, subject, code, incident, sinceMs, unblock, link } = notice;
  const command = acknowledgeCommand(notice);
  return http({
    ...about,
    event_action: 'trigger',
    payload: {
      summary: cut(`${titleOf(notice)}: ${line(notice.text)}`, LONGEST_SUMMARY),
      source: line(scope),
      severity: level,
      timestamp: new Date(sinceMs).toISOString(),
      component: line(subject),
      class: code,
      custom_details: {
        text: cut(line(notice.text), LONGEST_TEXT),
        incident,
        ways_out: unblock.map(line),
        ...(command === null ? {} : { acknowledge: `${ACKNOWLEDGED_WHERE}: ${command}${orByLink(notice)}` }),
      },
    },
    client: 'Ekimi',
    ...(link === null ? {} : { client_url: link, links: waysIn(notice) }),
  });
};

const COLOURS = { critical: '#c62828', warning: '#ef6c00', info: '#1565c0' } as const;
const OVER = '#2e7d32';

/** Neither Slack's markup nor a mention, which Mattermost sees without any. */
export const slackText = (text: string): string =>
  line(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('@', '@\u200b');

/** Where to go, on one line, and what to type. */
const slackWays = (notice: Notice): readonly string[] => {
  const ways = waysIn(notice).map(({ text, href }) => `<${href}|${slackText(text)}>`);
  const command = acknowledgeCommand(notice);
  return [
    ...(ways.length === 0 ? [] : [ways.join(' · ')]),
    ...asksFirst(notice),
    ...(command === null ? [] : [`To acknowledge it from a shell: ${command}`]),
  ];
};

const slack: Format<'slack'> = (notices) => {
  const isOne = notices.length === 1;
  const title = isOne ? `[${levelOf(only(notices))}] ${titleOf(only(notices))}` : digestTitle(notices);
  return http({
    text: slackText(title),
    attachments: notices.map((notice) => ({
      color: levelOf(notice) === 'OK' ? OVER : COLOURS[notice.level],
      fallback: slackText(titleOf(notice)),
      text: [
        ...(isOne ? [] : [`[${levelOf(notice)}] ${slackText(titleOf(notice))}`]),
        ...saidLines(notice, isOne).map(slackText),
        ...slackWays(notice),
      ].join('\n'),
      mrkdwn_in: [],
    })),
  });
};

/** All of it, for a program. `notices` has one as a rule, more in a storm. */
const webhook: Format<'webhook'> = (notices, _channel, nowMs) =>
  http({
    version: 1,
    sentAt: new Date(nowMs).toISOString(),
    notices: notices.map((notice) => ({
      ...notice,
      title: titleOf(notice),
      text: cut(notice.text, LONGEST_TEXT),
    })),
  });

/** So that it gets as far as a person: what has ended when it arrives is told to nobody. */
export const TEST_FIRES_FOR_MS = 5 * 60_000;
/** Told anew before that, by a reminder; if nobody does any more, it ends there too. */
const FIRES_FOR_MS = 24 * 60 * 60_000;

/** What its labels say is one alert there: a level that changed is another one, and the former has to end. */
const alertmanager: Format<'alertmanager'> = (notices, _channel, nowMs) => {
  const notice = only(notices);
  const firesForMs = notice.change === 'test' ? TEST_FIRES_FOR_MS : FIRES_FOR_MS;
  // A milder part must not end what is worse and still stands under the same key.
  const level = notice.worst ?? notice.level;
  const alert = (severity: Notice['level'], isFiring: boolean) => ({
    labels: { alertname: 'EkimiIncident', cluster: line(notice.scope), incident: notice.key, severity },
    annotations: {
      summary: titleOf(notice),
      description: cut(line(notice.text), LONGEST_TEXT),
      problem: notice.code,
      subject: line(notice.subject),
      ...Object.fromEntries((notice.answers ?? []).map(({ does, href }) => [does, href])),
    },
    startsAt: new Date(Math.min(notice.sinceMs, nowMs)).toISOString(),
    endsAt: new Date(isFiring ? nowMs + firesForMs : nowMs).toISOString(),
    ...(notice.link === null ? {} : { generatorURL: notice.link }),
  });
  const others = (['critical', 'warning', 'info'] as const).filter((other) => other !== level);
  const isOver = notice.change === 'ended';
  const isOther = notice.change === 'changed' || isOver;
  return http([alert(level, !isOver), ...(isOther ? others.map((other) => alert(other, false)) : [])]);
};

const htmlText = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** The whole of it, with its tables. */
const reportMail = ({ key, link, report: document }: Notice & { readonly report: ReportDocument }): Outgoing => ({
  via: 'mail',
  subject: cut(`[REPORT] ${line(document.title)}`, 200),
  text: `${[reportText(document), ...(link === null ? [] : ['', `see it: ${link}`])].join('\n')}\n`,
  html: reportHtml(document),
  thread: key,
});

const email: Format<'email'> = (notices) => {
  const isOne = notices.length === 1;
  const first = only(notices);
  if (isOne && first.report !== undefined) return reportMail({ ...first, report: first.report });
  const title = isOne ? `[${levelOf(first)}] ${titleOf(first)}` : digestTitle(notices);
  const blocks = notices.map((notice) => [
    ...(isOne ? [] : [`[${levelOf(notice)}] ${titleOf(notice)}, ${dayText(notice.atMs)}`]),
    ...bodyLines(notice, isOne),
  ]);
  const text = `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
  return {
    via: 'mail',
    subject: cut(title, 200),
    text,
    html: `<pre style="white-space:pre-wrap;font:14px monospace">${htmlText(text)}</pre>`,
    thread: isOne ? first.key : `digest ${first.atMs}`,
  };
};

const FORMATS: { readonly [K in NotifyKind]: Format<K> } = { pagerduty, slack, webhook, alertmanager, email };

/** The notices as one message for that channel; more than one only where the kind takes them together. */
export const written = (channel: NotifyChannel, notices: readonly Notice[], nowMs: number): Outgoing =>
  (FORMATS[channel.kind] as Format<NotifyKind>)(notices, channel, nowMs);

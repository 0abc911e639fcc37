import { hostPort, name, webUrl } from './addresses.js';
import { cron, timezone } from './cron.js';
import { duration, flag, listOf, mapOf, nullable, oneOf, size, text, whole } from './formats.js';
import { path, variable } from './files-and-variables.js';
import { MAIL_SECURITIES } from '../model/notify.js';
import { key, list, named, optional, REQUIRED, section } from './schema.js';

/** Whom the daemon tells what a person is needed for, and how. */

const HOOK = webUrl({ path: true, example: 'https://hooks.example.com/ekimi' });

const tls = optional('TLS towards it, where the system certificates are not enough.', {
  ca: key(nullable(path), null, 'Certificates to trust instead of the system ones.'),
  cert: key(nullable(path), null, 'Our certificate, where the other end asks for one. Needs `key`.'),
  key: key(nullable(path), null, 'Private key of `cert`.'),
  insecure: key(flag, false, 'Accept any certificate. For a lab only.'),
});

const auth = optional('User name and password.', {
  username: key(text(), REQUIRED, 'User name.'),
  passwordEnv: key(nullable(variable), null, 'Environment variable that holds the password.'),
  passwordFile: key(nullable(path), null, 'File that holds the password.'),
});

/** Neither a line end nor a comma: what stands here becomes a header of a mail. */
const mailbox = text(/^[^\s,<>@"]+@[A-Za-z0-9.-]+$/u, 'a mail address, such as dba-oncall@example.com');

const LEVELS = ['info', 'warning', 'critical'] as const;

const during = optional('Only in this time; absent: always.', {
  cron: key(cron, REQUIRED, 'When it opens: five fields. Day of month and day of week must both match.'),
  for: key(duration({ minMs: 60_000, maxMs: 60 * 86_400_000 }), REQUIRED, 'How long it stays open.'),
  timezone: key(timezone, 'UTC', 'IANA time zone of the cron expression.'),
});

export const NOTIFICATIONS = optional(
  'Whom we tell what a person is needed for. Without it what is told stands in the log alone. Every channel has a name of your choice, once among all kinds.',
  {
    link: key(
      nullable(webUrl({ path: true, example: 'https://ekimi.example.com' })),
      null,
      'Where persons open the dashboard. Messages lead there to their incident, and to approve, reject or acknowledge it: the page asks, with a token, and no link changes anything.',
    ),
    pagerduty: named('PagerDuty, Events API v2: triggered and resolved under one key an incident.', name, {
      routingKeyEnv: key(nullable(variable), null, 'Environment variable that holds the integration key.'),
      routingKeyFile: key(nullable(path), null, 'File that holds it.'),
      url: key(HOOK, 'https://events.pagerduty.com/v2/enqueue', 'Of the events API.'),
      tls,
    }),
    slack: named('Slack, or what takes its incoming webhooks (Mattermost, Rocket.Chat).', name, {
      urlEnv: key(nullable(variable), null, "Environment variable that holds the webhook's URL, which is a secret."),
      urlFile: key(nullable(path), null, 'File that holds it.'),
      tls,
    }),
    webhook: named(
      'A POST of JSON to a program of yours. With a secret each carries `X-Ekimi-Timestamp` and `X-Ekimi-Signature: v1=` with the HMAC-SHA256 of TIMESTAMP.BODY.',
      name,
      {
        url: key(HOOK, REQUIRED, 'Where to.'),
        secretEnv: key(nullable(variable), null, 'Environment variable that holds the secret of the signature.'),
        secretFile: key(nullable(path), null, 'File that holds it.'),
        tls,
      },
    ),
    alertmanager: named('Alertmanager, API v2: one alert an incident.', name, {
      url: key(webUrl({ path: true, example: 'http://127.0.0.1:9093' }), REQUIRED, 'Its address, without /api/v2.'),
      auth,
      tls,
    }),
    email: named('Mail by SMTP.', name, {
      server: key(hostPort({ listen: false }), REQUIRED, 'HOST:PORT of the mail server.'),
      security: key(
        oneOf(MAIL_SECURITIES),
        'starttls',
        'starttls: not without it. tls: from the first byte. none: in clear, for a server on this host.',
      ),
      auth,
      from: key(mailbox, REQUIRED, 'Sender.'),
      to: key(listOf(mailbox), REQUIRED, 'Recipients.'),
      tls,
    }),
    contacts: key(
      mapOf(name, listOf(name)),
      {},
      'Roles to channels, such as `dba-on-call: [pager, mail]`: a route may name either.',
    ),
    routes: list(
      'Who is told of what. Every route that fits counts. Without any all channels are told everything.',
      0,
      {
        to: key(listOf(name), REQUIRED, 'Channels and contacts.'),
        levels: key(listOf(oneOf(LEVELS)), [...LEVELS], 'Of the problem.'),
        subjects: key(listOf(text()), ['*'], 'Members, endpoints, proxies or clusters; `*` stands for any characters.'),
        clusters: key(listOf(text()), ['*'], 'Scopes, likewise.'),
        during,
      },
    ),
    reports: list(
      'Reports of the time before, as `ekimi report` writes them: short to chat, whole by mail and webhook. Of each cluster by whoever holds its tenure.',
      0,
      {
        cron: key(cron, REQUIRED, 'When: five fields. Day of month and day of week must both match.'),
        timezone: key(timezone, 'UTC', 'IANA time zone of the cron expression.'),
        covers: key(
          duration({ minMs: 3_600_000, maxMs: 100 * 86_400_000 }),
          '7d',
          'How much time before that moment it tells of.',
        ),
        to: key(listOf(name), REQUIRED, 'Channels and contacts; of kind slack, webhook or email.'),
        clusters: key(listOf(text()), ['*'], 'Scopes; `*` stands for any characters.'),
      },
    ),
    escalation: list(
      'Who is told too where nobody acknowledged for so long, in order. Counted by whoever holds tenure, in the ledger: a takeover tells nobody twice.',
      0,
      {
        after: key(
          duration({ minMs: 10_000, maxMs: 86_400_000 }),
          REQUIRED,
          'Since the first message, or since it became another thing.',
        ),
        to: key(listOf(name), REQUIRED, 'Channels and contacts.'),
        levels: key(listOf(oneOf(LEVELS)), ['critical'], 'Of the problem.'),
      },
    ),
    veto: optional(
      'A program of yours that is asked before what answers a problem begins, and may say no. Signed as a webhook is. What its silence means, and whether it is asked about what ends an outage, is `veto` of the policy.',
      {
        url: key(HOOK, REQUIRED, 'Where to.'),
        secretEnv: key(nullable(variable), null, 'Environment variable that holds the secret of the signature.'),
        secretFile: key(nullable(path), null, 'File that holds it.'),
        deadline: key(
          duration({ minMs: 200, maxMs: 60_000 }),
          '5s',
          'How long its answer is waited for. Passes go on meanwhile.',
        ),
        tls,
      },
    ),
    digest: section('A storm comes as one message. For chat and mail; what counts by incident gets each.', {
      count: key(whole(1, 1_000), 10, 'From so many messages to a channel on, what follows waits and comes together.'),
      within: key(duration({ minMs: 1_000, maxMs: 3_600_000 }), '1m', 'Within this time.'),
    }),
    deadline: key(duration({ minMs: 500, maxMs: 60_000 }), '10s', 'How long one try to send may take.'),
    spool: section('What could not be sent yet, kept over a restart.', {
      directory: key(
        path,
        './var/notifications',
        'Folder, of this daemon alone, that it can write. In the image: /var/lib/ekimi/notifications.',
      ),
      maxSize: key(
        size({ minBytes: 64 * 1024 }),
        '4MB',
        'What would go beyond is not kept, and told; the ends of what was told have as much room again.',
      ),
    }),
  },
);

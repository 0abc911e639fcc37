import { LAST_DAYS } from './certificates.js';
import { fixed, type ProblemRow } from './problem-row.js';

/** What we rest on ourselves: TLS, and the ways to persons. */
export const CERTIFICATE_ROWS: readonly ProblemRow[] = [
  {
    code: 'certificate-ends',
    level: 'critical',
    rank: 60.7,
    seenBy: 'our own PEM files (tls.ca, tls.cert), and what the peers present that we open TLS to',
    grace: fixed(5_000, 2, 0),
    milder: {
      when: ({ days }) => typeof days === 'number' && days >= LAST_DAYS,
      level: 'warning',
      grace: fixed(5_000, 2, 0),
    },
    ladder: [],
    page: 'at-once',
    meaning:
      'A certificate ends within 21 days; critical within three. When it has ended, the connections that rest on it fail, all at once.',
    advice:
      'Renew the certificate that is named and reload its server; a file of our own is read anew by itself. Look at who else uses the same one.',
  },
  {
    code: 'certificate-unusable',
    level: 'warning',
    rank: 60.6,
    seenBy: 'our own PEM files (tls.ca, tls.cert, tls.key), read every 30 s',
    // A renewal writes certificate and key one after the other: a second reading decides.
    grace: fixed(45_000, 2, 0),
    ladder: [],
    page: 'at-once',
    meaning:
      'Our PEM files have changed and cannot be used. What was read before stays in use; after a restart there would be nothing to use.',
    advice:
      'Write the right files: certificate and key that belong together, readable for Ekimi. They are read anew by themselves.',
  },
  {
    code: 'notify-failed',
    level: 'warning',
    rank: 60.65,
    seenBy: 'ourselves: a channel of `notifications` takes no message, or what waits for one cannot be kept',
    grace: fixed(60_000, 2, 0),
    ladder: [],
    page: 'at-once',
    meaning:
      'Persons are not told by this channel. What could not be sent waits for a day and is sent once it takes messages again; the other channels go on.',
    advice:
      'Look at what it answers, and try it: ekimi notify test CHANNEL. Of the spool: give it room, or make its folder writable.',
  },
];

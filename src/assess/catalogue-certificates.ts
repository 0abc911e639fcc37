import { LAST_DAYS } from './certificates.js';
import { fixed, type ProblemRow } from './problem-row.js';

/** What TLS rests on. */
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
      'Renew the certificate that is named. Reload its server, or restart Ekimi for a file of our own. Look at who else uses the same one.',
  },
];

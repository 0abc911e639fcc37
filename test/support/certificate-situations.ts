import type { CertificateEnd } from '../../src/model/certificate.js';
import type { FailingChannel } from '../../src/model/notify-health.js';
import type { ProblemCode } from '../../src/model/problem.js';
import type { SituationRow } from './leader-situations.js';
import { NOW_MS, SCOPE, type Change } from './view.js';

const DAY_MS = 86_400_000;
const certificates =
  (agoMs: number, ...rows: readonly Partial<CertificateEnd>[]): Change =>
  (view) => ({
    ...view,
    certificates: {
      kind: 'stale',
      atMs: NOW_MS - agoMs,
      ageMs: agoMs,
      source: 'certificates',
      value: rows.map((row) => ({ subject: SCOPE, where: 'dcs.tls.ca (/etc/ca.pem)', endsAtMs: null, ...row })),
    },
  });
const pemFiles =
  (ageMs: number, fault: string | null): Change =>
  (view) => ({
    ...view,
    pemFiles: {
      kind: 'stale',
      atMs: NOW_MS - ageMs,
      ageMs,
      source: 'PEM files',
      value: [{ where: 'dcs.tls', renewedAtMs: NOW_MS - 60_000, fault }],
    },
  });
const failing =
  (...value: readonly FailingChannel[]): Change =>
  (view) => ({
    ...view,
    notifications: { kind: 'fresh', atMs: NOW_MS, source: 'our channels to persons', value },
  });
const inDays = (days: number) => ({ endsAtMs: NOW_MS + days * DAY_MS });

export const CERTIFICATE_SITUATIONS = {
  'certificate-ends': {
    subject: SCOPE,
    seen: [
      { name: '[P25] in twenty days', view: [certificates(0, inDays(20))] },
      { name: '[P25] in two days, read an hour ago', view: [certificates(3_600_000, inDays(2))] },
      { name: '[P25] it has ended', view: [certificates(0, inDays(-1))] },
      { name: '[P25] one of two, while the other one cannot be read', view: [certificates(0, {}, inDays(5))] },
    ],
    friends: [
      { name: 'in a year', view: [certificates(0, inDays(365))] },
      { name: 'in twenty-two days', view: [certificates(0, inDays(22))] },
      { name: 'it cannot be read', view: [certificates(0, { why: 'no answer in time' })] },
      { name: 'there is no TLS' },
    ],
  },
  'certificate-unusable': {
    subject: SCOPE,
    seen: [
      { name: 'key of another certificate', view: [pemFiles(0, 'key values mismatch')] },
      { name: 'not there any more, read half a minute ago', view: [pemFiles(30_000, 'ENOENT')] },
    ],
    friends: [{ name: 'renewed', view: [pemFiles(0, null)] }, { name: 'there is no TLS' }],
  },
  'notify-failed': {
    subject: 'notify:pager',
    seen: [
      {
        name: 'status 503 for a minute',
        view: [failing({ name: 'pager', sinceMs: NOW_MS - 60_000, why: 'status 503' })],
      },
    ],
    friends: [{ name: 'all channels take messages', view: [failing()] }, { name: 'no channel is configured' }],
  },
} satisfies Partial<Record<ProblemCode, SituationRow>>;

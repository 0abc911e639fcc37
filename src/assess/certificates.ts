import { minuteText } from '../words/moments.js';
import type { CertificateEnd } from '../model/certificate.js';
import type { Finding } from '../model/problem.js';
import { lastValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { cannotTell, says, seen, type Assess } from './finding.js';

const DAY_MS = 86_400_000;
const SOON_DAYS = 21;
/** From then on it is an emergency. */
export const LAST_DAYS = 3;

/** Certificates near their end. An end is a date: how old the reading is does not matter, and one that cannot be read is not gone. */
export const assessCertificates: Assess = ({ view }): readonly Finding[] => [...unusable(view), ...endings(view)];

/** Files of ours, so nobody's silence hides them: the last reading holds until the next. */
function unusable({ scope, pemFiles, atMs }: ClusterView): readonly Finding[] {
  const faults = ((pemFiles === undefined ? null : lastValue(pemFiles)) ?? []).filter(({ fault }) => fault !== null);
  if (faults.length === 0) return [];
  const told = faults.map(({ where, fault }) =>
    says('self', `${where}: ${fault ?? ''}; the former ones stay in use`, atMs),
  );
  return [seen('certificate-unusable', scope, told)];
}

function endings(view: ClusterView): readonly Finding[] {
  if (view.certificates === undefined) return [];
  const rows = lastValue(view.certificates) ?? [];
  return [...new Set(rows.map(({ subject }) => subject))].flatMap((subject) =>
    ofSubject(
      rows.filter((row) => row.subject === subject),
      subject,
      view.atMs,
    ),
  );
}

function ofSubject(rows: readonly CertificateEnd[], subject: string, nowMs: number): readonly Finding[] {
  const told = rows.flatMap(({ where, endsAtMs }) => (endsAtMs === null ? [] : [{ where, endsAtMs }]));
  const soon = told.filter(({ endsAtMs }) => endsAtMs - nowMs <= SOON_DAYS * DAY_MS);
  if (soon.length === 0) {
    const unread = rows.find(({ endsAtMs }) => endsAtMs === null);
    if (unread === undefined) return [];
    const why = `the certificate of ${unread.where} was not read: ${unread.why ?? 'no reason'}`;
    return [cannotTell('certificate-ends', subject, why, nowMs)];
  }
  const evidence = soon.map(({ where, endsAtMs }) => says('self', textOf(where, endsAtMs, nowMs), nowMs));
  const days = Math.floor((Math.min(...soon.map(({ endsAtMs }) => endsAtMs)) - nowMs) / DAY_MS);
  return [seen('certificate-ends', subject, evidence, { days })];
}

function textOf(where: string, endsAtMs: number, nowMs: number): string {
  const date = minuteText(endsAtMs);
  if (endsAtMs <= nowMs) return `the certificate of ${where} ended at ${date}`;
  const days = Math.floor((endsAtMs - nowMs) / DAY_MS);
  return `the certificate of ${where} ends at ${date}, in ${days} ${days === 1 ? 'day' : 'days'}`;
}

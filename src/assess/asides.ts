import { asideSinceMs, type AsideDirectory } from '../model/aside.js';
import { ASIDE_DEFAULTS } from '../model/policy.js';
import type { Finding } from '../model/problem.js';
import { lastValue } from '../model/reading.js';
import { spanText } from '../words/amounts.js';
import { cannotTell, says, seen, type Assess, type Assessment } from './finding.js';
import { binaryText, diskOf } from './room.js';

/** Old data directories of members and of etcd members that lie aside for longer, or take more of their volume, than the policy has them kept. */
export const assessAsides: Assess = (input) =>
  [input.view.asides, input.view.storeAsides].flatMap((readings = {}) =>
    Object.entries(readings).flatMap(([name, reading]) => ofMember(input, name, lastValue(reading) ?? [])),
  );

function ofMember({ view, policy }: Assessment, member: string, listed: readonly AsideDirectory[]): readonly Finding[] {
  const { keepForMs, maxSharePercent } = policy.aside ?? ASIDE_DEFAULTS;
  const old = listed.filter(({ name }) => view.atMs - (asideSinceMs(name) ?? view.atMs) > keepForMs);
  const row = view.members.find(({ name }) => name === member);
  const totalBytes = row === undefined ? null : (diskOf(row)?.data.totalBytes ?? null);
  const bytes = listed.reduce((sum, one) => sum + (one.bytes ?? 0), 0);
  const percent = totalBytes === null || totalBytes === 0 ? null : Math.round((100 * bytes) / totalBytes);
  const isLarge = percent !== null && percent > maxSharePercent;
  const uncounted = listed.filter((one) => one.bytes === null);
  if (old.length === 0 && !isLarge) {
    const why = `${member}: ${uncounted.map((one) => asideText(one, view.atMs)).join(', ')}: what share of the volume that is cannot be told`;
    return uncounted.length === 0 ? [] : [cannotTell('aside-overdue', member, why, view.atMs)];
  }
  const evidence = listed.map((one) => says('host', `${member}: ${asideText(one, view.atMs)}`, view.atMs));
  if (old.length > 0)
    evidence.push(says('self', `kept for longer than aside.keepFor, ${spanText(keepForMs)}`, view.atMs));
  if (isLarge)
    evidence.push(
      says(
        'self',
        `${uncounted.length === 0 ? '' : 'at least '}${percent} % of the volume, more than aside.maxShareOfDisk, ${maxSharePercent} %`,
        view.atMs,
      ),
    );
  return [
    seen('aside-overdue', member, evidence, {
      directories: listed.length,
      // What was not counted is not nothing.
      bytes: uncounted.length === 0 ? bytes : null,
      percent: uncounted.length === 0 ? percent : null,
    }),
  ];
}

/** One that lies aside, for people: where, how large, since when. */
export function asideText({ name, path, bytes }: AsideDirectory, nowMs: number): string {
  const sinceMs = asideSinceMs(name);
  const size = bytes === null ? 'size not counted' : binaryText(bytes);
  return `${path} (${size}${sinceMs === null ? '' : `, for ${spanText(Math.max(0, nowMs - sinceMs))}`})`;
}

import { expect } from 'vitest';
import type { Problem } from '../../../src/model/problem.js';
import type { Body, Daemon } from './daemon.js';
import { passSeconds, until } from './wait.js';

export type Page = Body<'page'> & { readonly atMs: number };

/** Every problem as one line, for the message of a test that fails. */
const lines = (problems: readonly Problem[]): string =>
  problems.map((row) => `${row.code} ${row.subject} ${row.level} ${row.phase}`).join('; ');

const problemsOf = async (daemon: Daemon): Promise<readonly Problem[]> =>
  (await daemon.snapshot()).states?.problems ?? [];

/** Until a problem of one of these codes, of this subject, is past its grace. */
export async function named(
  daemon: Daemon,
  codes: readonly string[],
  subject: string,
  withinMs: number,
): Promise<Problem> {
  let last: readonly Problem[] = [];
  return until(
    `${codes.join(' or ')} of ${subject} is active`,
    withinMs,
    async () => {
      last = await problemsOf(daemon);
      return last.find((row) => codes.includes(row.code) && row.subject === subject && row.phase === 'active');
    },
    () => lines(last),
  );
}

export const pages = async (daemon: Daemon): Promise<readonly Page[]> =>
  (await daemon.entries('page')).map(({ atMs, body }) => ({ ...body, atMs }));

/** Until a person is paged for one of these. */
export async function paged(
  daemon: Daemon,
  codes: readonly string[],
  subject: string,
  withinMs: number,
): Promise<Page> {
  let last: readonly Page[] = [];
  return until(
    `a page for ${codes.join(' or ')} of ${subject}`,
    withinMs,
    async () => {
      last = await pages(daemon);
      return last.find((row) => codes.includes(row.code) && row.subject === subject);
    },
    () => last.map(({ code, subject: of }) => `${code} ${of}`).join('; '),
  );
}

/** Until nothing of this code is among the problems. */
export const over = (daemon: Daemon, code: string, withinMs: number): Promise<boolean> =>
  until(`no ${code} any more`, withinMs, async () => {
    const { states } = await daemon.snapshot();
    return states !== null && !states.problems.map((row): string => row.code).includes(code);
  });

/** For so many seconds it is among the problems at every look: what is read slowly is no reason to forget. */
export async function staysNamed(daemon: Daemon, code: string, subject: string, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    const found = await problemsOf(daemon);
    expect(
      found.filter((row) => row.code === code && row.subject === subject && row.phase === 'active'),
      `after ${second} s: ${lines(found)}`,
    ).toHaveLength(1);
    await passSeconds(1);
  }
}

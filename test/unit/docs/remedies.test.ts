import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { API_ERRORS } from '../../../src/api/errors.js';
import { CONFLICTS } from '../../../src/model/conflict.js';
import { COMMAND_CODES, FILE_CODES, JOURNAL_CODES, LOG_CODES } from '../../../src/docs/codes.js';
import { CONFLICT_REMEDY } from '../../../src/words/conflict.js';
import { REMEDY, remedyFor, type AskedPart } from '../../../src/words/doctor-remedy.js';

/** What a person can be told to do. A remedy that begins with none of these is a statement, and leaves them with it. */
const VERBS = new Set(
  `add allow ask begin change check close compare configure copy correct create do end export finish free give keep leave let list listen
   look lower make mend mount move name open patronictl point put raise read reload remove rename renew replace report resolve restart
   RESUME run save say see send set shorten sort start stop store take try turn use wait write`
    .split(/\s+/)
    .filter((word) => word !== ''),
);

/** That nothing is to be done is said so. */
const NOTHING = /^nothing(?:[:,.]|$)/i;

function isRemedy(text: string): boolean {
  if (/^[`"]?(?:ekimi|etcdctl|curl|psql|pg_isready) /.test(text) || NOTHING.test(text)) return true;
  const said = text.replace(/^did you mean "[^"]*"\? otherwise /, '');
  const [first = ''] = said.replace(/^on that machine: /, '').split(/[\s,:]/);
  return VERBS.has(first) || VERBS.has(first.toLowerCase()) || isRemedyOfCommand(said);
}

const isRemedyOfCommand = (text: string): boolean => text.startsWith('on that machine: ') || text.startsWith('ekimi ');

const SRC = fileURLToPath(new URL('../../../src/', import.meta.url));
/** `remedy: '...'` in the sources; what is put together at run time begins with its first word here too. */
const written = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) =>
    [...readFileSync(join(SRC, name), 'utf8').matchAll(/\bremedy:\s*(['`"])((?:(?!\1)[^\\\n]|\\.)+)\1/g)].map(
      ([, , text = '']) => ({ where: name, text }),
    ),
  )
  .filter(({ text }) => !text.startsWith('${'));

const PARTS: readonly AskedPart[] = [
  'api',
  'sql',
  'hosts',
  'power',
  'tags',
  'etcd',
  'alarms',
  'config',
  'proxy',
  'pooler',
  'peer',
];
const FAULTS = [
  'not-configured',
  'refused',
  'unresolved',
  'unreachable',
  'timeout',
  'denied',
  'certificate',
  'bad-answer',
] as const;

const ROWS: readonly { readonly where: string; readonly text: string }[] = [
  ...API_ERRORS.map(({ code, remedy }) => ({ where: `API ${code}`, text: remedy })),
  ...[...JOURNAL_CODES, ...FILE_CODES, ...COMMAND_CODES, ...LOG_CODES].map(([code, , remedy]) => ({
    where: `code ${code}`,
    text: remedy,
  })),
  ...Object.entries(CONFLICT_REMEDY).map(([why, text]) => ({ where: `conflict ${why}`, text })),
  ...Object.entries(REMEDY).map(([name, text]) => ({ where: `doctor ${name}`, text })),
  ...PARTS.flatMap((part) =>
    FAULTS.map((fault) => ({ where: `doctor ${part} ${fault}`, text: remedyFor(part, fault as never) })),
  ),
  ...written,
];

describe('every remedy', () => {
  it('begins with what a person does', () => {
    expect(ROWS.filter(({ text }) => !isRemedy(text)).map(({ where, text }) => `${where}: ${text}`)).toEqual([]);
    expect(ROWS.length).toBeGreaterThan(200);
  });

  it('of a refusal as things stand belongs to the place where it is raised', () => {
    const raised = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
      .filter((name) => /^(kernel|decide|fleet)\/.*\.ts$/.test(name))
      .flatMap((name) => readFileSync(join(SRC, name), 'utf8').match(/\{[^{}]*status: 409,[^{}]*\}/g) ?? []);
    expect(raised.length).toBeGreaterThanOrEqual(8);
    expect(raised.filter((text) => !/\bconflict\b|\blacks\b/.test(text))).toEqual([]);
    expect(new Set(Object.values(CONFLICT_REMEDY)).size).toBe(CONFLICTS.length);
  });

  it.each(['The message says what stands in the way.', 'otherwise remove it', 'It has: a, b.', 'A reason is enough.'])(
    'is not: %s',
    (text) => {
      expect(isRemedy(text)).toBe(false);
    },
  );
});

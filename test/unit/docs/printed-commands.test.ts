import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cli } from '../../support/fake-cli.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

function filesBelow(folder: string, ending: RegExp): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name))
    .map((name) => `${folder}/${name}`);
}

/** What is set apart as a command: in backticks, in quotes, after a prompt. */
const SET_APART = /(?:[`"'(]|^\s*\$ |&& )ekimi ([a-z][^`"'\n)#|&;]*)/gm;

interface Printed {
  readonly where: string;
  readonly text: string;
}

const printed: readonly Printed[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...filesBelow('docs', /\.md$/),
  ...filesBelow('config', /\.(ya?ml|service|md)$/),
  ...filesBelow('src', /\.tsx?$/),
].flatMap((file) =>
  [...readFileSync(join(ROOT, file), 'utf8').matchAll(SET_APART)].map(([, text]) => ({
    where: file,
    text: (text ?? '').trim(),
  })),
);

const helps = new Map<string, string | null>();
/** The help of a command, null: there is none of this name. */
async function helpOf(path: string): Promise<string | null> {
  const known = helps.get(path);
  if (known !== undefined) return known;
  const { exit, out } = await cli(`${path} --help`);
  // With its other name behind a bar, where it has one.
  const help = exit === 0 && new RegExp(`^Usage: ekimi ${path}[ |]`).test(out) ? out : null;
  helps.set(path, help);
  return help;
}

/** Sentences about it, which have no command. */
const PROSE = new Set(['is', 'did', 'stood', 'stopped', 'asks', 'runs']);

/** Why what is printed would not be taken; null: it would. */
async function faultOf({ text }: Printed): Promise<string | null> {
  const [first = '', second = ''] = text.split(/[\s,:]+/);
  if (PROSE.has(first)) return null;
  const deep = /^[a-z-]+$/.test(second) ? await helpOf(`${first} ${second}`) : null;
  const help = deep ?? (await helpOf(first));
  if (help === null) return `no command "${first}"`;
  const [flag] = (text.match(/--[a-z][a-z-]*/g) ?? []).filter((one) => !help.includes(one));
  return flag === undefined ? null : `no option ${flag}`;
}

describe('every command that the program or its pages print', () => {
  it('is one of its commands, with options that it takes', async () => {
    const wrong: string[] = [];
    for (const one of printed) {
      const fault = await faultOf(one);
      if (fault !== null) wrong.push(`${one.where}: ekimi ${one.text}: ${fault}`);
    }
    expect(wrong).toEqual([]);
    expect(printed.length).toBeGreaterThan(200);
  }, 60_000);
});

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ACTION_NAMES } from '../../../src/model/plan.js';

const SRC = fileURLToPath(new URL('../../../src/', import.meta.url));

/** Tables: a ladder, a default, a rule of the configuration, the names themselves. `resume-replay` is also the name of a statement. */
const DATA = [
  /^model\/(plan|procedure|rights)\.ts$/,
  /^assess\/(catalogue-[a-z]+|problem-row)\.ts$/,
  /^config\/(policy-schema|policy-rules|cluster-rules|together)\.ts$/,
  /^words\/(request|consequence)\.ts$/,
  /^adapters\/postgres\/postgres-adapter\.ts$/,
];
/** What they are for is to say what happens to each; a stage of a procedure is an action by its name. */
const APART = /^(actions|procedures|simulator|docs)\//;

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
/** Single words are words of other things, too: only as the name of an action they count. */
const NAMES = ACTION_NAMES.map((name) => (name.includes('-') ? `'${name}'` : `action === '${name}'`));

const namesIn = (text: string): readonly string[] => NAMES.filter((name) => text.includes(name));

describe('the name of an action', () => {
  it('stands in the actions and in tables, and nowhere else: what follows from an action is its own to say', () => {
    const others = files.filter((file) => !APART.test(file) && !DATA.some((row) => row.test(file)));
    expect(others.length).toBeGreaterThan(200);
    const found = others.flatMap((file) => namesIn(readFileSync(`${SRC}${file}`, 'utf8')).map((name) => [file, name]));
    expect(found).toEqual([]);
  });

  it('is found where it stands', () => {
    expect(namesIn("if (plan.action === 'drain-replica') return;")).toEqual(["'drain-replica'"]);
    expect(namesIn("row.plan.action === 'failover'")).toEqual(["action === 'failover'"]);
  });
});

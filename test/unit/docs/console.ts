import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The operators' runbook as it was given: its commands and files are those of Patroni, etcd, HAProxy and Prometheus. */
const GIVEN = 'docs/runbook/source.md';

/** What stands between three backquotes on a page. */
interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

export const PAGES: readonly string[] = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .filter((page) => page !== GIVEN)
    .sort(),
];

export const BLOCKS: readonly Block[] = PAGES.flatMap((page) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```(\w*)[^\n]*\n([^]*?)^```/gm)].map(
    ([, language = '', text = '']) => ({ page, language, text }),
  ),
);

export interface Typed {
  readonly page: string;
  /** Without prompt, remark, and variables that are set for it. */
  readonly text: string;
}

/** A remark begins with # after a blank, outside of quotes. */
const withoutRemark = (line: string): string =>
  line.replace(/^((?:"[^"]*"|'[^']*'|[^"'#]|(?<=\S)#)*?)\s+#.*$/, '$1').trim();

/** Every line that is typed at a prompt, those that go on joined. */
export const TYPED: readonly Typed[] = BLOCKS.filter(({ language }) =>
  ['console', 'bash', 'sh'].includes(language),
).flatMap(({ page, text }) =>
  text
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) => /^[$#] (.+)$/.exec(line)?.slice(1) ?? [])
    // What stands for a person's own words is refused as a reason.
    .map((line) => line.replace('--reason "..."', '--reason "a reason"'))
    .map((line) => ({ page, text: withoutRemark(line).replace(/^(?:[A-Z_]+=\S* )+/, '') })),
);

import { describe, expect, it } from 'vitest';
import { breakOf, GENESIS, opened, sealed } from '../../../src/journal/chain.js';
import { linesOf } from '../../../src/journal/lines.js';
import { lsnFromNumber } from '../../../src/model/names.js';
import type { EntryBody, NewEntry } from '../../../src/model/entry.js';
import { collected, page } from './journals.js';

const entryOf = (line: string) => {
  const answer = opened(line);
  if (answer.kind !== 'entry') throw new Error(answer.why);
  return answer.entry;
};

describe('a sealed line', () => {
  it('is read as it was written', () => {
    const { line, entry } = sealed(page('with "quotes", \n and \u2028 and 🐘'), GENESIS);
    expect(line).not.toContain('\n');
    expect(entryOf(line)).toEqual(entry);
    expect(entry).toMatchObject({ seq: 1, prev: GENESIS.hash });
  });

  it('keeps a WAL position as a bigint', () => {
    const body = {
      kind: 'policy',
      change: 'reloaded',
      hash: 'x',
      detail: '',
      policy: { lsn: lsnFromNumber(0x5d0001f0n) },
    };
    const { line } = sealed({ atMs: 1, scope: 's', body: body as EntryBody }, GENESIS);
    expect(line).toContain('"lsn:0/5D0001F0"');
    expect(entryOf(line).body).toMatchObject({ policy: { lsn: 0x5d0001f0n } });
  });

  it('of a kind that this version does not know passes', () => {
    const entry: NewEntry = { atMs: 1, scope: 's', body: { kind: 'forecast', sunny: true } as unknown as EntryBody };
    expect(entryOf(sealed(entry, GENESIS).line).body).toEqual({ kind: 'forecast', sunny: true });
  });

  it.each([
    ['a changed letter', (line: string) => line.replace('email', 'Email')],
    ['a space more', (line: string) => line.replace('{"seq"', '{ "seq"')],
    ['a changed hash', (line: string) => line.replace(/.(?="\}$)/, (last) => (last === '0' ? '1' : '0'))],
    ['its end missing', (line: string) => line.slice(0, -1)],
    ['nothing at all', () => ''],
    ['other JSON', () => '{"seq":1}'],
  ])('with %s is not an entry', (_case, change) => {
    expect(opened(change(sealed(page('text'), GENESIS).line)).kind).toBe('bad');
  });

  it('that lacks what every entry has is not one, although its hash is right', () => {
    const { line } = sealed({ atMs: 1, scope: 's', body: { sort: 'none' } as unknown as EntryBody }, GENESIS);
    expect(opened(line)).toMatchObject({ kind: 'bad', why: expect.stringContaining('body') });
  });

  it('follows only the one it was sealed behind', () => {
    const first = sealed(page('one'), GENESIS).entry;
    const second = sealed(page('two'), first).entry;
    const third = sealed(page('three'), second).entry;
    expect(breakOf(second, first)).toBeNull();
    expect(breakOf(third, first)).toContain('does not follow');
    expect(breakOf(sealed(page('x'), { seq: 7, hash: first.hash }).entry, first)).toContain('gap');
  });
});

async function* chunked(text: string, length: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
}

describe('lines of a stream', () => {
  it.each([1, 2, 3, 1000])('are whole however it is cut: chunks of %d bytes', async (length) => {
    const lines = await collected(linesOf(chunked('one\n\n🐘\u2028\r\nlast', length)));
    expect(lines).toEqual([
      { text: 'one', number: 1, terminated: true },
      { text: '', number: 2, terminated: true },
      { text: '🐘\u2028\r', number: 3, terminated: true },
      { text: 'last', number: 4, terminated: false },
    ]);
  });
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EMPTY_OUTBOX, foldLine, linesOf, lineText, type SpoolLine } from '../../../src/notify/outbox.js';
import { openSpool, restored } from '../../../src/notify/spool.js';
import { notice, NOW_MS } from './notices.js';

const put = (id: string, key: string): SpoolLine => ({
  t: 'put',
  id,
  channel: 'pager',
  atMs: NOW_MS,
  notice: notice({ key, text: 'é <script>' }),
});
const LINES: readonly SpoolLine[] = [put('1', 'a'), put('2', 'b'), { t: 'sent', id: '1' }, put('3', 'c')];
const TEXT = LINES.map(lineText).join('');
const idsIn = (text: string): readonly string[] => restored(text).outbox.items.map(({ id }) => id);

it('a file that was cut at any byte gives what had been written by then', () => {
  const bytes = Buffer.from(TEXT);
  const ends = LINES.map((_line, index) =>
    Buffer.byteLength(
      LINES.slice(0, index + 1)
        .map(lineText)
        .join(''),
    ),
  );
  for (let length = 0; length <= bytes.length; length += 1) {
    const whole = ends.filter((end) => end <= length + 1).length;
    const expected = LINES.slice(0, whole).reduce((outbox, line) => foldLine(outbox, line), EMPTY_OUTBOX);
    expect(idsIn(bytes.subarray(0, length).toString('utf8'))).toEqual(expected.items.map(({ id }) => id));
  }
});

it('the least lines give the same outbox', () => {
  const { outbox } = restored(TEXT);
  expect(restored(linesOf(outbox).map(lineText).join('')).outbox).toEqual(outbox);
  expect(outbox.told).toEqual({ pager: ['a'] });
});

it('what another program wrote there is left out', () => {
  expect(restored(`{"t":"put","id":1}\n[]\nnull\n${TEXT}`)).toMatchObject({ unread: 3 });
});

it('a write that takes half, on a disk that is full, spoils neither what was there nor what comes next', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ekimi-spool-'));
  try {
    let isFull = false;
    let halves = 0;
    const spool = openSpool(directory, (file, bytes, at) => {
      if (!isFull) return writeSync(file, bytes, 0, bytes.length, at);
      halves += 1;
      if (halves > 1) throw new Error('ENOSPC');
      return writeSync(file, bytes, 0, Math.floor(bytes.length / 2), at);
    });
    spool.append([put('1', 'a')]);
    isFull = true;
    expect(() => {
      spool.append([put('2', 'b'), put('3', 'c')]);
    }).toThrow('ENOSPC');
    isFull = false;
    spool.append([put('4', 'd')]);
    const text = readFileSync(join(directory, 'outbox.jsonl'), 'utf8');
    expect(idsIn(text)).toEqual(['1', '4']);
    expect([restored(text).unread, spool.bytes]).toEqual([0, Buffer.byteLength(text)]);
    spool.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it('what is written is on the disk, and a new run appends behind a whole file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ekimi-spool-'));
  try {
    const spool = openSpool(directory);
    spool.append(LINES);
    writeFileSync(join(directory, 'outbox.jsonl'), `${TEXT}{"t":"put","id":"4","chan`);
    const next = openSpool(directory);
    expect(next.unread).toBe(1);
    next.append([put('5', 'd')]);
    expect(idsIn(readFileSync(join(directory, 'outbox.jsonl'), 'utf8'))).toEqual(['2', '3', '5']);
    next.close();
    spool.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

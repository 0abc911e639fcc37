import { describe, expect, it } from 'vitest';
import { logLinesFrom } from '../../../../../src/adapters/hosts/docker/logs.js';

const frame = (stream: number, text: string): Buffer => {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
};

describe('the log of a container', () => {
  it('in frames is its lines, output and errors in their order', () => {
    const body = Buffer.concat([frame(1, 'one\n'), frame(2, 'zwö\r\n'), frame(1, 'thr'), frame(1, 'ee\n')]);
    expect(logLinesFrom(body)).toEqual(['one', 'zwö', 'three']);
  });

  it('of a container with a terminal comes bare', () => {
    expect(logLinesFrom(Buffer.from('one\r\ntwo'))).toEqual(['one', 'two']);
  });

  it('that is cut in the middle of a frame is taken as it is, not lost', () => {
    const body = Buffer.concat([frame(1, 'one\n'), frame(1, 'two\n').subarray(0, 10)]);
    expect(logLinesFrom(body).join(' ')).toContain('one');
  });

  it('that is empty has no lines', () => {
    expect(logLinesFrom(Buffer.alloc(0))).toEqual([]);
  });
});

import { connect, type Socket } from 'node:net';
import { faultOf, type Fault } from '../patroni/fault.js';

export type RuntimeAnswer =
  | { readonly kind: 'answer'; readonly text: string }
  | { readonly kind: 'fault'; readonly fault: Fault; readonly written: boolean };

/** Longest answer that we take in; `show servers state` has some 120 bytes a server. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** `tcp://HOST:PORT` or `unix:///PATH`. */
function open(url: URL): Socket {
  if (url.protocol === 'unix:') return connect({ path: decodeURIComponent(url.pathname) });
  return connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) });
}

class NoAnswerInTime extends Error {
  override readonly name = 'TimeoutError';
}

/**
 * One command on HAProxy's runtime API: HAProxy answers and closes. One deadline for all of it; never throws. `written` says that
 * the command may have reached HAProxy.
 */
export function runtimeCommand(address: URL, command: string, deadlineMs: number): Promise<RuntimeAnswer> {
  return new Promise((resolve) => {
    let written = false;
    const chunks: Buffer[] = [];
    let bytes = 0;
    const socket = open(address);
    const finish = (answer: RuntimeAnswer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const fail = (error: unknown): void => {
      finish({ kind: 'fault', fault: faultOf(error), written });
    };
    const timer = setTimeout(() => {
      fail(new NoAnswerInTime());
    }, deadlineMs);
    socket.on('connect', () => {
      written = true;
      // Not end(): HAProxy before 2.0 drops the answer of a client that has closed its half.
      socket.write(`${command}\n`);
    });
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) fail(new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`));
    });
    socket.on('error', fail);
    socket.on('end', () => {
      // Success is an empty line. No byte at all means that HAProxy went away before it had answered.
      if (bytes === 0) fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
      else finish({ kind: 'answer', text: Buffer.concat(chunks).toString('utf8') });
    });
  });
}

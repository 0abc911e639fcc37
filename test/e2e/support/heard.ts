import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { sealed, type Tip } from '../../../src/journal/chain.js';
import { fromJson } from '../../../src/model/json.js';
import type { EntryBody } from '../../../src/model/entry.js';

export interface PagerEvent {
  readonly atMs: number;
  readonly event_action: 'trigger' | 'acknowledge' | 'resolve';
  readonly dedup_key: string;
  readonly payload?: { readonly summary: string };
}

/** PagerDuty as far as its events API goes: takes each event with 202, and remembers when. */
export class PagerStandIn {
  readonly events: PagerEvent[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<PagerStandIn> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        pager.events.push({ ...(JSON.parse(body) as PagerEvent), atMs: Date.now() });
        response.writeHead(202).end('{"status":"success"}');
      });
    });
    const pager = new PagerStandIn(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return pager;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v2/enqueue`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** A veto hook that says no for `noForSeconds` the first time that it is asked, and go after that. */
export class VetoStandIn {
  /** What it was asked, and when. */
  readonly asked: { readonly atMs: number; readonly action: string; readonly problem: string }[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(noForSeconds: number): Promise<VetoStandIn> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const { action, problem } = JSON.parse(body) as { action: string; problem: { code: string } };
        const isFirst = hook.asked.length === 0;
        hook.asked.push({ atMs: Date.now(), action, problem: problem.code });
        const no = { answer: 'veto', reason: 'the auditors are at it', forSeconds: noForSeconds };
        response.writeHead(200).end(JSON.stringify(isFirst ? no : { answer: 'go' }));
      });
    });
    const hook = new VetoStandIn(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return hook;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/ekimi`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const isMoment = (value: number): boolean => value > 1.7e12 && value < 2e12;

function moved(value: unknown, byMs: number): unknown {
  if (typeof value === 'number') return isMoment(value) ? value + byMs : value;
  if (Array.isArray(value)) return value.map((one) => moved(one, byMs));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, moved(one, byMs)]));
}

/** The journal of a cluster as if it had been written so much earlier or later: every moment in it moved, every link of its chain made anew. */
export async function moveJournal(from: string, to: string, byMs: number): Promise<void> {
  await mkdir(to, { recursive: true });
  let tip: Tip | null = null;
  for (const name of (await readdir(from)).filter((file) => file.endsWith('.jsonl')).sort()) {
    const lines: string[] = [];
    for (const line of (await readFile(join(from, name), 'utf8')).split('\n').filter((text) => text !== '')) {
      const was = fromJson(line) as { seq: number; prev: string; atMs: number; scope: string; body: EntryBody };
      tip ??= { seq: was.seq - 1, hash: was.prev };
      const { atMs, scope, body } = moved(was, byMs) as typeof was;
      const next = sealed({ atMs, scope, body }, tip);
      lines.push(next.line);
      tip = { seq: next.entry.seq, hash: next.entry.hash };
    }
    await writeFile(join(to, name), `${lines.join('\n')}\n`);
  }
}

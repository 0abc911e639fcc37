import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An empty `PATCH /config` asks whether our password is right, and Patroni refuses it before it asks etcd. */
const asksOnly = (method: string, url: string, body: Buffer): boolean =>
  method === 'GET' || method === 'OPTIONS' || (method === 'PATCH' && url === '/config' && body.toString() === '{}');

/** A wire tap in front of one member's REST API: everything passes, changes are counted, and an answer can be held back for ever. */
export class Tap {
  /** `POST /reinitialize {}` and the like, in the order in which the member took them; one that it refused with 503 began nothing. */
  readonly changes: string[] = [];
  readonly #server: Server;
  readonly #target: string;
  #answered: ((change: string) => void) | null = null;

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((incoming, outgoing) => {
      this.#pass(incoming, outgoing);
    });
  }

  static async on(target: string): Promise<Tap> {
    const tap = new Tap(target);
    await new Promise<void>((resolve) => tap.#server.listen(0, '127.0.0.1', resolve));
    return tap;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From here, the member's answer to the next change that it takes is never handed on; resolves when the member has given it. */
  holdBackNext(): Promise<string> {
    return new Promise((resolve) => {
      this.#answered = resolve;
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      const { method = 'GET', url = '/', headers } = incoming;
      const change = asksOnly(method, url, body) ? null : `${method} ${url} ${body.toString()}`;
      const onward = request(`${this.#target}${url}`, { method, headers }, (answer) => {
        const isTaken = change !== null && answer.statusCode !== 503;
        if (isTaken) this.changes.push(change);
        if (isTaken && this.#answered !== null) {
          this.#answered(change);
          this.#answered = null;
          answer.resume();
          return;
        }
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on('error', () => {
        // Nobody knows what became of it.
        if (change !== null) this.changes.push(change);
        outgoing.destroy();
      });
      onward.end(body);
    });
  }
}

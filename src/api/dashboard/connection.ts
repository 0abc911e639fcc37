// The event stream by fetch, because EventSource cannot carry a token. It never gives up, and silence counts as loss.
import type { Line } from '../../words/narrate.js';
import type { ClusterSnapshot } from '../../model/snapshot.js';
import type { Overview } from '../overview.js';
import type { RunOverview } from '../run-overview.js';
import { setServerTime } from './clock.js';
import { Following, framesIn, type Frame } from './following.js';

const SILENCE_MS = 15_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5_000;
const LOCKED_RETRY_MS = 3_600_000;
const TOKEN = 'ekimi-token';

/** Kept in this tab until it is closed. */
export const token = {
  get: (): string | null => sessionStorage.getItem(TOKEN),
  set: (value: string): void => {
    sessionStorage.setItem(TOKEN, value);
  },
  clear: (): void => {
    sessionStorage.removeItem(TOKEN);
  },
};

/** One cluster as one pass left it: all that the page shows of it. */
export interface Picture {
  readonly overview: Overview;
  readonly snapshot: ClusterSnapshot;
  readonly run: RunOverview | null;
}

export type Status = 'connecting' | 'live' | 'offline' | 'locked';

/** `snapshot`: what came before it was not heard. `change`: nothing was missed. */
export type Message =
  | ({ readonly kind: 'snapshot' | 'change' } & Picture)
  | { readonly kind: 'entry'; readonly line: Line }
  | { readonly kind: 'heartbeat' };

/** The daemon said no: `status` of HTTP and its words; `body` is all of its answer. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly body: Readonly<Record<string, unknown>>,
  ) {
    super([body['message'], body['remedy']].filter((part) => typeof part === 'string').join(' '));
  }
}

const headers = (): Record<string, string> => {
  const value = token.get();
  return value === null ? {} : { authorization: `Bearer ${value}` };
};

async function bodyOf(response: Response): Promise<Readonly<Record<string, unknown>>> {
  const body = (await response.json()) as Readonly<Record<string, unknown>>;
  if (!response.ok) throw new Refused(response.status, body);
  return body;
}

/** JSON of a GET, taken to be what the daemon of this very build sends. Throws `Refused`. */
export async function read<T>(path: string): Promise<T> {
  return (await bodyOf(await fetch(path, { headers: headers(), cache: 'no-store' }))) as T;
}

/** A change; answers the body. Throws `Refused`. */
export async function change(
  method: 'POST' | 'DELETE',
  path: string,
  body?: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const isEmpty = body === undefined;
  return bodyOf(
    await fetch(path, {
      method,
      headers: { ...headers(), ...(isEmpty ? {} : { 'content-type': 'application/json' }) },
      ...(isEmpty ? {} : { body: JSON.stringify(body) }),
    }),
  );
}

/** What is said of a request that failed. */
export const problemText = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const clusterPath = (scope: string): string => `/v1/clusters/${encodeURIComponent(scope)}`;

/** No token, a wrong one, or too many wrong ones. */
const DENIED: readonly number[] = [401, 403, 429];

/** Follows the daemon for as long as the page is open. `again()` tries at once. `refusal`: why the page is locked, in the daemon's words. */
export function listen(
  onMessage: (message: Message) => void,
  onStatus: (status: Status, refusal?: string) => void,
): { readonly again: () => void } {
  const following = new Following();
  let retryMs = FIRST_RETRY_MS;
  let refusal = '';
  let wake = (): void => undefined;
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const attempt = async (): Promise<Status> => {
    const abort = new AbortController();
    const watch = (): number =>
      window.setTimeout(() => {
        abort.abort();
      }, SILENCE_MS);
    let watchdog = watch();
    try {
      const heard = following.lastId === null ? {} : { 'last-event-id': following.lastId };
      const response = await fetch('/v1/events?form=changes', {
        headers: { ...headers(), ...heard },
        signal: abort.signal,
        cache: 'no-store',
      });
      if (DENIED.includes(response.status)) {
        refusal = problemText(await bodyOf(response).catch((error: unknown) => error));
        // One that opens nothing is asked for anew, instead of being sent again and again.
        token.clear();
        return 'locked';
      }
      if (!response.ok || response.body === null) return 'offline';
      onStatus('live');
      retryMs = FIRST_RETRY_MS;
      for await (const frame of messagesIn(response.body, abort.signal)) {
        clearTimeout(watchdog);
        watchdog = watch();
        const { kind, data } = following.take(frame);
        setServerTime(Number(data['nowMs']));
        onMessage({ ...data, kind } as unknown as Message);
      }
      return 'offline';
    } catch {
      return 'offline';
    } finally {
      clearTimeout(watchdog);
      abort.abort();
    }
  };
  const run = async (): Promise<never> => {
    for (;;) {
      const outcome = await attempt();
      onStatus(outcome, outcome === 'locked' ? refusal : undefined);
      await pause(outcome === 'locked' ? LOCKED_RETRY_MS : retryMs);
      retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
    }
  };
  addEventListener('online', () => {
    wake();
  });
  void run();
  return {
    again: () => {
      wake();
    },
  };
}

async function* messagesIn(body: ReadableStream<Uint8Array<ArrayBuffer>>, signal: AbortSignal): AsyncGenerator<Frame> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined));
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const { frames, rest } = framesIn(text + value);
    text = rest;
    yield* frames;
  }
}

// The event stream by fetch, because EventSource cannot carry a token. It never gives up, and silence counts as loss.
import { setServerTime } from './format.js';

const SILENCE_MS = 15_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5_000;
const TOKEN = 'ekimi-token';

export const token = {
  get: () => sessionStorage.getItem(TOKEN),
  set: (value) => sessionStorage.setItem(TOKEN, value),
  clear: () => sessionStorage.removeItem(TOKEN),
};

const headers = () => (token.get() === null ? {} : { authorization: `Bearer ${token.get()}` });

/** JSON of a GET; throws an Error with `status`. */
export async function read(path) {
  const response = await fetch(path, { headers: headers(), cache: 'no-store' });
  const body = await response.json();
  if (!response.ok) throw Object.assign(new Error(body.message), { status: response.status });
  return body;
}

/** A change; throws an Error with `status` and the remedy in its words. */
export async function change(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: { ...headers(), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (!response.ok) throw Object.assign(new Error(`${answer.message} ${answer.remedy}`), { status: response.status });
  return answer;
}

/** Calls `onMessage(kind, data)` and `onStatus('connecting' | 'live' | 'offline' | 'locked')`. Returns {again()} to try at once. */
export function listen(onMessage, onStatus) {
  let retryMs = FIRST_RETRY_MS;
  let wake = () => undefined;
  const pause = (ms) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const attempt = async () => {
    const abort = new AbortController();
    let watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
    try {
      const response = await fetch('/v1/events', { headers: headers(), signal: abort.signal, cache: 'no-store' });
      if (response.status === 401 || response.status === 403) return 'locked';
      if (!response.ok || response.body === null) return 'offline';
      onStatus('live');
      retryMs = FIRST_RETRY_MS;
      for await (const message of messagesIn(response.body, abort.signal)) {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
        setServerTime(message.data.nowMs);
        onMessage(message.kind, message.data);
      }
      return 'offline';
    } catch {
      return 'offline';
    } finally {
      clearTimeout(watchdog);
      abort.abort();
    }
  };
  const run = async () => {
    for (;;) {
      const outcome = await attempt();
      onStatus(outcome);
      await pause(outcome === 'locked' ? 3_600_000 : retryMs);
      retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
    }
  };
  addEventListener('online', () => wake());
  void run();
  return { again: () => wake() };
}

async function* messagesIn(body, signal) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined));
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s)));
      if (fields.event !== undefined && fields.data !== undefined)
        yield { kind: fields.event, data: JSON.parse(fields.data) };
    }
  }
}

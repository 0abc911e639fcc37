// What the page knows. One value that is replaced as a whole; every change draws the page anew in the next frame.
import type { Line } from '../../words/narrate.js';
import { withScope } from '../../words/scoped.js';
import { daemonNow, standAt } from './clock.js';
import { clusterPath, listen, read, type Message, type Picture, type Status, problemText } from './connection.js';
import type { DialogSpec } from './dialog-spec.js';
import { routeOf, type Route } from './route.js';

const KEPT_LINES = 120;
const TOLD_MS = 10_000;

/** A past moment of one cluster, as the journal has it. */
export interface Past extends Picture {
  /** Of the recorded pass in the journal. */
  readonly seq: number;
  readonly atMs: number;
  readonly nextMs: number | null;
  readonly previousMs: number | null;
  /** What the journal said last by then. */
  readonly lines: readonly Line[];
}

export interface State {
  readonly clusters: ReadonlyMap<string, Picture>;
  readonly lines: ReadonlyMap<string, readonly Line[]>;
  readonly connection: Status;
  readonly lostAtMs: number | null;
  /** Why the page is locked, in the daemon's words. Empty: it is not. */
  readonly refusal: string;
  readonly route: Route;
  readonly past: Past | null;
  readonly dialog: DialogSpec | null;
  /** What became of the last thing that a person did here: shown, and read out. Empty: that is past. */
  readonly told: string;
}

let state: State = {
  clusters: new Map(),
  lines: new Map(),
  connection: 'connecting',
  lostAtMs: null,
  refusal: '',
  route: routeOf(location.hash),
  past: null,
  dialog: null,
  told: '',
};

let draw: (state: State) => void = () => undefined;
let waiting = false;

export const now = (): State => state;

/** Draws in the next frame, once, however often it is asked for. */
export function redraw(): void {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    draw(state);
  });
}

export function set(change: Partial<State>): void {
  state = { ...state, ...change };
  redraw();
}

/** Each command in a text as it can be typed: where the daemon has several clusters, with the one that the page shows. */
export function typed(text: string): string {
  const { route, clusters } = state;
  const scope = 'scope' in route ? route.scope : null;
  return scope !== null && clusters.size > 1 ? withScope(text, scope) : text;
}

/** live, or what is wrong: a page that looks alive and is not is worse than none. */
export function condition({ connection }: State, picture: Picture | undefined): Status | 'stale' {
  if (connection !== 'live' || picture === undefined) return connection;
  return daemonNow() - picture.snapshot.atMs > picture.overview.staleAfterMs ? 'stale' : 'live';
}

function onMessage(message: Message): void {
  if (message.kind === 'snapshot' || message.kind === 'change') {
    const { overview, snapshot, run } = message;
    const { scope } = snapshot;
    set({ clusters: new Map(state.clusters).set(scope, { overview, snapshot, run }) });
    // Of a stream that goes on where it was cut off no line is missing.
    if (message.kind === 'snapshot') void loadJournal(scope);
  } else if (message.kind === 'entry') keepLine(message.line);
}

function keepLine(line: Line): void {
  const known = state.lines.get(line.scope) ?? [];
  if (known.some(({ seq }) => seq === line.seq)) return;
  set({ lines: new Map(state.lines).set(line.scope, [...known, line].slice(-KEPT_LINES)) });
}

function onStatus(status: Status, refusal = ''): void {
  const isLost = status !== 'live' && state.connection === 'live';
  set({
    connection: status,
    refusal,
    ...(isLost ? { lostAtMs: daemonNow() } : {}),
  });
}

async function linesOf(scope: string, more = ''): Promise<readonly Line[]> {
  const path = `${clusterPath(scope)}/journal?form=line&limit=${KEPT_LINES}${more}`;
  return (await read<{ lines: readonly Line[] }>(path)).lines;
}

async function loadJournal(scope: string): Promise<void> {
  set({ lines: new Map(state.lines).set(scope, []) });
  try {
    const lines = await linesOf(scope);
    const lastSeq = lines.at(-1)?.seq ?? 0;
    const since = (state.lines.get(scope) ?? []).filter(({ seq }) => seq > lastSeq);
    set({ lines: new Map(state.lines).set(scope, [...lines, ...since]) });
  } catch {
    // The stream says that we are offline; the journal is read again when it is back.
  }
}

/** Counts what was asked for: an answer that comes after a later wish changes nothing. */
let asked = 0;

function toNow(): void {
  asked += 1;
  standAt(null);
  set({ past: null });
}

/** Shows the page as it was at `atMs`; null: as it is now. Answers why it cannot, or null. */
export async function goTo(scope: string, atMs: number | null): Promise<string | null> {
  if (atMs === null) {
    toNow();
    return null;
  }
  asked += 1;
  const mine = asked;
  try {
    const past = await read<Omit<Past, 'lines'>>(`${clusterPath(scope)}/at?time=${Math.round(atMs)}`);
    const lines = await linesOf(scope, `&before=${past.seq + 1}`);
    if (mine !== asked) return null;
    standAt(past.atMs);
    set({ past: { ...past, lines } });
    return null;
  } catch (error) {
    return problemText(error);
  }
}

/** What a request about the moment that the page shows carries; empty: about now. */
export const momentQuery = (isPast: boolean): string =>
  isPast && state.past !== null ? `?time=${state.past.atMs}` : '';

/** Shown for a while, and read out once. */
export const tell = (text: string): void => {
  set({ told: text });
  // Else no state is announced any more.
  setTimeout(() => {
    if (state.told === text) set({ told: '' });
  }, TOLD_MS);
};

let stream: ReturnType<typeof listen> | null = null;

/** Begins to follow the daemon; `render` draws. */
export function start(render: (state: State) => void): void {
  draw = render;
  stream = listen(onMessage, onStatus);
  addEventListener('hashchange', () => {
    const route = routeOf(location.hash);
    // The past of one cluster is not that of another, and a clock that stands still is not for a live page.
    const isOther = route.view === 'fleet' || ('scope' in route && route.scope !== state.past?.overview.scope);
    if (state.past !== null && isOther) toNow();
    set({ route });
  });
  setInterval(redraw, 1000);
  redraw();
}

export const retry = (): void => {
  stream?.again();
};

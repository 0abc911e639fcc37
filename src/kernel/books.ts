import { permitOf } from '../actions/index.js';
import { refusesWrites } from '../assess/dcs.js';
import { lacksMajority } from '../assess/stores.js';
import { entriesOf } from '../ledger/entries.js';
import type { LedgerEvent } from '../ledger/events.js';
import { fold } from '../ledger/fold.js';
import { asLoaded, withOwn } from '../ledger/reload.js';
import type { Unsent } from '../ledger/unsent.js';
import type { EntryBody } from '../model/entry.js';
import { toJson } from '../model/json.js';
import { EMPTY_LEDGER, type Ledger } from '../model/ledger.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import type { TenureGrant } from '../ports/dcs.js';
import type { LedgerStore } from './ledger-store.js';

/**
 * One ledger and its only writer: the journal first, synced, then the fold, then, where asked for, the commit. Enforce and dry-run have one
 * each; which is in force follows from the mode.
 */
export interface Books {
  readonly ledger: Ledger;
  /** What is in memory follows from what the store holds. Before that nothing of it may be written over. */
  readonly isLoaded: boolean;
  /** Why what is in memory may not be what a successor would find; null: it is. */
  readonly fault: string | null;
  /**
   * Journals the event and folds it in. False: the journal could not be written, so that what must stand there first (an intent) did not
   * happen; all else has happened all the same.
   */
  note(event: LedgerEvent): Promise<boolean>;
  /** Reads the store anew. `sending`: runs whose answer is still awaited here; what else was being sent is `unknown` from now on. */
  load(sending: ReadonlyMap<string, unknown>): Promise<void>;
  /** It must be read anew before anything counts by it: another tenure, another mode. */
  forget(): void;
  /** It is no longer in force: what is in memory counts for nothing until it is read anew. */
  close(): void;
  /** It is of another cluster, and neither read nor written over. */
  disown(why: string): void;
  /** Writes it if it changed. Returns whether what is in memory is also what a successor would find. */
  commit(view: ClusterView | null): Promise<boolean>;
}

export interface BooksParts {
  readonly store: LedgerStore;
  /** One entry, on the disk when it resolves to true. */
  readonly write: (body: EntryBody) => Promise<boolean>;
  readonly grant: () => TenureGrant | null;
  /** etcd said that our grant does not stand. */
  readonly doubt: () => void;
  /** Something about the document itself, said once. */
  readonly onNews: (news: string) => Promise<void>;
}

export function openBooks({ store, write, grant, doubt, onNews }: BooksParts): Books {
  let ledger = EMPTY_LEDGER;
  let isLoaded = false;
  let fault: string | null = null;
  /** The last that the store is known to hold: as a value, and as it was written. */
  let committed: Ledger | null = null;
  let committedJson = '';
  let toldNews: string | null = null;
  /** Steps whose intent may stand in the store as being sent although we know that they never left. */
  let unsent: ReadonlyMap<string, Unsent> = new Map();
  /** Runs of ours that may have been begun without tenure, and so without the store. */
  const alone = new Set<string>();

  return {
    get ledger() {
      return ledger;
    },
    get isLoaded() {
      return isLoaded;
    },
    get fault() {
      return fault;
    },
    async note(event) {
      const before = ledger;
      const after = fold(before, event);
      let isWritten = true;
      for (const body of entriesOf(event, before, after)) {
        isWritten = (await write(body)) && isWritten;
        // An act without a trace: it does not happen.
        if (!isWritten && isBeginning(body)) return false;
      }
      if (event.kind === 'unsent') unsent = new Map([...unsent, [event.run.id, event]]);
      if (event.kind === 'sending' && permitOf(event.run.plan, 'tenure') !== null) alone.add(event.run.id);
      // A stop may note what it leaves while the last pass still waits for the disk.
      ledger = ledger === before ? after : fold(ledger, event);
      return isWritten;
    },
    async load(sending) {
      const loaded = await store.load();
      if (!loaded.ok) {
        fault = loaded.why;
        isLoaded = false;
        return;
      }
      fault = null;
      if (loaded.news !== undefined && loaded.news !== toldNews) {
        toldNews = loaded.news;
        await onNews(loaded.news);
      }
      const stored = asLoaded(loaded.ledger, unsent, sending);
      const isOurs = grant() !== null;
      // What was begun under a tenure is judged under one: in another's time it would be in flight for ever.
      const own = ledger.remediations.filter(
        (row) => alone.has(row.id) && (row.endedAtMs !== null || row.epoch === '' || isOurs),
      );
      ledger = withOwn(stored, own);
      unsent = new Map();
      // Only who holds tenure can write what the store lacks.
      committed = isOurs ? stored : ledger;
      committedJson = toJson(committed);
      isLoaded = true;
    },
    forget() {
      isLoaded = false;
    },
    close() {
      ledger = EMPTY_LEDGER;
      isLoaded = false;
    },
    disown(why) {
      fault = why;
      ledger = EMPTY_LEDGER;
      isLoaded = false;
    },
    async commit(view) {
      // What could not be read must not be overwritten: it holds the fences, drains and runs of whoever acted before us.
      if (!isLoaded) return false;
      if (ledger === committed) return true;
      if (view !== null && lacksMajority(view)) {
        // Nobody can take it: to ask would cost the pass the time in which etcd could be brought back.
        fault = 'the ledger could not be written: etcd has no majority';
        return false;
      }
      const written = ledger;
      const json = toJson(written);
      if (json === committedJson) {
        committed = written;
        return true;
      }
      const answer = await store.commit(written, grant());
      if (answer === 'committed') {
        committedJson = json;
        fault = null;
        unsent = new Map();
        // And nothing that was noted since: it is the next commit's.
        committed = written;
        return true;
      }
      if (answer === 'unknown') {
        const full = view === null ? null : refusesWrites(view);
        fault = `the ledger could not be written${full === null ? '' : `: ${full}`}`;
        // It may be there or not: whatever we hold is written again, and only a write that succeeds lifts the impairment.
        committed = null;
        committedJson = '';
      }
      if (answer === 'not-ours') doubt();
      if (answer === 'unread') {
        fault = 'the ledger in etcd was written by somebody else since we read it: it is read again';
        isLoaded = false;
      }
      return false;
    },
  };
}

/** What begins something stands in the journal first. */
const isBeginning = (body: EntryBody): boolean =>
  body.kind === 'intent' || (body.kind === 'procedure-run' && body.change === 'started');

/** A ledger is of one cluster: that of another is neither read nor written over, and one that does not say so is ours from now on. */
export async function holdAgainstCluster(books: Books, view: ClusterView): Promise<void> {
  const ours = freshValue(view.dcs.keys)?.systemIdentifier ?? '';
  if (!books.isLoaded || ours === '') return;
  const theirs = books.ledger.systemIdentifier;
  if (theirs === undefined) await books.note({ kind: 'cluster-known', systemIdentifier: ours });
  else if (theirs !== ours)
    books.disown(
      `the ledger is of another cluster (system identifier ${theirs}, ours is ${ours}): nothing is sent; if this cluster was bootstrapped anew, delete that key in etcd`,
    );
}

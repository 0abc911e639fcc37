import { NOW_MS } from './snapshots.js';
import type { CheckRequest } from '../../src/model/data-check.js';
import type { ApiChange, EntryBody, JournalEntry } from '../../src/model/entry.js';
import type { JournalReport } from '../../src/model/journal-report.js';
import type { KillSwitch } from '../../src/model/ledger.js';
import { pageKey } from '../../src/model/page.js';
import type { ProcedureAnswer, ProcedureRequest } from '../../src/model/procedure.js';
import type { RunAnswer, RunChange, RunRequest } from '../../src/model/procedure-run.js';
import type {
  Change,
  ClusterSnapshot,
  ControllerEvent,
  ControllerPort,
  JournalPage,
} from '../../src/model/snapshot.js';

const isAsked = (
  { atMs, body, seq }: JournalEntry,
  { sinceMs = 0, untilMs = Infinity, afterSeq = 0, kinds }: Parameters<ControllerPort['entries']>[1],
): boolean => seq > afterSeq && atMs >= sinceMs && atMs <= untilMs && (kinds?.includes(body.kind) ?? true);

/** A controller with no cluster behind it: shows what it is given, remembers what it was told. */
export class FakeController implements ControllerPort {
  readonly #snapshots = new Map<string, ClusterSnapshot>();
  readonly #listeners = new Set<(event: ControllerEvent) => void>();
  readonly #entries: JournalEntry[] = [];
  /** Every change that got through, as `verb subject by reason`. */
  readonly changes: string[] = [];
  readiness: { ready: boolean; reasons: string[] } = { ready: true, reasons: [] };

  constructor(...snapshots: readonly ClusterSnapshot[]) {
    for (const snapshot of snapshots) this.#snapshots.set(snapshot.scope, snapshot);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** The end of a pass. */
  show(snapshot: ClusterSnapshot): void {
    this.#snapshots.set(snapshot.scope, snapshot);
    this.#tell({ kind: 'snapshot', snapshot });
  }

  write(atMs: number, body: EntryBody, scope = 'email-cluster'): JournalEntry {
    const seq = this.#entries.length + 1;
    const entry: JournalEntry = { atMs, scope, body, seq, prev: `hash-${seq - 1}`, hash: `hash-${seq}` };
    this.#entries.push(entry);
    this.#tell({ kind: 'entry', entry });
    return entry;
  }

  scopes(): readonly string[] {
    return [...this.#snapshots.keys()];
  }

  snapshot(scope: string): ClusterSnapshot | null {
    return this.#snapshots.get(scope) ?? null;
  }

  async journal(options: Parameters<ControllerPort['journal']>[0]): Promise<JournalPage> {
    const fitting = this.#entries
      .filter((entry) => options.scope === undefined || entry.scope === options.scope)
      .filter((entry) => isAsked(entry, options) && entry.seq < (options.beforeSeq ?? Infinity));
    const entries = fitting.slice(-options.limit);
    return { entries, more: fitting.length > entries.length };
  }

  async *entries(scope: string, options: Parameters<ControllerPort['entries']>[1]): AsyncIterable<JournalEntry> {
    for (const entry of this.#entries.filter((one) => one.scope === scope)) if (isAsked(entry, options)) yield entry;
  }

  async verifyJournal(): Promise<JournalReport> {
    return { files: 1, entries: this.#entries.length, firstSeq: 1, lastSeq: this.#entries.length, torn: 0, faults: [] };
  }

  ready(): { readonly ready: boolean; readonly reasons: readonly string[] } {
    return this.readiness;
  }

  onEvent(listener: (event: ControllerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  readonly audited: ApiChange[] = [];
  audit(_scope: string, change: ApiChange): void {
    this.audited.push(change);
  }

  approve(scope: string, id: string, by: string, reason: string): Promise<Change> {
    return this.#decide('approved', scope, id, by, reason);
  }

  reject(scope: string, id: string, by: string, reason: string): Promise<Change> {
    return this.#decide('rejected', scope, id, by, reason);
  }

  async acknowledge(scope: string, id: string, by: string, reason: string): Promise<Change> {
    const { incidents = [], pages = [] } = this.snapshot(scope)?.ledger ?? {};
    const isThere = incidents.some((one) => one.id === id) || pages.some((row) => pageKey(row) === id);
    if (!isThere) return { ok: false, status: 404, text: `nobody was told of ${id}` };
    this.changes.push(`acknowledge ${id} ${by} ${reason}`);
    return { ok: true, text: `acknowledged: ${id}` };
  }

  async checkData(_scope: string, { member, database, leader }: CheckRequest, by: string): Promise<Change> {
    this.changes.push(`check ${member} ${database ?? 'all'}${leader ? ' leader' : ''} ${by}`);
    return member === 'patroni1' && !leader
      ? { ok: false, status: 409, text: 'patroni1 leads' }
      : { ok: true, text: `the data of ${member} is being checked`, startedMs: NOW_MS };
  }

  async pause(scope: string, killSwitch: KillSwitch, by: string): Promise<Change> {
    this.changes.push(`pause ${killSwitch.subject} ${by} ${killSwitch.reason}`);
    this.#edit(scope, (snapshot) => ({
      ...snapshot,
      ledger: { ...snapshot.ledger, switches: [...snapshot.ledger.switches, killSwitch] },
    }));
    return { ok: true, text: `paused ${killSwitch.subject}` };
  }

  async resume(scope: string, subject: string, by: string): Promise<Change> {
    const there = this.snapshot(scope)?.ledger.switches.some((one) => one.subject === subject) ?? false;
    if (!there) return { ok: false, status: 404, text: `nothing is paused under ${subject}` };
    this.changes.push(`resume ${subject} ${by}`);
    this.#edit(scope, (snapshot) => ({
      ...snapshot,
      ledger: { ...snapshot.ledger, switches: snapshot.ledger.switches.filter((one) => one.subject !== subject) },
    }));
    return { ok: true, text: `resumed ${subject}` };
  }

  /** What the next request of a person is answered with. */
  procedureAnswer: ProcedureAnswer = { kind: 'refused', status: 409, text: 'this test gives no answer' };
  readonly procedures: (ProcedureRequest & { readonly by: string })[] = [];

  async runProcedure(_scope: string, request: ProcedureRequest, by: string): Promise<ProcedureAnswer> {
    this.procedures.push({ ...request, by });
    return this.procedureAnswer;
  }

  /** What the next start of a procedure of several stages is answered with. */
  runAnswer: RunAnswer = { kind: 'refused', status: 409, text: 'this test gives no answer' };
  readonly runs: (RunRequest & { readonly by: string })[] = [];

  async startRun(_scope: string, request: RunRequest, by: string): Promise<RunAnswer> {
    this.runs.push({ ...request, by });
    return this.runAnswer;
  }

  async changeRun(
    _scope: string,
    id: string,
    change: RunChange,
    by: string,
    reason: string,
    seen?: string | null,
  ): Promise<Change> {
    this.changes.push([change, id, by, reason, ...(seen == null ? [] : [seen])].join(' '));
    return { ok: true, text: `${change} ${id}` };
  }

  async #decide(
    state: 'approved' | 'rejected',
    scope: string,
    id: string,
    by: string,
    reason: string,
  ): Promise<Change> {
    const approval = this.snapshot(scope)?.ledger.approvals.find((one) => one.id === id);
    if (approval === undefined) return { ok: false, status: 404, text: `no approval ${id}` };
    if (approval.state !== 'waiting')
      return { ok: false, status: 409, text: `${id} is ${approval.state} already`, conflict: 'answered-already' };
    this.changes.push(`${state} ${id} ${by} ${reason}`);
    this.#edit(scope, (snapshot) => ({
      ...snapshot,
      ledger: {
        ...snapshot.ledger,
        approvals: snapshot.ledger.approvals.map((one) => (one.id === id ? { ...one, state, by, reason } : one)),
      },
    }));
    return { ok: true, text: `${id} ${state}` };
  }

  #edit(scope: string, change: (snapshot: ClusterSnapshot) => ClusterSnapshot): void {
    const snapshot = this.snapshot(scope);
    if (snapshot !== null) this.show(change(snapshot));
  }

  #tell(event: ControllerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

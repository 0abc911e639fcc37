import type { CheckRequest, DataCheck } from '../model/data-check.js';
import type { IncidentOverview } from '../words/incident.js';
import type { Report } from '../history/report.js';
import type { PolicyMatrix } from '../words/policy-matrix.js';
import type { Line } from '../words/narrate.js';
import type { JournalEntry } from '../model/entry.js';
import type { JournalReport } from '../model/journal-report.js';
import { toJson } from '../model/json.js';
import type { Remediation } from '../model/ledger.js';
import type { RunOverview } from '../api/run-overview.js';
import type { RunAnswer, RunChange, RunRequest } from '../model/procedure-run.js';
import type { AcceptedLoss, ProcedureAnswer, ProcedureName } from '../model/procedure.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import type { Progress } from '../verify/progress.js';
import { CliError, type ExitName } from './cli-error.js';
import { exchange, type Trust } from './exchange.js';
import { isErrorBody, noDaemon, notEkimi, parse, remedyOf, type ErrorBody } from './no-answer.js';
import { mustBeOurs, type Expected, type NamedCluster } from './whose.js';

interface ClientOptions {
  readonly url: string;
  readonly token: string | null;
  readonly timeoutMs?: number;
  /** Of an https address; absent: the authorities of this machine. */
  readonly trust?: Trust;
  /** What the configuration that led to this address describes; null: the address was named, whoever answers is meant. */
  readonly expected: Expected | null;
  /** The daemon's own time, milliseconds since 1970, with each answer: ages are counted by its clock, not by ours. */
  readonly onTime: (nowMs: number) => void;
  /** How many clusters it has. */
  readonly onClusters?: (count: number) => void;
}

/** What `run-procedure` sends; what was not given is left out. */
export interface ProcedureBody {
  readonly name: ProcedureName;
  readonly reason: string;
  readonly target?: string;
  readonly candidate?: string;
  readonly leader?: string;
  readonly scheduledAt?: string;
  readonly acceptLoss?: AcceptedLoss;
  readonly dryRun?: true;
}

/** A procedure looks at the whole cluster twice before it answers; a member that hangs makes that slow. */
const PROCEDURE_TIMEOUT_MS = 60_000;
/** Weeks of journal are read there first. */
const REPORT_TIMEOUT_MS = 60_000;

/** So many entries the API gives at once. */
const MOST_AT_ONCE = 1000;
/** Of whole passes: a page of them is some megabytes. */
const PAGE_FORWARDS = 500;

/** Of which part of a journal. */
interface JournalSpan {
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly beforeSeq?: number;
  readonly kinds?: readonly string[];
}

const journalPath = (scope: string): string => `/v1/clusters/${encodeURIComponent(scope)}/journal`;

const spanQuery = ({ sinceMs, untilMs, kinds }: JournalSpan): string =>
  [
    ...(sinceMs === undefined ? [] : [`&since=${sinceMs}`]),
    ...(untilMs === undefined ? [] : [`&until=${untilMs}`]),
    ...(kinds === undefined ? [] : [`&kind=${kinds.join(',')}`]),
  ].join('');

/** What the status alone does not tell. */
const EXIT_OF_CODE: Readonly<Record<string, ExitName>> = { 'unknown-subject': 'absent' };

const EXIT_OF_STATUS: Readonly<Record<number, ExitName>> = {
  400: 'usage',
  401: 'denied',
  403: 'denied',
  404: 'absent',
  409: 'refused',
};

const areClusters = (value: unknown): value is readonly NamedCluster[] =>
  Array.isArray(value) && value.every((one: { scope?: unknown } | null) => typeof one?.scope === 'string');

/** The daemon as the command line sees it. Every failure is a CliError that says which address and what to do. */
export class DaemonClient {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = { ...options, url: options.url.replace(/\/+$/, '') };
  }

  /** Every command asks this first: here it shows whether the daemon is the one that is meant. */
  async scopes(): Promise<readonly string[]> {
    const { expected, url } = this.#options;
    const answer = (await this.#ask('GET', '/v1/clusters')) as { clusters?: unknown } | null;
    const clusters = answer?.clusters;
    if (!areClusters(clusters)) throw notEkimi(url, 'with something else than its clusters');
    this.#options.onClusters?.(clusters.length);
    if (expected !== null) mustBeOurs(expected, clusters, url);
    return clusters.map(({ scope }) => scope);
  }

  async snapshot(scope: string): Promise<ClusterSnapshot> {
    return (await this.#ask('GET', `/v1/clusters/${encodeURIComponent(scope)}`)) as ClusterSnapshot;
  }

  /** The newest `limit`, oldest of them first; asked for page by page, since a page is bounded in entries and bytes. */
  async journal(scope: string, { limit, ...only }: JournalSpan & { limit: number }): Promise<readonly JournalEntry[]> {
    let found: readonly JournalEntry[] = [];
    let before: number | null = only.beforeSeq ?? null;
    do {
      const page: string = before === null ? '' : `&before=${before}`;
      const asked = Math.min(limit - found.length, MOST_AT_ONCE);
      const answer = (await this.#ask('GET', `${journalPath(scope)}?limit=${asked}${spanQuery(only)}${page}`)) as {
        entries: readonly JournalEntry[];
        before?: number | null;
      };
      found = [...answer.entries, ...found];
      before = answer.before ?? null;
    } while (before !== null && found.length < limit);
    return found;
  }

  /** All of it, oldest first, page by page. */
  async *journalFrom(scope: string, kinds: readonly string[]): AsyncIterable<JournalEntry> {
    let after: number | null = 0;
    do {
      const path = `${journalPath(scope)}?after=${after}&limit=${PAGE_FORWARDS}${spanQuery({ kinds })}`;
      const answer = (await this.#ask('GET', path, undefined, REPORT_TIMEOUT_MS)) as {
        entries: readonly JournalEntry[];
        after?: number | null;
      };
      yield* answer.entries;
      after = answer.after ?? null;
    } while (after !== null);
  }

  /** Is its journal whole? All of it is read there. */
  async checkJournal(scope: string): Promise<JournalReport> {
    return (await this.#ask('GET', `${journalPath(scope)}/check`, undefined, REPORT_TIMEOUT_MS)) as JournalReport;
  }

  /** The number of the last recorded pass at or before `atMs`. */
  async seqAt(scope: string, atMs: number): Promise<number> {
    const path = `/v1/clusters/${encodeURIComponent(scope)}/at?time=${atMs}`;
    return ((await this.#ask('GET', path)) as { seq: number }).seq;
  }

  decide(scope: string, id: string, verb: 'approve' | 'reject', reason: string): Promise<string> {
    const path = `/v1/clusters/${encodeURIComponent(scope)}/approvals/${encodeURIComponent(id)}/${verb}`;
    return this.#change('POST', path, { reason });
  }

  acknowledge(scope: string, id: string, reason: string): Promise<string> {
    const path = `/v1/clusters/${encodeURIComponent(scope)}/incidents/${encodeURIComponent(id)}/acknowledge`;
    return this.#change('POST', path, { reason });
  }

  pause(scope: string, body: { subject: string; reason: string; expiresInMs?: number }): Promise<string> {
    return this.#change('POST', `/v1/clusters/${encodeURIComponent(scope)}/switches`, body);
  }

  resume(scope: string, subject: string): Promise<string> {
    return this.#change('DELETE', `/v1/clusters/${encodeURIComponent(scope)}/switches/${encodeURIComponent(subject)}`);
  }

  /** Held is an answer, not an error. */
  async runProcedure(scope: string, body: ProcedureBody): Promise<Exclude<ProcedureAnswer, { kind: 'refused' }>> {
    const path = `/v1/clusters/${encodeURIComponent(scope)}/procedures`;
    const said = await this.#ask('POST', path, body, PROCEDURE_TIMEOUT_MS).catch((cause: unknown) => {
      // What makes no sense there was written here.
      if (cause instanceof CliError && cause.code === 'bad-request')
        throw new CliError(
          'usage',
          { of: cause.code },
          cause.message,
          'ekimi run-procedure --help shows what each takes.',
          cause,
        );
      throw cause;
    });
    return (said as { answer: Exclude<ProcedureAnswer, { kind: 'refused' }> }).answer;
  }

  async runs(scope: string): Promise<readonly RunOverview[]> {
    const path = `/v1/clusters/${encodeURIComponent(scope)}/runs`;
    return ((await this.#ask('GET', path)) as { runs: readonly RunOverview[] }).runs;
  }

  async startRun(scope: string, request: RunRequest): Promise<Exclude<RunAnswer, { kind: 'refused' }>> {
    const path = `/v1/clusters/${encodeURIComponent(scope)}/runs`;
    const said = await this.#ask('POST', path, request, PROCEDURE_TIMEOUT_MS);
    return (said as { answer: Exclude<RunAnswer, { kind: 'refused' }> }).answer;
  }

  /** `seen`: the mark of the list that the person saw. */
  changeRun(scope: string, id: string, change: RunChange, reason: string, seen?: string): Promise<string> {
    const path = `/v1/clusters/${encodeURIComponent(scope)}/runs/${encodeURIComponent(id)}/${change}`;
    return this.#change('POST', path, { reason, ...(seen === undefined ? {} : { seen }) });
  }

  async checks(scope: string): Promise<Readonly<Record<string, DataCheck>>> {
    const path = `/v1/clusters/${encodeURIComponent(scope)}/checks`;
    return ((await this.#ask('GET', path)) as { checks: Readonly<Record<string, DataCheck>> }).checks;
  }

  /** `startedMs` by the daemon's clock; absent: by one of before, which did not tell. */
  async checkData(scope: string, request: CheckRequest): Promise<{ text: string; startedMs?: number }> {
    const said = await this.#ask('POST', `/v1/clusters/${encodeURIComponent(scope)}/checks`, request);
    return said as { text: string; startedMs?: number };
  }

  async policy(scope: string): Promise<PolicyMatrix> {
    return (await this.#ask('GET', `/v1/clusters/${encodeURIComponent(scope)}/policy`)) as PolicyMatrix;
  }

  async remediation(scope: string, id: string): Promise<{ remediation: Remediation; progress: Progress }> {
    const path = `/v1/clusters/${encodeURIComponent(scope)}/remediations/${encodeURIComponent(id)}`;
    return (await this.#ask('GET', path)) as { remediation: Remediation; progress: Progress };
  }

  /** Those that are at hand, or all that were open from then on. */
  async incidents(scope: string, sinceMs: number | null = null): Promise<readonly IncidentOverview[]> {
    const since = sinceMs === null ? '' : `?since=${sinceMs}`;
    const path = `/v1/clusters/${encodeURIComponent(scope)}/incidents${since}`;
    const answer = await this.#ask('GET', path, undefined, sinceMs === null ? 0 : REPORT_TIMEOUT_MS);
    return (answer as { incidents: readonly IncidentOverview[] }).incidents;
  }

  /** With all of its lines, asked for page by page. */
  async incident(
    scope: string,
    id: string,
  ): Promise<{ readonly incident: IncidentOverview; readonly lines: readonly Line[] }> {
    const path = `/v1/clusters/${encodeURIComponent(scope)}/incidents/${encodeURIComponent(id)}`;
    let lines: readonly Line[] = [];
    for (let before: number | null = null; ;) {
      const query: string = before === null ? '' : `?before=${before}`;
      const answer = (await this.#ask('GET', `${path}${query}`, undefined, REPORT_TIMEOUT_MS)) as {
        incident: IncidentOverview;
        lines: readonly Line[];
        before?: number | null;
      };
      lines = [...answer.lines, ...lines];
      before = answer.before ?? null;
      if (before === null) return { incident: answer.incident, lines };
    }
  }

  /** `untilMs` null: until now. */
  async report(scope: string, sinceMs: number, untilMs: number | null): Promise<Report> {
    const query = `since=${sinceMs}${untilMs === null ? '' : `&until=${untilMs}`}`;
    return (await this.#ask(
      'GET',
      `/v1/clusters/${encodeURIComponent(scope)}/report?${query}`,
      undefined,
      REPORT_TIMEOUT_MS,
    )) as Report;
  }

  async #change(method: string, path: string, body?: unknown): Promise<string> {
    return ((await this.#ask(method, path, body)) as { text: string }).text;
  }

  async #ask(method: string, path: string, body?: unknown, atLeastMs = 0): Promise<unknown> {
    const { url, token, trust } = this.#options;
    const timeoutMs = Math.max(this.#options.timeoutMs ?? 10_000, atLeastMs);
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await exchange(`${url}${path}`, {
      method,
      signal,
      ...(trust && { trust }),
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: toJson(body) }),
    }).catch((cause: unknown) => {
      // What an abort breaks off fails in words of its own.
      throw noDaemon(url, signal.aborted ? signal.reason : cause);
    });
    if (response.time !== null) this.#options.onTime(Number(response.time));
    const answer = parse(response.text, url);
    if (response.status >= 200 && response.status < 300) return answer;
    if (!isErrorBody(answer)) throw notEkimi(url, `with status ${response.status} and other words than ours`);
    const error: ErrorBody = answer;
    if (error.code === 'held') return answer;
    const exit = EXIT_OF_CODE[error.code] ?? EXIT_OF_STATUS[response.status] ?? 'failed';
    throw new CliError(exit, { of: error.code }, error.message, remedyOf(error));
  }
}

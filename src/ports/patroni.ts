import type { MemberName } from '../model/names.js';
import type { ClusterReport, DynamicConfig, HistoryRow, PatroniMetrics, PatroniStatus } from '../model/patroni.js';
import type { Reply, Step } from '../model/plan.js';
import type { Reading } from '../model/reading.js';

/**
 * Patroni's REST API, member by member. Reads never throw: what cannot be read is an `unknown` reading with its reason. An answer
 * whose scope is not ours is `wrong-scope`. A send goes out once, with a Content-Length, and is never retried. [patroni.md section 12]
 */
export interface PatroniPort {
  /** `atMostMs`: a shorter deadline than the configured one, for a member that was silent a moment ago. */
  status(member: MemberName, atMostMs?: number): Promise<Reading<PatroniStatus>>;
  cluster(member: MemberName): Promise<Reading<ClusterReport>>;
  config(member: MemberName): Promise<Reading<DynamicConfig>>;
  history(member: MemberName): Promise<Reading<readonly HistoryRow[]>>;
  metrics(member: MemberName): Promise<Reading<PatroniMetrics>>;
  /** HTTP status of `GET /replica`, 200 when a proxy would route reads to it. */
  replicaCheck(member: MemberName): Promise<Reading<number>>;
  /**
   * Whether the member lets us change anything: an empty `PATCH /config`, which Patroni refuses with 400, but only after it has looked at
   * the password and the address. `denied`: 401 or 403. Absent where nobody can be asked. [patroni.md section 3]
   */
  mayWrite?(member: MemberName): Promise<Reading<'granted'>>;
  send(step: Extract<Step, { port: 'patroni' }>): Promise<Reply>;
  close(): Promise<void>;
}

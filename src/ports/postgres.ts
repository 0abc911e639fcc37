import type { BeatRow, Heartbeat } from '../model/heartbeat.js';
import type { MemberName } from '../model/names.js';
import type { Reply, Step } from '../model/plan.js';
import type { Reading } from '../model/reading.js';
import type { SqlRights, SqlSettings, SqlSizes, SqlStatus } from '../model/sql.js';

/** PostgreSQL asked directly on each member: the channel that a dead Patroni does not close. */
export interface PostgresPort {
  status(member: MemberName): Promise<Reading<SqlStatus>>;
  /** What our user may do. For the doctor alone; absent where nobody can be asked. */
  rights?(member: MemberName): Promise<Reading<SqlRights>>;
  /** How much it holds on its disk. Absent where nobody can be asked. */
  sizes?(member: MemberName): Promise<Reading<SqlSizes>>;
  /** Parameters by name, as they are in force there. Absent where nobody can be asked. */
  settings?(member: MemberName, names: readonly string[]): Promise<Reading<SqlSettings>>;
  /** Writes one row of the heartbeat on the leader. Absent where none is configured. */
  beat?(member: MemberName, row: BeatRow): Promise<Reading<Heartbeat>>;
  /** Could it? For the doctor alone; writes nothing. */
  beatReady?(member: MemberName): Promise<Reading<'ready'>>;
  send(step: Extract<Step, { port: 'sql' }>): Promise<Reply>;
  close(): Promise<void>;
}

import { formatLsn, lsnFromNumber, parseLsn } from '../model/names.js';
import type { SurplusWal, WalSpan } from '../model/surplus.js';
import { positionOf } from './postgres-facts.js';
import type { MemberSim, World } from './state.js';

const RECORD_BYTES = 112;
const COMMIT_BYTES = 1024;

/** What pg_waldump finds past a position in the WAL of a member. */
export function surplusOf(world: World, { postgres }: MemberSim, span: WalSpan): SurplusWal {
  const from = Number(parseLsn(span.from) ?? 0n);
  const end = positionOf(postgres);
  const bytes = Math.max(0, end - from);
  const commits = postgres.surplus === 'nothing' || bytes === 0 ? 0 : Math.ceil(bytes / COMMIT_BYTES);
  const isHere = postgres.timeline === span.timeline;
  return {
    ...span,
    to: bytes === 0 ? null : formatLsn(lsnFromNumber(end)),
    records: Math.ceil(bytes / RECORD_BYTES),
    commits,
    firstMs: commits === 0 ? null : world.time.nowMs,
    lastMs: commits === 0 ? null : world.time.nowMs,
    relations: commits === 0 ? [] : [{ relation: '1663/5/16384', records: commits }],
    systemIdentifier: world.systemIdentifier,
    doubts: isHere ? [] : [`its last checkpoint is on timeline ${postgres.timeline}, not ${span.timeline}`],
  };
}

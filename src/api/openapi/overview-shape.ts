import { z } from 'zod';
import {
  approval,
  breaker,
  budget,
  bytes,
  incident,
  killSwitch,
  level,
  mode,
  problem,
  remediation,
  tenure,
  text,
  time,
} from './shapes.js';

const rotation = z.enum(['in', 'down', 'drain', 'maint', 'absent', 'unknown']);
const member = z.object({
  name: text,
  state: text,
  sinceMs: time.nullable(),
  role: text,
  stateText: text.nullable(),
  holdsLeaderKey: z.boolean().nullable(),
  timeline: z.int().nullable(),
  lagBytes: bytes,
  lagFrom: text,
  lagAgeMs: z.number().nullable(),
  lagAgeBy: text.nullable(),
  writes: rotation,
  reads: rotation,
  sessions: z.int().nullable(),
  drain: z.looseObject({ member: text, sinceMs: time, by: text.optional() }).nullable(),
  poolText: text,
  pendingRestart: z.boolean(),
  tags: z.array(text),
  host: text.nullable(),
  atMs: time.nullable(),
});
const pool = z.object({
  use: z.enum(['writes', 'reads']),
  proxy: text.optional(),
  backend: text,
  servers: z.array(
    z.object({ name: text, member: text.nullable().optional(), status: text, rotation, sessions: z.int() }),
  ),
});
const endpoint = z.object({
  name: text,
  healthy: z.boolean().nullable(),
  isLeader: z.boolean(),
  version: text.nullable(),
  dbSizeBytes: bytes,
  host: text.nullable(),
  reason: text.nullable(),
});
const source = z.object({
  source: text,
  channel: text,
  subject: text.nullable(),
  kind: z.enum(['fresh', 'stale', 'unknown', 'unread', 'off']),
  atMs: time,
  fault: text.nullable(),
  reason: text.nullable(),
});
const pooler = z.object({
  name: text,
  paused: z.boolean().nullable().describe('null: its console gave no answer'),
  untilMs: time.nullable().describe('When a pause of ours ends at the latest'),
  waiting: z.int().nullable(),
  databases: z.array(
    z.object({ name: text, paused: z.boolean(), servers: z.int(), waiting: z.int(), maxWaitMs: z.number() }),
  ),
  text,
});
/** `Overview` of `src/api/overview.ts`, as JSON. */
export const overview = z.object({
  scope: text,
  demo: z.literal(true).optional(),
  atMs: time,
  level,
  state: text,
  headline: text,
  outOfReads: z.array(text),
  sinceMs: time.nullable(),
  mode,
  brakes: z.array(text).describe('What keeps it from sending; empty: it may act'),
  tenure,
  sentence: text,
  leader: text.nullable(),
  leaderNote: text.nullable(),
  leaseTtlMs: z.number().nullable(),
  timeline: z.int().nullable(),
  members: z.array(member),
  pools: z.array(pool),
  proxyNote: text.nullable(),
  poolers: z.array(pooler),
  endpoints: z.array(endpoint),
  sources: z.array(source),
  incidents: z.array(incident),
  problems: z.array(problem),
  inFlight: z.array(remediation),
  ended: z.array(remediation),
  approvals: z.array(
    approval.extend({
      consequence: z
        .object({ destroys: text, remains: text, takes: text })
        .describe('What a person agrees to, in three sentences'),
      now: text.nullable().describe('Why it is asked for by what is seen now; null: nothing calls for it any more'),
      steps: z.array(text).describe('Its requests as they would be sent now'),
    }),
  ),
  switches: z.array(killSwitch),
  budget,
  breaker,
  lag: z.object({ warningBytes: z.number(), criticalBytes: z.number(), emergencyBytes: z.number() }),
  staleAfterMs: z.number(),
  impaired: z.array(text),
});

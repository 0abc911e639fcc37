import { z } from 'zod';
import { ACTION_WINDOWS } from '../../model/policy.js';
import { RISKS } from '../../model/plan.js';
import { overview } from './overview-shape.js';
import { incident, mode, run, snapshot, text, time } from './shapes.js';

/** What is told of a span of time, of a moment, and of the policy by which it was decided. */

const ms = z.number();
const spread = z.object({ count: z.int(), p50Ms: ms.nullable(), p99Ms: ms.nullable() });
const counts = z.record(text, z.int());
const tone = z.enum(['good', 'plain', 'quiet', 'warn', 'bad']);

export const plots = z.object({
  fromMs: time,
  toMs: time,
  stepMs: ms,
  members: z
    .record(text, z.array(z.number().nullable()))
    .describe('The most that each was behind in the step, in bytes; null: nothing is known, or it led'),
  writable: z
    .array(z.number().nullable())
    .describe('Which part of the known time of the step clients could write, 0 to 1; null: nothing is known'),
  marks: z.array(
    z.object({
      atMs: time,
      kind: z.enum(['incident-begin', 'incident-end', 'request', 'verdict', 'page', 'switch']),
      incident: text.optional(),
      text,
      tone,
    }),
  ),
  marksLeftOut: z.int().describe('Older ones, of which there are too many'),
});

export const moment = z.object({
  seq: z.int().describe('Of the recorded pass in the journal'),
  atMs: time,
  previousMs: time.nullable().describe('The recorded pass before it; null: none'),
  nextMs: time.nullable().describe('The recorded pass after it; null: none'),
  overview,
  run: run.nullable(),
  snapshot,
});

const brake = z.object({
  by: z.enum(['mode', 'kill-switch', 'breaker', 'budget', 'freeze', 'window', 'requirement']),
  text,
  untilMs: time.nullable(),
});

export const policy = z.object({
  mode,
  brakes: z.array(brake).describe('What holds every row'),
  rows: z.array(
    z.object({
      kind: z.enum(['action', 'procedure']),
      name: text,
      risk: z.enum(RISKS).nullable().describe('null: of a procedure, whose stages each have their own'),
      doing: z.enum(['alone', 'asks', 'never']),
      says: text.describe('Its mode in the policy, word for word'),
      byItself: z.boolean().describe('A problem calls for it; false: a person or a procedure starts it'),
      window: z.enum(ACTION_WINDOWS),
      brakes: z.array(brake).describe('Beside those that hold everything'),
    }),
  ),
});

export const report = z.object({
  scope: text,
  sinceMs: time,
  untilMs: time,
  watchedMs: ms.describe('How much of that time a recorded pass stands for that saw anything'),
  withoutWrites: z.object({ ms, unsureMs: ms }),
  incidents: z.array(incident.omit({ name: true, text: true, withoutWritesMs: true })),
  withoutIncidents: z
    .object({ untilMs: time.nullable() })
    .optional()
    .describe('A version that kept no incidents wrote until then'),
  causes: z.array(
    z.object({
      cause: text,
      count: z.int(),
      open: z.int(),
      withoutWritesMs: ms,
      unsureMs: ms,
      stock: z.object({ leastMs: ms, mostMs: ms.nullable(), source: text }).nullable(),
    }),
  ),
  actions: z.array(
    z.object({
      action: text,
      did: counts.describe('Really sent, by how it ended'),
      would: counts.describe('In dry-run, by what became of it'),
      lostMs: ms,
    }),
  ),
  times: z.object({ detect: spread, act: spread, verify: spread }),
  pages: z.int(),
  operators: z.array(z.object({ by: text, what: text, count: z.int() })),
});

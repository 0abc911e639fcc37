import { z } from 'zod';
import { overview } from './overview-shape.js';
import * as past from './history-shapes.js';
import * as shapes from './shapes.js';

const text = z.string();
const reasons = z.array(text);
const stage = z.looseObject({ key: text, text });
const started = z.object({
  kind: z.literal('started'),
  id: text.describe('Ask for it under runs or remediations'),
  stages: z.array(stage).optional(),
  plan: shapes.plan.optional(),
  why: text.optional(),
  steps: z.array(text).optional(),
});
const gated = { plan: shapes.plan, why: text, steps: z.array(text), blocks: z.array(shapes.block) };
const before = z.int().nullable().optional();

/**
 * What each route answers with, by method, path and status. A route without a row answers with JSON of no stated shape. Errors are the same
 * everywhere and have no rows, but for those that say more.
 */
export const ANSWERS: Readonly<Record<string, Readonly<Record<number, z.ZodType>>>> = {
  'GET /healthz': {
    200: z.object({ status: z.literal('ok'), reasons }),
    503: z.object({ status: z.literal('failing'), reasons }),
  },
  'GET /readyz': {
    200: z.object({ status: z.literal('ready'), reasons }),
    503: z.object({ status: z.literal('not-ready'), reasons }),
  },
  'GET /v1': {
    200: z.object({ paths: z.array(z.object({ method: text, path: text, access: text, summary: text })) }),
  },
  'GET /v1/openapi.json': { 200: z.looseObject({ openapi: z.literal('3.1.0') }) },
  'GET /v1/clusters': { 200: z.object({ clusters: z.array(shapes.clusterRow) }) },
  'GET /v1/clusters/:scope': { 200: shapes.snapshot },
  'GET /v1/clusters/:scope/overview': { 200: overview },
  'GET /v1/clusters/:scope/problems': { 200: z.object({ problems: z.array(shapes.problem) }) },
  'GET /v1/clusters/:scope/decisions': { 200: z.object({ decisions: z.array(shapes.decision) }) },
  'GET /v1/clusters/:scope/plan': { 200: z.object({ mode: text, plans: z.array(shapes.heldPlan) }) },
  'GET /v1/clusters/:scope/ledger': {
    200: z.object({
      ledger: z.looseObject({
        remediations: z.array(shapes.remediation),
        approvals: z.array(shapes.approval),
        switches: z.array(shapes.killSwitch),
        breaker: shapes.breaker,
      }),
      budget: shapes.budget,
    }),
  },
  'GET /v1/clusters/:scope/policy': { 200: past.policy },
  'GET /v1/clusters/:scope/history': { 200: past.plots },
  'GET /v1/clusters/:scope/at': { 200: past.moment },
  'GET /v1/clusters/:scope/report': { 200: past.report },
  'GET /v1/clusters/:scope/approvals': { 200: z.object({ approvals: z.array(shapes.approval) }) },
  'GET /v1/clusters/:scope/journal': {
    200: z.object({
      entries: z.array(shapes.entry).optional().describe('With form=full, which is the default'),
      lines: z.array(shapes.line).optional().describe('With form=line'),
      before,
      after: before.describe('With ?after=SEQ, in place of before'),
    }),
  },
  'GET /v1/clusters/:scope/journal/check': {
    200: z.object({
      files: z.int(),
      entries: z.int(),
      firstSeq: z.int().nullable(),
      lastSeq: z.int().nullable(),
      torn: z.int().describe('Remains of writes that were cut off; no fault'),
      faults: z.array(z.object({ where: text, why: text })),
    }),
  },
  'POST /v1/clusters/:scope/approvals/:id/approve': { 200: shapes.changed },
  'POST /v1/clusters/:scope/approvals/:id/reject': { 200: shapes.changed },
  'POST /v1/clusters/:scope/switches': { 200: shapes.changed },
  'DELETE /v1/clusters/:scope/switches/:subject': { 200: shapes.changed },
  'GET /v1/clusters/:scope/incidents': { 200: z.object({ incidents: z.array(shapes.incident) }) },
  'GET /v1/clusters/:scope/incidents/:id': {
    200: z.object({ incident: shapes.incident, lines: z.array(shapes.line), more: z.boolean(), before }),
  },
  'POST /v1/clusters/:scope/incidents/:id/acknowledge': { 200: shapes.changed },
  'GET /v1/clusters/:scope/procedures': {
    200: z.object({
      mode: text,
      procedures: z.array(z.looseObject({ name: text, mode: text, usage: text, summary: text })),
    }),
  },
  'POST /v1/clusters/:scope/procedures': {
    200: z.object({
      ok: z.literal(true),
      answer: z.union([
        z.object({ kind: z.literal('rehearsed'), id: text, plan: shapes.plan, why: text, steps: z.array(text) }),
        z.object({ kind: z.literal('planned'), ...gated }),
      ]),
    }),
    202: z.object({ ok: z.literal(true), answer: started }),
    409: shapes.apiError.extend({ answer: z.object({ kind: z.literal('held'), ...gated }).optional() }),
  },
  'GET /v1/clusters/:scope/remediations/:id': {
    200: z.object({ remediation: shapes.remediation, progress: shapes.progress }),
  },
  'GET /v1/clusters/:scope/runs': { 200: z.object({ runs: z.array(shapes.run) }) },
  'POST /v1/clusters/:scope/runs': {
    200: z.object({ ok: z.literal(true), answer: z.object({ kind: z.literal('planned'), stages: z.array(stage) }) }),
    202: z.object({ ok: z.literal(true), answer: started }),
  },
  'POST /v1/clusters/:scope/runs/:id/:change': { 200: shapes.changed },
  'GET /v1/clusters/:scope/checks': { 200: z.object({ checks: z.record(text, shapes.dataCheck) }) },
  'POST /v1/clusters/:scope/checks': {
    202: shapes.changed.extend({
      startedMs: z.number().optional().describe('Of the check that was begun: the last one before has another'),
    }),
  },
};

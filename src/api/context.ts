import type { ClusterSnapshot, ControllerPort } from '../model/snapshot.js';
import type { Access, Caller } from './auth.js';
import { ApiError } from './errors.js';
import type { Turnstile } from './turnstile.js';
import type { RouteSchema } from './validation.js';

export interface Context {
  readonly controller: ControllerPort;
  readonly now: () => number;
  readonly startedAtMs: number;
  readonly journalReads: Turnstile;
}

export interface Call {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | number>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly caller: Caller | null;
}

/** `status` 200 unless a probe says otherwise; the body is serialised with positions as strings. */
export interface Answer {
  readonly status?: number;
  readonly body: unknown;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** In fastify's notation. */
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
  readonly schema?: RouteSchema;
  readonly handle: (context: Context, call: Call) => Answer | Promise<Answer>;
}

export function known({ controller }: Context, call: Call): string {
  const scope = call.params['scope'] ?? '';
  if (!controller.scopes().includes(scope))
    throw new ApiError('unknown-scope', `no cluster ${scope}; configured: ${controller.scopes().join(', ') || 'none'}`);
  return scope;
}

export function snapshotOf(context: Context, call: Call): ClusterSnapshot {
  const snapshot = context.controller.snapshot(known(context, call));
  if (snapshot === null) throw new ApiError('no-snapshot-yet');
  return snapshot;
}

export const who = (call: Call): string => call.caller?.name ?? 'unknown';
export const why = (call: Call): string => String(call.body['reason']).trim();

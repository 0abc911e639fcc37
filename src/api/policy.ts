import { policyMatrix } from '../words/policy-matrix.js';
import type { Route } from './context.js';
import { snapshotAsked, TIME_QUERY } from './past.js';

export const POLICY_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/clusters/:scope/policy',
    access: 'viewer',
    summary:
      'The effective policy: of each action and procedure whether Ekimi does it alone, asks, or never does it, and what holds it now and until when; with ?time=TIME (milliseconds or ISO 8601) as it was then, by what the journal kept.',
    schema: TIME_QUERY,
    handle: async (context, call) => {
      const { policy, ledger, windows, atMs, view } = await snapshotAsked(context, call);
      return { body: policyMatrix(policy, ledger, windows, atMs, view?.actuators ?? null) };
    },
  },
];

import { policyMatrix } from '../words/policy-matrix.js';
import { snapshotOf, type Route } from './context.js';

export const POLICY_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/clusters/:scope/policy',
    access: 'viewer',
    summary:
      'The effective policy: of each action and procedure whether Ekimi does it alone, asks, or never does it, and what holds it now and until when.',
    handle: (context, call) => {
      const { policy, ledger, windows, atMs, view } = snapshotOf(context, call);
      return { body: policyMatrix(policy, ledger, windows, atMs, view?.actuators ?? null) };
    },
  },
];

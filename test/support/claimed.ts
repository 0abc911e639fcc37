import { ACTIONS } from '../../src/actions/index.js';
import { withClaims } from '../../src/ledger/claims.js';
import type { Ledger, Remediation } from '../../src/model/ledger.js';
import { testPolicy } from './policy.js';
import { viewOf } from './view.js';

/** The ledger with what this run makes ours before its first request. */
export const claimedBy = (ledger: Ledger, run: Remediation): Ledger =>
  withClaims(ledger, ACTIONS[run.plan.action].claims?.({ ledger, policy: testPolicy(), view: viewOf() }, run) ?? {});

import { appointmentOf } from '../actions/switchover.js';
import { withRemediation } from '../ledger/after-pass.js';
import type { Remediation, RemediationPhase } from '../model/ledger.js';
import { write } from './record.js';
import type { Session } from './session.js';

const END = { kept: 'succeeded', withdrawn: 'abandoned', missed: 'ineffective' } as const satisfies Record<
  string,
  RemediationPhase
>;

/**
 * A switchover that was scheduled is Patroni's from then on: it neither occupies us nor depends on us. What became of it is written down
 * once, when its key is gone or its time is over.
 */
export async function noteAppointments(session: Session): Promise<void> {
  const { view } = session;
  if (view === null) return;
  for (const row of session.ledger.remediations) {
    if (!isStanding(row)) continue;
    const appointment = appointmentOf(view, row.plan, session.policy.actions.switchover.timeoutMs);
    if (appointment === null || appointment.kind === 'waiting') continue;
    const { ending: _, ...rest } = row;
    const ended: Remediation = {
      ...rest,
      phase: END[appointment.kind],
      endedAtMs: session.parts.ports.clock.now(),
      detail: appointment.text,
    };
    session.ledger = withRemediation(session.ledger, ended);
    await write(session, { kind: 'verdict', id: ended.id, remediation: ended });
  }
}

/** From the verdict on the request until the verdict on the appointment. */
const isStanding = ({ phase, shadow, ending }: Remediation): boolean =>
  !shadow && phase === 'succeeded' && ending === 'scheduled';

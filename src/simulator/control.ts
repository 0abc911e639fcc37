import type { ControlData } from '../model/control.js';
import { formatLsn, lsnFromNumber } from '../model/names.js';
import { positionOf } from './postgres-facts.js';
import type { MemberSim, World } from './state.js';

/** What pg_controldata says of a data directory on which nothing runs. */
export function controlOf(world: World, { host, postgres }: MemberSim): ControlData {
  const isClean = host.exitCode === 0;
  const state = isClean ? 'shut down' : 'in production';
  const inRecovery = isClean ? 'shut down in recovery' : 'in archive recovery';
  return {
    systemIdentifier: world.systemIdentifier,
    state: postgres.inRecovery ? inRecovery : state,
    wasPrimary: !postgres.inRecovery,
    isClean,
    timeline: postgres.timeline,
    lsn: formatLsn(lsnFromNumber(positionOf(postgres))),
  };
}

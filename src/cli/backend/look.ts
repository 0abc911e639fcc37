import { doctorFindings } from '../../app/doctor.js';
import { apiRows } from '../../app/doctor-api.js';
import { channelRows } from '../../app/doctor-notifications.js';
import { askPeers, peerRows } from '../../app/doctor-peers.js';
import { policyFor } from '../../app/files.js';
import { askRights, NO_RIGHTS, rightsFindings } from '../../app/grants.js';
import { lookOnce } from '../../app/single-look.js';
import type { ClusterSnapshot } from '../../model/snapshot.js';
import type { DoctorRow } from '../backend.js';
import { filesOf } from './files.js';

/** One pass over every cluster that sends nothing. */
export const look = (configFile: string, version: string): Promise<readonly ClusterSnapshot[]> =>
  lookOnce(filesOf(configFile), version);

/** A person asks what works at all: slow is not silent. */
const PATIENCE_MS = 5_000;

/** What such a pass, and the rights of our login, say of each channel and each actuator. */
export async function doctor(configFile: string, version: string): Promise<readonly DoctorRow[]> {
  const files = filesOf(configFile);
  const [snapshots, rights, peers, channels] = await Promise.all([
    lookOnce(files, version, PATIENCE_MS),
    askRights(files),
    askPeers(files),
    channelRows(files.config),
  ]);
  const rows = snapshots.flatMap((snapshot, index) => {
    const { policy, locator } = policyFor(files, snapshot.scope);
    const own: readonly DoctorRow[] = [
      ...doctorFindings(snapshot, policy, locator),
      ...rightsFindings(rights[index] ?? NO_RIGHTS, policy),
      ...peerRows(peers[index] ?? [], policy, Date.now()),
    ];
    return snapshots.length > 1 ? own.map((row) => ({ ...row, scope: snapshot.scope })) : own;
  });
  return [...rows, ...channels, ...apiRows(files.config, Date.now())];
}

import { isOpen } from '../model/incident.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import { incidentOverview, type IncidentOverview } from '../words/incident.js';

/** Those that are open, the oldest first. */
export const openIncidents = ({ ledger, atMs }: ClusterSnapshot): readonly IncidentOverview[] =>
  (ledger.incidents ?? []).filter(isOpen).map((one) => incidentOverview(one, atMs));

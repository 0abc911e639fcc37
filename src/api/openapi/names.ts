import { overview } from './overview-shape.js';
import * as shapes from './shapes.js';

/** By the name that each has in the document. */
export const SHAPES = {
  Cluster: shapes.clusterRow,
  Overview: overview,
  Snapshot: shapes.snapshot,
  Problem: shapes.problem,
  Plan: shapes.plan,
  Block: shapes.block,
  Decision: shapes.decision,
  HeldPlan: shapes.heldPlan,
  Approval: shapes.approval,
  Remediation: shapes.remediation,
  Progress: shapes.progress,
  KillSwitch: shapes.killSwitch,
  Incident: shapes.incident,
  Run: shapes.run,
  Line: shapes.line,
  Entry: shapes.entry,
  Changed: shapes.changed,
  Error: shapes.apiError,
} as const;

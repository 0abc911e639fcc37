import { fresh, unknown } from '../../../model/reading.js';
import type { RightSeen } from '../../../model/rights.js';
import type { ConsoleAnswer } from './console.js';

/** Of no database: whatever bears it holds nobody whom a RESUME would let go. */
const NOBODY = 'ekimi asks and resumes nobody';

/** Whoever may only look is told so before the console looks for the database. */
const MAY_NOT = /admin access needed/i;
const MAY = /no such database|is not paused/i;

/** Whether PAUSE and RESUME are ours: asked with a RESUME of a database that there is not. */
export async function rightsAtConsole(
  ask: (command: string) => Promise<ConsoleAnswer>,
  { source, nowMs }: { readonly source: string; readonly nowMs: () => number },
): Promise<readonly RightSeen[]> {
  const answer = await ask(`RESUME "${NOBODY}"`);
  const atMs = nowMs();
  if (answer.ok || MAY.test(answer.refused ?? ''))
    return [{ right: 'pooler-admin', seen: fresh('granted', atMs, source) }];
  const { fault, why, refused } = answer;
  const seen = unknown(MAY_NOT.test(refused ?? '') ? 'denied' : fault, `${source}: ${refused ?? why}`, atMs, source);
  return [{ right: 'pooler-admin', seen }];
}

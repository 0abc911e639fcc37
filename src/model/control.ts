import type { Reading } from './reading.js';

/** What the control file of a data directory says of it, read while nothing runs there. */
export interface ControlData {
  readonly systemIdentifier: string;
  /** How its server stood at its last word, as pg_controldata says it. */
  readonly state: string;
  /** It took writes, or had when it was shut down. */
  readonly wasPrimary: boolean;
  /** It was shut down: nothing lies behind `lsn` but what is told by nobody. */
  readonly isClean: boolean;
  /** The highest timeline that it is known to have been on; a replica that was not shut down may have gone on to a later one. */
  readonly timeline: number;
  /** It has all WAL up to here; of one that was not shut down more may follow. */
  readonly lsn: string;
}

export type ControlReadings = Readonly<Record<string, Reading<ControlData>>>;

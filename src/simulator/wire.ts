import { CONTROLLER } from './links.js';
import type { Step } from '../model/plan.js';
import type { ObserverSim } from './parts.js';
import type { World } from './state.js';

/** One request that reached a simulated part. Dry-run must leave this list empty. */
export interface SentRequest {
  readonly atMs: number;
  readonly port: Step['port'] | 'dcs';
  readonly text: string;
  /** The controller that sent it, where there are several. */
  readonly by?: string;
}

/** How the network treats the next sends: executed but the answer is lost, or lost on the way there. The sender sees `maybe` both times. */
export type SendFault = 'answer-lost' | 'never-arrives';

export interface Wire {
  readonly world: World;
  readonly requests: SentRequest[];
  readonly sendFaults: { readonly port: Step['port'] | null; readonly fault: SendFault }[];
}

/** The wire as one controller has it. */
export interface Sight extends Wire {
  readonly observer: ObserverSim;
}

export const sentBy = (controller: string): Pick<SentRequest, 'by'> =>
  controller === CONTROLLER ? {} : { by: controller };

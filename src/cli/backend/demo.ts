import { besideProgram } from '../beside.js';
import { runDemo } from '../../app/demo.js';
import type { DemoOptions } from '../backend.js';
import { filesOf } from './files.js';

const wall = {
  monotonicMs: () => performance.now(),
  every: (ms: number, call: () => void) => {
    const timer = setInterval(call, ms);
    return () => {
      clearInterval(timer);
    };
  },
};

/** The daemon on the simulated cluster, with the configuration that lies beside the program. */
export function demo(options: DemoOptions, version: string): Promise<number> {
  const configFile = besideProgram('config/demo.ekimi.yaml');
  return runDemo({ ...options, files: filesOf(configFile), configFile, version, wall });
}

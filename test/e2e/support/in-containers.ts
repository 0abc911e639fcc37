import { execFileSync } from 'node:child_process';
import { chmodSync, statSync } from 'node:fs';
import { build, TAG } from '../../../scripts/test/image.mjs';
import type { Launch } from './daemon.js';

const SOCKET = '/var/run/docker.sock';

let containers = 0;

/** The image, as hardened as it may be asked to stand, on the network of this host; certificates lie in folders of the test. */
export const inContainer = (...folders: readonly string[]): Launch => {
  return (directory, args) => {
    // Its user is none of ours.
    chmodSync(directory, 0o777);
    execFileSync('chmod', ['-R', 'a+rX', directory, ...folders]);
    const mounted = [directory, ...folders].flatMap((folder) => ['--volume', `${folder}:${folder}`]);
    const hardened = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
    const engine = ['--volume', `${SOCKET}:${SOCKET}`, '--group-add', String(statSync(SOCKET).gid)];
    containers += 1;
    const name = `ekimi-e2e-${process.pid}-${containers}`;
    return {
      kill: () => void execFileSync('docker', ['kill', name], { stdio: 'ignore' }),
      program: 'docker',
      args: [
        'run',
        '--rm',
        '--name',
        name,
        '--network',
        'host',
        ...hardened,
        ...engine,
        ...mounted,
        '--env',
        'E2E_PGPASSWORD',
        TAG,
        ...args,
      ],
    };
  };
};

/** The image of this checkout, built before the first of them. */
export const built = build;

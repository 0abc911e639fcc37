import { describe, expect, it } from 'vitest';
import {
  LIST_ASIDE_SCRIPT,
  LIST_STORE_ASIDE_SCRIPT,
  REMOVE_ASIDE_SCRIPT,
  STORE_ASIDE_SCRIPT,
} from '../../../../src/adapters/hosts/aside.js';
import { CONTROL_SCRIPT } from '../../../../src/adapters/hosts/control-text.js';
import { STORE_DATA_SCRIPT } from '../../../../src/adapters/hosts/store-data.js';

describe('a program that comes with Ekimi for hosts.commands', () => {
  it.each([
    [
      'ekimi-list-aside',
      LIST_ASIDE_SCRIPT,
      [
        'ekimi-list-aside [PATRONI_YML ...] - what lies aside of the data directory of a member, for hosts.commands.listAside.',
        'Run it as a user who can read the data directory and the folder around it. It writes nothing.',
      ],
    ],
    [
      'ekimi-remove-aside',
      REMOVE_ASIDE_SCRIPT,
      [
        'ekimi-remove-aside NAME [PATRONI_YML ...] - deletes a data directory that lies aside, for hosts.commands.removeAside.',
        "Run it as ekimi-move-aside is run: as a user who may delete it and look at PostgreSQL's processes, in PostgreSQL's own PID namespace.",
      ],
    ],
    [
      'ekimi-controldata',
      CONTROL_SCRIPT,
      [
        'ekimi-controldata [PATRONI_YML ...] - what the control file of a member says, for hosts.commands.controldata.',
        'Run it as a user who can read the data directory. It writes nothing.',
      ],
    ],
    [
      'ekimi-store-data',
      STORE_DATA_SCRIPT,
      [
        'ekimi-store-data DIRECTORY [MOUNT_POINT] - whether a data directory of etcd (--data-dir) holds any data, for hosts.commands.storeData.',
        'Where that directory lies on a volume of its own, name its mount point: not mounted, it would be taken for an etcd that lost its data.',
        'Run it as a user who can read the directory. It writes nothing.',
      ],
    ],
    [
      'ekimi-move-store-aside',
      STORE_ASIDE_SCRIPT,
      [
        'ekimi-move-store-aside SUFFIX DIRECTORY - renames the data of a stopped etcd member, `member` in its data directory (--data-dir), for hosts.commands.moveStoreAside.',
        'Run it as a user who may rename it. It deletes and copies nothing.',
      ],
    ],
    [
      'ekimi-list-store-aside',
      LIST_STORE_ASIDE_SCRIPT,
      [
        'ekimi-list-store-aside DIRECTORY - what lies aside of the data of an etcd member, in its data directory (--data-dir), for hosts.commands.listStoreAside.',
        'Run it as a user who can read the directory. It writes nothing.',
      ],
    ],
  ] as const)('%s is what is tested', async (name, script, [usage, ...more]) => {
    const head = ['#!/bin/sh', `# ${usage}`, ...more.map((line) => `# ${line}`)];
    await expect(`${head.join('\n')}\n${script}\n`).toMatchFileSnapshot(`../../../../config/${name}`);
  });
});

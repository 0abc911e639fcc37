import type { Aside, AsideDirectory } from '../model/aside.js';
import { isAsideSuffix } from '../model/aside.js';
import type { Reply } from '../model/plan.js';
import { directoryBytes, walBytes } from './disks.js';
import { note, type MemberSim, type World } from './state.js';

type Moved = Omit<Aside, 'tookMs' | 'status'>;

const HOME = '/var/lib/patroni';

const no = (text: string): Moved => ({ effect: 'none', text, to: null, bytes: null });

/** A stopped member's directory beside itself; what starts next finds none. */
export function moveAside(
  world: World,
  member: MemberSim,
  { id, suffix }: { readonly id: string; readonly suffix: string },
): Moved {
  const { host, postgres, name } = member;
  const folder = `data.${suffix}`;
  if (!isAsideSuffix(suffix)) return no(`"${suffix}" is no suffix of a directory`);
  if (id !== host.id) return no(`another container bears the name of ${name} now`);
  if (host.state !== 'stopped') return no(`${name} is not stopped`);
  if (postgres.directory === 'empty') return no(`there is no data directory in ${HOME}/data`);
  if (postgres.disk.walTotal !== null) return no('its pg_wal lies elsewhere');
  if (postgres.disk.asides.some((one) => one.name === folder)) return no(`${HOME}/${folder} is there already`);
  const moved = {
    name: folder,
    path: `${HOME}/${folder}`,
    bytes: directoryBytes(world, member) + walBytes(world, member),
  };
  postgres.disk.asides = [...postgres.disk.asides, moved];
  Object.assign(postgres, { directory: 'empty', inRecovery: true, broken: false });
  note(world, `${name}'s data directory is moved aside`);
  return { effect: 'done', text: moved.path, to: moved.path, bytes: moved.bytes };
}

export const listAside = ({ postgres }: MemberSim): readonly AsideDirectory[] => postgres.disk.asides;

export function removeAside(world: World, { name, postgres }: MemberSim, folder: string): Omit<Reply, 'tookMs'> {
  const left = postgres.disk.asides.filter((one) => one.name !== folder);
  if (left.length === postgres.disk.asides.length)
    return { effect: 'none', status: null, text: `there is no directory ${HOME}/${folder}` };
  postgres.disk.asides = left;
  note(world, `${folder} of ${name} is removed`);
  return { effect: 'done', status: null, text: `${HOME}/${folder}` };
}

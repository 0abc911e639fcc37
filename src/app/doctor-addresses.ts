import type { AddressCheck, AddressMatch } from '../model/address.js';
import type { ClusterView } from '../model/view.js';
import { REMEDY } from '../words/doctor-remedy.js';
import type { DoctorFinding } from './doctor-finding.js';

const check = 'addresses';

/** What was compared how. A swapped address is found only where something could be held against what etcd has. */
export function addressRow({ addresses, dcs }: ClusterView): DoctorFinding {
  const rows = addresses ?? [];
  if (rows.length === 0) {
    const detail =
      dcs.keys.kind === 'unknown'
        ? 'not held against those in etcd, which does not answer'
        : 'none is held against those in etcd';
    return { check, verdict: 'off', detail, disables: [], remedy: REMEDY['addresses-later'] };
  }
  const wrong = rows.filter(({ how }) => how === 'wrong');
  const misdeclared = rows.filter(({ how, isDeclared }) => isDeclared && how === 'elsewhere');
  const said = (Object.keys(WORDS) as AddressMatch[]).flatMap((how) => {
    const of = rows.filter((row) => row.how === how);
    return of.length === 0 ? [] : [`${WORDS[how]}: ${of.map(rowText).join(', ')}`];
  });
  const told = { check, detail: said.join('; '), disables: wrong.length > 0 ? ['every action'] : [] };
  if (wrong.length === 0 && misdeclared.length === 0) return { ...told, verdict: 'ok' };
  return { ...told, verdict: wrong.length > 0 ? 'fail' : 'warn', remedy: REMEDY.addresses };
}

const WORDS: Readonly<Record<AddressMatch, string>> = {
  wrong: "another member's",
  elsewhere: 'another than etcd has, so not compared (name it in `advertised` where NAT or a tunnel lies between)',
  unresolved: 'not compared, since a name is not known here',
  untold: 'not compared, since etcd has none',
  'by-name': 'as in etcd, by what the names resolve to',
  same: 'as in etcd, word for word',
};

function rowText({ member, channel, ours, isDeclared, told, how, why }: AddressCheck): string {
  const name = `${member} ${channel}`;
  if (why !== undefined) return `${name} (${why})`;
  const place = isDeclared ? `${ours} by advertised` : ours;
  if (how === 'same') return isDeclared ? `${name} (${place})` : name;
  return told === null ? `${name} (${place})` : `${name} (${place}, in etcd ${told})`;
}

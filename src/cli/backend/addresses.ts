import { join } from 'node:path';
import { errorText } from '../../config/config-error.js';
import { loadAddresses } from '../../config/load-addresses.js';
import type { Addresses } from '../backend.js';
import { badConfig } from './bad-config.js';

/** Where an address that means "every interface" is reached from here. */
const reachable = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host);

/** Where the daemon of this configuration is, and how one who may read its journal gets its token. */
export function addressesOf(configFile: string): Addresses {
  const found = loadAddresses(configFile);
  if (!found.ok) throw badConfig(found.errors.map(errorText));
  return {
    apiUrl: `${found.certFile === null ? 'http' : 'https'}://${reachable(found.host)}:${found.port}`,
    certFile: found.certFile,
    journalDirectory: found.journalDirectory,
    tokenFile: join(found.journalDirectory, 'api-token'),
    clusters: found.clusters,
  };
}

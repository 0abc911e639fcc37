import { conform } from './conform.js';
import type { Loaded } from './config-error.js';
import { parseYaml, unreadable } from './document.js';
import { EKIMI_SCHEMA } from './ekimi-schema.js';
import type { Values } from './schema.js';
import { MAX_CONFIG_BYTES, readSmallFile } from './small-file.js';

export type ConfigValues = Values<typeof EKIMI_SCHEMA>;
export type ClusterValues = ConfigValues['clusters'][number];

/** `ekimi.yaml` by its schema, with defaults, before any rule between its keys and without its secrets. Never throws. */
export function readValues(file: string): Loaded<{ readonly values: ConfigValues }> {
  let bytes: Uint8Array;
  try {
    bytes = readSmallFile(file, MAX_CONFIG_BYTES);
  } catch (err) {
    return { ok: false, errors: [unreadable(file, err, 'configuration')] };
  }
  const yaml = parseYaml(file, bytes);
  if (!('document' in yaml)) return { ok: false, errors: yaml };
  const { values, errors, locator } = conform(yaml, EKIMI_SCHEMA);
  return values === null ? { ok: false, errors } : { ok: true, values, warnings: [], locator };
}

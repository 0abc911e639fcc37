import { errorText } from '../../config/config-error.js';
import { loadConfig } from '../../config/load-config.js';
import { readFiles } from '../../app/files.js';
import type { ConfigReport } from '../backend.js';

/** What is wrong with the files, each alone and all together. */
export function configReport(configFile: string): ConfigReport {
  const config = loadConfig(configFile, process.env);
  if (!config.ok) return { files: [{ file: configFile, faults: config.errors.map(errorText), warnings: [] }] };
  const first = { file: configFile, faults: [], warnings: config.warnings.map(errorText) };
  const { policyFile, clusters } = config.config;
  const files = readFiles(configFile, process.env);
  if (!files.ok) return { files: [first, { file: policyFile, faults: files.errors, warnings: [] }] };
  const own = clusters.flatMap(({ scope, policyFile: file }) => {
    const read = files.byScope.get(scope);
    if (file === undefined || read === undefined) return [];
    return [{ file, faults: read.ok ? [] : read.errors, warnings: read.ok ? read.warnings : [] }];
  });
  const warnings = files.warnings.slice(first.warnings.length);
  return { files: [first, { file: policyFile, faults: [], warnings }, ...own] };
}

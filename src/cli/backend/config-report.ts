import { errorText } from '../../config/config-error.js';
import { loadConfig } from '../../config/load-config.js';
import { loadPolicy } from '../../config/load-policy.js';
import { checkTogether } from '../../config/together.js';
import type { ConfigReport } from '../backend.js';

/** What is wrong with the two files, each alone and both together. */
export function configReport(configFile: string): ConfigReport {
  const config = loadConfig(configFile, process.env);
  if (!config.ok) return { files: [{ file: configFile, faults: config.errors.map(errorText), warnings: [] }] };
  const first = { file: configFile, faults: [], warnings: config.warnings.map(errorText) };
  const policy = loadPolicy(config.config.policyFile);
  if (!policy.ok)
    return { files: [first, { file: config.config.policyFile, faults: policy.errors.map(errorText), warnings: [] }] };
  const rows = checkTogether(config.config, policy.policy, policy.locator);
  const texts = (severity: 'error' | 'warning'): string[] =>
    rows.filter((row) => row.severity === severity).map(errorText);
  const second = {
    file: config.config.policyFile,
    faults: texts('error'),
    warnings: [...policy.warnings.map(errorText), ...texts('warning')],
  };
  return { files: [first, second] };
}

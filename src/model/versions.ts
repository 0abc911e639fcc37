/** `server_version_num` as people write it: `150018` is 15.18. */
export const serverVersionText = (version: number): string => `${majorOf(version)}.${version % 10_000}`;

/**
 * Whether a version as Patroni writes it (`3.0.2`, `4.1.0rc1`) is that one or a newer one; false of what is no version.
 */
export function isSince(version: string, [major, minor, patch]: readonly [number, number, number]): boolean {
  const [ofMajor = NaN, ofMinor = 0, ofPatch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (ofMajor !== major) return ofMajor > major;
  return ofMinor === minor ? ofPatch >= patch : ofMinor > minor;
}

/** PostgreSQL 10 and newer. */
export const majorOf = (version: number): number => Math.floor(version / 10_000);

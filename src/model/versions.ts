/** `server_version_num` as people write it: `150018` is 15.18. */
export const serverVersionText = (version: number): string => `${majorOf(version)}.${version % 10_000}`;

/** PostgreSQL 10 and newer. */
export const majorOf = (version: number): number => Math.floor(version / 10_000);

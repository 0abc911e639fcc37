export const BEFORE: string;
/** A build of the last commit of 0.1.0; null where this is no clone with its history. */
export function builtBefore(): { readonly folder: string; readonly remove: () => void } | null;

/** What `build` makes. */
export const TAG: string;
/** The image of this checkout; throws with the end of what was printed. */
export function build(): Promise<void>;

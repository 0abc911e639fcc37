import { fileURLToPath } from 'node:url';

/**
 * A file that lies beside the program, by its path in the package. From here, two folders down: where the build puts several modules into one file, it
 * lies two folders down as well.
 */
export const besideProgram = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export const SEGMENT_BYTES = 16 * 1024 * 1024;

/** The name of the segment that ends at a position. */
export function segmentBefore(timeline: number, lsn: number): string {
  const segment = Math.max(0, Math.ceil(lsn / SEGMENT_BYTES) - 1);
  const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');
  return hex(timeline) + hex(Math.floor(segment / 256)) + hex(segment % 256);
}

/**
 * Text from a cluster, safe to print: without what a terminal takes as a command (control characters) and without what turns
 * the reading direction round. One line.
 */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
export const clean = (text: string): string => text.replace(UNSAFE, '\ufffd');

/** Scrolls to a part of the page and moves the focus there, so that reading and tabbing go on from it. */
export function showPart(id: string): void {
  const part = document.getElementById(id);
  if (part === null) return;
  part.scrollIntoView({ block: 'start' });
  part.focus({ preventScroll: true });
}

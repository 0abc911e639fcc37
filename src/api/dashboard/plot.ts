// One uPlot in one element: made when the element comes, resized with it, given new data when there is some.
import uPlot from 'uplot';

/** Colours of the page, so that a plot follows light and dark. */
export const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() || '#888';

/** `x` in seconds since 1970, one list of values a series; null: nothing known. */
export type Columns = uPlot.AlignedData;

export class Plot {
  readonly #plot: uPlot;
  readonly #observer: ResizeObserver;

  constructor(root: HTMLElement, options: Omit<uPlot.Options, 'width'>, data: Columns) {
    this.#plot = new uPlot({ ...options, width: Math.max(200, root.clientWidth) }, data, root);
    this.#observer = new ResizeObserver(() => {
      const width = Math.max(200, root.clientWidth);
      if (width !== this.#plot.width) this.#plot.setSize({ width, height: options.height });
    });
    this.#observer.observe(root);
  }

  set(data: Columns): void {
    this.#plot.setData(data);
  }

  end(): void {
    this.#observer.disconnect();
    this.#plot.destroy();
  }
}

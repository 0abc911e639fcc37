export interface Samples {
  readonly pending: readonly number[];
  readonly firing: readonly number[];
}
export interface Life {
  readonly pending: number | null;
  readonly firing: number | null;
  readonly resolved: number | null;
  readonly missing: readonly string[];
}
export function waitsIn(rulesText: string): ReadonlyMap<string, boolean>;
export function samplesIn(
  result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly values: readonly (readonly [number, string])[];
  }[],
): ReadonlyMap<string, Samples>;
export function lifeOf(
  samples: Samples,
  at: { readonly faultS: number; readonly healedS: number; readonly untilS: number; readonly waits: boolean },
): Life;

// Figures over time, from the ledger's entries: what had been reported by each moment, corrections as the steps they were.

export interface LedgerEntry {
  at: number;
  // Unset: it says nothing of that figure. 0 is a report, too.
  arrests?: number;
  persons?: number;
  // It stands in the place of another entry.
  replaces: boolean;
  reversedAt?: number;
}

export interface SeriesPoint {
  at: number;
  // Unset: NOT REPORTED until then, which is not 0 (rule T3).
  arrests?: number;
  persons?: number;
  // A correction was among what led here.
  correction: boolean;
}

const added = (sum: number | undefined, part: number | undefined, sign: 1 | -1) => (part === undefined ? sum : (sum ?? 0) + sign * part);

export function seriesOf(entries: readonly LedgerEntry[]): SeriesPoint[] {
  const steps: { at: number; entry: LedgerEntry; sign: 1 | -1; correction: boolean }[] = [];
  for (const entry of entries) {
    if (entry.arrests === undefined && entry.persons === undefined) continue;
    steps.push({ at: entry.at, entry, sign: 1, correction: entry.replaces });
    if (entry.reversedAt !== undefined) steps.push({ at: entry.reversedAt, entry, sign: -1, correction: true });
  }
  steps.sort((a, b) => a.at - b.at);
  const points: SeriesPoint[] = [];
  let arrests: number | undefined;
  let persons: number | undefined;
  for (const { at, entry, sign, correction } of steps) {
    arrests = added(arrests, entry.arrests, sign);
    persons = added(persons, entry.persons, sign);
    const last = points.at(-1);
    const figures = { ...(arrests === undefined ? {} : { arrests }), ...(persons === undefined ? {} : { persons }) };
    // A reversal and what replaces it happen at one moment: one point, so that the line does not dip.
    if (last !== undefined && last.at === at) Object.assign(last, figures, { correction: last.correction || correction });
    else points.push({ at, ...figures, correction });
  }
  return points;
}

// No more than about `most` points, the corrections among them always; the last is kept.
export function thinned(points: readonly SeriesPoint[], most: number): SeriesPoint[] {
  if (points.length <= most) return [...points];
  const every = Math.ceil(points.length / most);
  return points.filter((point, i) => i % every === 0 || point.correction || i === points.length - 1);
}

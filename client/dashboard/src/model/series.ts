// Figures over time, from the ledger's entries: what had been reported by each moment, corrections as the steps they were.

export interface LedgerEntry {
  at: number;
  arrests: number;
  persons: number;
  // It stands in the place of another entry.
  replaces: boolean;
  reversedAt?: number;
}

export interface SeriesPoint {
  at: number;
  arrests: number;
  persons: number;
  // A correction was among what led here.
  correction: boolean;
}

export function seriesOf(entries: readonly LedgerEntry[]): SeriesPoint[] {
  const steps: SeriesPoint[] = [];
  for (const entry of entries) {
    if (entry.arrests === 0 && entry.persons === 0) continue;
    steps.push({ at: entry.at, arrests: entry.arrests, persons: entry.persons, correction: entry.replaces });
    if (entry.reversedAt !== undefined) {
      steps.push({ at: entry.reversedAt, arrests: -entry.arrests, persons: -entry.persons, correction: true });
    }
  }
  steps.sort((a, b) => a.at - b.at);
  const points: SeriesPoint[] = [];
  let arrests = 0;
  let persons = 0;
  for (const step of steps) {
    arrests += step.arrests;
    persons += step.persons;
    const last = points.at(-1);
    // A reversal and what replaces it happen at one moment: one point, so that the line does not dip.
    if (last !== undefined && last.at === step.at) {
      Object.assign(last, { arrests, persons, correction: last.correction || step.correction });
    } else {
      points.push({ at: step.at, arrests, persons, correction: step.correction });
    }
  }
  return points;
}

// No more than about `most` points, the corrections among them always; the last is kept.
export function thinned(points: readonly SeriesPoint[], most: number): SeriesPoint[] {
  if (points.length <= most) return [...points];
  const every = Math.ceil(points.length / most);
  return points.filter((point, i) => i % every === 0 || point.correction || i === points.length - 1);
}

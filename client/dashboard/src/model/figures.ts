// Figures as the screen shows them. Nothing is counted here: the ledger's totals say everything, this chooses words for
// what is there and for what is not.
import { FigureKind, type Coverage, type Figure, type StateFigures, type TallyTotals } from '../gen/muster/v1/tally_pb';

export type Shown =
  | { kind: 'value'; value: bigint; figure?: Figure }
  | { kind: 'not-reported' }
  | { kind: 'suppressed' }
  | { kind: 'withheld' };

export const NOT_REPORTED: Shown = { kind: 'not-reported' };

export function shownText(shown: Shown): string {
  switch (shown.kind) {
    case 'value':
      return shown.value.toLocaleString('en-US');
    case 'not-reported':
      return 'NOT REPORTED';
    case 'suppressed':
      return 'SUPPRESSED';
    case 'withheld':
      return 'WITHHELD';
  }
}

// Where there is no room for the word: on a map, and in a table on a telephone. Its legend is beside it.
export function shownShort(shown: Shown): string {
  return shown.kind === 'value' ? shownText(shown) : { 'not-reported': 'n.r.', suppressed: 'supp.', withheld: 'withh.' }[shown.kind];
}

// What a person reads who wonders why there is no number.
export function shownWhy(shown: Shown): string {
  switch (shown.kind) {
    case 'value':
      return '';
    case 'not-reported':
      return 'nobody has given a figure; that is not zero';
    case 'suppressed':
      return 'small counts could identify somebody (rules S1, S3)';
    case 'withheld':
      return 'your role does not see victim counts';
  }
}

export const VICTIM_FIGURES = [FigureKind.PERSONS, FigureKind.ADULTS, FigureKind.MINORS, FigureKind.SERVICES];

function value(figure: Figure): Shown {
  return { kind: 'value', value: figure.confirmed, figure };
}

// A victim count that the totals do not hold as a figure, as far as the viewer may read it at all.
function victimCount(totals: TallyTotals, kind: FigureKind, state: string): Shown {
  if (totals.suppressedVictimCounts.length === 0) {
    return totals.victimCountsWithheld ? { kind: 'withheld' } : NOT_REPORTED;
  }
  const found = totals.suppressedVictimCounts.find((one) => one.figure === kind && one.state === state);
  if (found === undefined) return NOT_REPORTED;
  return found.value === undefined ? { kind: 'suppressed' } : { kind: 'value', value: found.value };
}

const anyReport = (coverage: Coverage | undefined) => (coverage?.statesReporting.length ?? 0) > 0;

// A figure of the whole operation.
export function headline(totals: TallyTotals, kind: FigureKind): Shown {
  if (kind === FigureKind.ARRESTS) {
    return anyReport(totals.arrestsCoverage) && totals.arrests ? value(totals.arrests) : NOT_REPORTED;
  }
  const persons = !totals.victimCountsWithheld && anyReport(totals.personsCoverage);
  const figure =
    kind === FigureKind.SERVICES
      ? totals.services
      : persons
        ? { [FigureKind.PERSONS]: totals.persons, [FigureKind.ADULTS]: totals.adults, [FigureKind.MINORS]: totals.minors }[
            kind as FigureKind.PERSONS
          ]
        : undefined;
  return figure === undefined ? victimCount(totals, kind, '') : value(figure);
}

// A state's line.
export function ofState(totals: TallyTotals, state: StateFigures, kind: FigureKind): Shown {
  if (kind === FigureKind.ARRESTS) return state.arrests ? value(state.arrests) : NOT_REPORTED;
  const figure = {
    [FigureKind.PERSONS]: state.persons,
    [FigureKind.ADULTS]: state.adults,
    [FigureKind.MINORS]: state.minors,
    [FigureKind.SERVICES]: state.services,
  }[kind as FigureKind.PERSONS];
  return figure === undefined ? victimCount(totals, kind, state.state) : value(figure);
}

// "7 of 12 states reporting"
export function coverageText(coverage: Coverage | undefined): string {
  const reporting = coverage?.statesReporting.length ?? 0;
  const silent = coverage?.statesNotReported.length ?? 0;
  return `${reporting} of ${reporting + silent} states reporting`;
}

export function coverageOf(totals: TallyTotals, kind: FigureKind): Coverage | undefined {
  if (kind === FigureKind.ARRESTS) return totals.arrestsCoverage;
  return totals.victimCountsWithheld || kind === FigureKind.SERVICES ? undefined : totals.personsCoverage;
}

// What each figure counts, in one sentence, beside the figure.
export function definitionText(kind: FigureKind, bySource: boolean): string {
  const overlap = bySource
    ? 'An entry that its source counts inside another is not added again.'
    : "By the lead's definition: every entry is added.";
  switch (kind) {
    case FigureKind.ARRESTS:
      return 'Confirmed arrests, each once, by the agency that booked it. Persons identified or cited are not arrests.';
    case FigureKind.PERSONS:
      return `Persons recovered: adults, minors and persons of unknown age. ${overlap}`;
    case FigureKind.ADULTS:
      return `Adults recovered. ${overlap}`;
    case FigureKind.MINORS:
      return 'Minors recovered.';
    case FigureKind.SERVICES:
      return 'Services accepted and medical services given. They are not persons and may exceed them.';
    default:
      return '';
  }
}

export function dollars(cents: bigint): string {
  const whole = cents / 100n;
  return `$${whole.toLocaleString('en-US')}.${String(cents % 100n).padStart(2, '0')}`;
}

// A signed difference with a true minus sign: "+12", "−3", "0".
export function signed(difference: bigint | number): string {
  const text = difference.toLocaleString('en-US');
  return difference > 0 ? `+${text}` : text.replace('-', '−');
}

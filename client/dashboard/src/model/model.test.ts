import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { ConflictState } from '../gen/muster/v1/activity_pb';
import { ConflictViewSchema } from '../gen/muster/v1/deconfliction_pb';
import { PlanViewSchema } from '../gen/muster/v1/plan_pb';
import { NoticeSchema } from '../gen/muster/v1/submission_pb';
import { FigureKind, StateFiguresSchema, TallyCategory, TallyEntryRecordSchema, TallyTotalsSchema } from '../gen/muster/v1/tally_pb';
import { entries, totals } from '../fixture/united_front';
import { itemsOf, unowned } from './conflicts';
import { fileName, toCsv, toJson } from './export';
import { coverageText, definitionText, headline, ofState, shownText, signed } from './figures';
import { freshness } from './freshness';
import { Ledger, ledgerOf } from './ledger';
import { mergePatches } from './merge';
import { touchedBy } from './parts';
import { diffPlans } from './plan_diff';
import { seriesOf } from './series';
import { RECENT_MAX, applyPatch, emptySnapshot, type FeedItem } from './snapshot';
import { FOUR_ZONES, age, clockShort, countdown, toMs, toTimestamp, zoneLetters } from './times';
import { formatUrl, parseUrl } from './url_state';
import { uuid7 } from './uuid7';

describe('times', () => {
  const H_HOUR = Date.parse('2021-08-27T03:00:00Z');
  test('H-hour reads right in four zones (rule G5)', () => {
    expect(FOUR_ZONES.map((zone) => `${clockShort(H_HOUR, zone.iana)} ${zoneLetters(H_HOUR, zone.iana)}`)).toEqual(['23:00 EDT', '22:00 CDT', '21:00 MDT', '20:00 PDT']);
  });
  test('the clocks change across the end of daylight saving time', () => {
    const before = Date.parse('2021-11-07T06:30:00Z');
    expect([before, before + 3600_000].map((at) => `${clockShort(at)} ${zoneLetters(at, 'America/Chicago')}`)).toEqual(['01:30 CDT', '01:30 CST']);
  });
  test('the countdown reaches zero at H-hour, not a second before', () => {
    expect(countdown(H_HOUR, H_HOUR - 1)).toBe('H-00:00:01');
    expect(countdown(H_HOUR, H_HOUR)).toBe('H+00:00:00');
    expect(countdown(H_HOUR, H_HOUR - 90_061_000)).toBe('H-1 d 01:01:01');
  });
  test('an instant survives the way to the protocol and back', () => {
    expect(toMs({ $typeName: 'google.protobuf.Timestamp', ...toTimestamp(H_HOUR + 123) })).toBe(H_HOUR + 123);
    expect(age(59_999)).toBe('59 s');
    expect(age(3 * 3600_000 + 60_000)).toBe('3 h 1 min');
  });
});

describe('figures', () => {
  test('United Front is 102 arrests and 47 persons, 93 in the window (rules T1, T2)', () => {
    const all = totals(false);
    expect(shownText(headline(all, FigureKind.ARRESTS))).toBe('102');
    expect(shownText(headline(all, FigureKind.PERSONS))).toBe('47');
    expect(shownText(headline(all, FigureKind.MINORS))).toBe('2');
    expect(all.arrests?.inWindow).toBe(93n);
    expect(coverageText(all.personsCoverage)).toBe('7 of 12 states reporting');
    expect(shownText(headline(totals(true), FigureKind.PERSONS))).toBe('45');
  });
  test('what nobody reported is never 0 (rule T3)', () => {
    const iowa = totals(false).byState.find((one) => one.state === 'IA')!;
    expect(shownText(ofState(totals(false), iowa, FigureKind.PERSONS))).toBe('NOT REPORTED');
    expect(shownText(headline(create(TallyTotalsSchema), FigureKind.ARRESTS))).toBe('NOT REPORTED');
  });
  test('a withheld, a suppressed and a released victim count are told apart', () => {
    const state = create(StateFiguresSchema, { state: 'KY' });
    const withheld = create(TallyTotalsSchema, { victimCountsWithheld: true });
    expect(shownText(ofState(withheld, state, FigureKind.PERSONS))).toBe('WITHHELD');
    const suppressed = create(TallyTotalsSchema, {
      victimCountsWithheld: true,
      suppressedVictimCounts: [{ figure: FigureKind.PERSONS, state: 'KY' }, { figure: FigureKind.PERSONS, state: '', value: 47n }],
    });
    expect(shownText(ofState(suppressed, state, FigureKind.PERSONS))).toBe('SUPPRESSED');
    expect(shownText(headline(suppressed, FigureKind.PERSONS))).toBe('47');
    expect(shownText(headline(suppressed, FigureKind.MINORS))).toBe('NOT REPORTED');
  });
  test('differences carry their sign', () => {
    expect([signed(12n), signed(-3n), signed(0n)]).toEqual(['+12', '−3', '0']);
    expect(definitionText(FigureKind.ARRESTS, false)).toContain('not arrests');
  });
});

describe('the ledger', () => {
  test('ends at the published figures, the correction as one step without a dip', () => {
    const view = ledgerOf(entries()).view();
    expect(view.series.at(-1)).toMatchObject({ arrests: 102, persons: 47 });
    expect(view.series.filter((point) => point.correction)).toHaveLength(1);
    expect(view.corrections).toMatchObject([{ before: 6, after: [{ count: 9 }], author: 'sd-dci' }]);
    expect(Math.min(...view.series.map((point) => point.arrests ?? 0))).toBeGreaterThanOrEqual(0);
  });
  test('any order and any repetition gives the same (rule T15)', () => {
    const all = entries();
    const expected = ledgerOf(all).view();
    expect(ledgerOf([...all].reverse()).view()).toEqual(expected);
    expect(ledgerOf([...all, ...all]).view()).toEqual(expected);
  });
  test('a correction from the feed is the same as one that was read', () => {
    const all = entries();
    const old = all.find((one) => one.reversal !== undefined)!;
    const ledger = new Ledger();
    for (const one of all) if (one.replacesEntryId === '') ledger.add(one === old ? create(TallyEntryRecordSchema, { ...one, reversal: undefined } as never) : one);
    ledger.correct({ $typeName: 'muster.v1.TallyCorrection', entryId: old.entry!.entryId, reversal: old.reversal, replacements: all.filter((one) => one.replacesEntryId !== '') } as never);
    expect(ledger.view()).toEqual(ledgerOf(all).view());
  });
  test('what nobody has reported is not drawn as 0 (rule T3)', () => {
    const arrest = { entryId: 'e', category: TallyCategory.ARREST_BUYER, count: 5, status: 1 };
    const person = { entryId: 'f', category: TallyCategory.PERSON_RECOVERED_ADULT, count: 0, status: 1 };
    const of = (entry: object, at: number) => create(TallyEntryRecordSchema, { entry, reportedAt: toTimestamp(at) });
    expect(ledgerOf([of(arrest, 1000), of(person, 2000)]).view().series).toEqual([
      { at: 1000, arrests: 5, correction: false },
      { at: 2000, arrests: 5, persons: 0, correction: false },
    ]);
  });
  test('suspects and citations are no arrests (rule T11)', () => {
    const entry = { entryId: 'e', category: TallyCategory.CITATION, count: 5, status: 1 };
    expect(seriesOf([])).toEqual([]);
    expect(ledgerOf([create(TallyEntryRecordSchema, { entry, reportedAt: toTimestamp(1) })]).view().series).toEqual([]);
  });
});

describe('freshness', () => {
  const at = (silent: number, more = {}) => freshness({ ...emptySnapshot(0), link: { state: 'connected', since: 0, verifiedAt: 1_000_000 }, ...more }, undefined, undefined, 1_000_000 + silent);
  test('live, stale, cut off', () => {
    expect([at(2000).level, at(14_999).level, at(15_000).level, at(60_000).level]).toEqual(['live', 'live', 'stale', 'cut-off']);
    expect(at(2000).banner).toBe('');
    expect(at(20_000).banner).toContain('STALE');
  });
  test('a saved copy says so whatever the link says', () => {
    expect(at(2000, { savedAt: 900_000 })).toMatchObject({ level: 'saved', asOf: 900_000, word: 'SAVED COPY' });
  });
  test('an agent’s copy is cut off as of its own moment', () => {
    const board = { parts: { totals: { asOf: 500_000 } } } as never;
    expect(freshness({ ...emptySnapshot(0), link: { state: 'connected', since: 0, verifiedAt: 1_000_000 } }, board, undefined, 1_001_000)).toMatchObject({ level: 'cut-off', asOf: 500_000 });
  });
  test('the text is exact', () => {
    const now = Date.parse('2021-08-26T19:03:24Z');
    expect(freshness({ ...emptySnapshot(0), link: { state: 'connected', since: 0, verifiedAt: now - 2000 } }, undefined, undefined, now).text).toBe('as of 14:03:22 CT, 2 s ago');
  });
});

describe('conflicts', () => {
  test('what nobody owns comes first, then the earliest to respond to, what is over last', () => {
    const one = (id: string, state: ConflictState, owner: string, respondBy: number) =>
      create(ConflictViewSchema, { view: { case: 'conflict', value: { conflictId: id, state, ownerAgencyId: owner, respondBy: toTimestamp(respondBy) } } });
    const items = itemsOf([one('over', ConflictState.RESOLVED, 'w', 1), one('owned', ConflictState.OWNED, 'w', 2), one('late', ConflictState.OPEN, '', 9000), one('soon', ConflictState.OPEN, '', 5000)]);
    expect(items.map((item) => item.conflictId)).toEqual(['soon', 'late', 'owned', 'over']);
    expect(unowned(items)).toHaveLength(2);
  });
});

describe('the plan', () => {
  test('a diff names what was added, removed and changed, and rebuilds both sides', () => {
    const plan = (sections: [string, string][]) => create(PlanViewSchema, { sections: sections.map(([sectionId, body]) => ({ sectionId, title: sectionId, body })) });
    const diffs = diffPlans(plan([['a', 'x\ny\nz'], ['b', 'same'], ['gone', 'old']]), plan([['a', 'x\nY\nz'], ['b', 'same'], ['new', 'n']]));
    expect(diffs.map((one) => [one.sectionId, one.what])).toEqual([['a', 'changed'], ['b', 'same'], ['new', 'added'], ['gone', 'removed']]);
    const lines = diffs[0]!.lines;
    expect(lines.filter((l) => l.kind !== 'added').map((l) => l.text).join('\n')).toBe('x\ny\nz');
    expect(lines.filter((l) => l.kind !== 'removed').map((l) => l.text).join('\n')).toBe('x\nY\nz');
  });
});

describe('snapshots', () => {
  const item = (number: number): FeedItem => ({ number, at: number, cursor: String(number), previous: String(number - 1), operationId: 'op', notice: create(NoticeSchema) });
  test('no more than the last deliveries are held', () => {
    let snapshot = emptySnapshot(0);
    for (let i = 0; i < 40; ++i) snapshot = applyPatch(snapshot, { appended: Array.from({ length: 20 }, (_, j) => item(i * 20 + j)) });
    expect(snapshot.recent).toHaveLength(RECENT_MAX);
    expect(snapshot.recent.at(-1)?.number).toBe(799);
  });
  test('merged patches do what they do one after the other', () => {
    const view = { phase: 3 } as never;
    const a = { operations: { op: { view, parts: { totals: { absent: 'x' } } } }, appended: [item(1)], order: ['op'] };
    const b = { operations: { op: { parts: { claims: { absent: 'y' } } } }, appended: [item(2)], deliveries: 2 };
    expect(applyPatch(emptySnapshot(0), mergePatches(a, b))).toEqual(applyPatch(applyPatch(emptySnapshot(0), a), b));
  });
  test('what has not changed is the same object', () => {
    const before = applyPatch(emptySnapshot(0), { operations: { op: { view: {} as never, parts: { totals: { absent: 'x' } } } } });
    const after = applyPatch(before, { operations: { op: { parts: { claims: { absent: 'y' } } } } });
    expect(after.operations['op']!.parts.totals).toBe(before.operations['op']!.parts.totals);
  });
  test('a tally entry touches the totals and nothing of the plan', () => {
    const touched = touchedBy({ content: { case: 'tallyEntry', value: {} as never } });
    expect(touched).toContain('totals');
    expect(touched).not.toContain('acknowledgements');
    expect(touchedBy({ content: { case: undefined } })).toEqual([]);
  });
});

describe('the address', () => {
  test('every state survives the way to the address and back', () => {
    const state = { view: 'tallies' as const, operation: 'united-front-2021', states: ['KY', 'TN'], agencies: ['ky-ago'], moment: 1_630_000_000_000, theme: 'night' as const, wall: true };
    expect(parseUrl(formatUrl(state).slice(1))).toEqual(state);
    expect(formatUrl(parseUrl(''))).toBe('/');
  });
  test('what is not of its form is dropped', () => {
    expect(parseUrl('?view=x&operation=<b>&states=KY,kyx,<&agencies=../a&at=never&theme=pink')).toEqual(parseUrl(''.concat('?states=KY')));
  });
});

describe('files', () => {
  test('CSV quotes what needs it and disarms formulas', () => {
    expect(toCsv(['a', 'b'], [['x,"y"', '=1+1'], [3n, '-5']])).toBe('a,b\r\n"x,""y""",\'=1+1\r\n3,-5\r\n');
  });
  test('JSON writes 64-bit numbers as strings and no type names', () => {
    expect(JSON.parse(toJson({ $typeName: 't', n: 5n, b: new Uint8Array([1]) }))).toEqual({ n: '5', b: 'AQ==' });
    expect(fileName('op', 'totals', Date.parse('2021-08-27T03:15:00Z'), 'csv')).toBe('op-totals-20210827T031500Z.csv');
  });
  test('a submission id is a UUID version 7 of its moment', () => {
    const id = uuid7(1_630_000_000_000);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(1_630_000_000_000);
  });
});
